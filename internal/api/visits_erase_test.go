package api_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"throng"
	"throng/internal/api"
	"throng/internal/config"
	"throng/internal/store/sqlite"
)

// emptyChannels is a node of which no channel kept anything.
type emptyChannels struct{ api.Node }

func (emptyChannels) RemoveHistory(_ context.Context, _ string, done func(error)) { done(nil) }

// Whatever the settings are now, nothing is left of who is erased: not the map that they
// had once in the store, not the one in memory, nor what the own channel kept.
func TestErasedEverywhere(t *testing.T) {
	for name, set := range map[string]func(c *config.Config){
		"store":           func(c *config.Config) { c.Users.State = "store" },
		"store, unbooked": func(c *config.Config) { c.Users.State, c.Visits.Record = "store", false },
		"memory":          func(c *config.Config) { c.Users.State = "memory" },
		"off":             func(c *config.Config) { c.Users.State = "off" },
		"off, unbooked":   func(c *config.Config) { c.Users.State, c.Visits.Record = "off", false },
		"nothing kept":    func(c *config.Config) { c.Store.Kind = "off" },
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "throng.db")
			disk, err := sqlite.Open(t.Context(), sqlite.Options{File: file})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = disk.Close(context.Background()) })
			once := throng.StateChange{User: "ann", Epoch: "once", Entry: throng.StateEntry{Key: "k", Value: []byte(`"secret"`), Version: 1}}
			if err := disk.SaveStates(t.Context(), []throng.StateChange{once}); err != nil {
				t.Fatal(err)
			}
			var kept bool
			w := start(t, "", func(c *config.Config) {
				c.Store.Kind, c.Store.File = "sqlite", file
				set(c)
				kept = c.Store.Kind != "off"
			})
			result[struct{}](w, "publish", `{"user":"ann","data":"secret"}`)
			if _, err := w.call("state_set", `{"user":"ann","key":"k","value":"secret"}`); err != nil && err.Code != throng.ErrNotAvailable.Code {
				t.Fatal(err)
			}
			w.want("visits_erase", `{"user":"ann"}`, `{"visits":0}`)
			if got, err := w.call("history", `{"channel":"@user:ann","limit":-1}`); err != nil || strings.Contains(string(got), "secret") {
				t.Errorf("%s, %v", got, err)
			}
			if got, err := w.call("state_get", `{"user":"ann"}`); strings.Contains(string(got), "secret") || err != nil && err.Code != throng.ErrNotAvailable.Code {
				t.Errorf("%s, %v", got, err)
			}
			if st, _, err := disk.LoadState(t.Context(), "ann", 0, 0, 1); kept && (err != nil || st.Epoch != "") {
				t.Errorf("in the store: %+v, %v", st, err)
			}
		})
	}
}

// Changes that wait for the store while a user is erased are in the own channel before it
// is emptied.
func TestErasedWhileWriting(t *testing.T) {
	w := start(t, "", func(c *config.Config) { c.Store.Kind, c.Users.State = "sqlite", "store" })
	for range 5 {
		before := result[stateAnswer](w, "state_set", `{"user":"ann","key":"k","value":0}`).Epoch
		stop := make(chan struct{})
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for {
					select {
					case <-stop:
						return
					default: // an erasure may be in between: error 108
						_, _ = w.call("state_set", fmt.Sprintf(`{"user":"ann","key":"k%d","value":1}`, i))
					}
				}
			})
		}
		w.want("visits_erase", `{"user":"ann"}`, `{"visits":0}`)
		got, err := w.call("history", `{"channel":"@user:ann","limit":-1}`)
		close(stop)
		all.Wait()
		if err != nil || strings.Contains(string(got), before) {
			t.Fatalf("of the map %s: %.300s, %v", before, got, err)
		}
	}
}
