// Package state has tests of users' maps with real processes.
package state

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng"
	"throng/test/postgres"
	"throng/test/process"
)

// TestKill: after a kill -9 each change that was confirmed is there, and one whose answer
// was lost is made once when it is repeated: the version of a map is the number of its
// changes.
func TestKill(t *testing.T) {
	binary := process.Build(t, "./cmd/throng")
	t.Run("sqlite", func(t *testing.T) {
		kill(t, binary, "store.file="+filepath.Join(t.TempDir(), "state.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		db := postgres.Start(t)
		kill(t, binary, "store.kind=postgres", "store.dsn="+db.Database(t))
	})
}

const (
	users   = 4
	writers = 3 // of each user
)

// writer makes changes of one key, one after the other.
type writer struct {
	user, key string
	asked     int // changes that were asked for
	version   uint64
	err       error
	confirmed atomic.Int64 // in this life of the server
}

func kill(t *testing.T, binary string, settings ...string) {
	defer http.DefaultClient.CloseIdleConnections()
	args := []string{"--dev", "--set", "users.state=store", "--set", "visits.record=false"}
	for _, s := range settings {
		args = append(args, "--set", s)
	}
	var all []*writer
	for u := range users {
		for n := range writers {
			all = append(all, &writer{user: fmt.Sprint("user", u), key: fmt.Sprint("key", n)})
		}
	}
	for range 2 {
		p := process.Start(t, binary, "serve", args...)
		for _, w := range all {
			w.repeat(t, p.Internal())
		}
		check(t, p.Internal(), all)
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: len(all)}, Timeout: 10 * time.Second}
		var writing sync.WaitGroup
		for _, w := range all {
			w.confirmed.Store(0)
			writing.Go(func() { w.write(client, p.Internal()) })
		}
		await(t, all)
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
		p.Kill()
		writing.Wait()
		client.CloseIdleConnections()
		for _, w := range all {
			if w.err != nil {
				t.Errorf("%+v", w)
			}
		}
	}
	p := process.Start(t, binary, "serve", args...)
	for _, w := range all {
		w.repeat(t, p.Internal())
	}
	check(t, p.Internal(), all)
	p.Kill()
}

// await waits until each writer has made a change.
func await(t *testing.T, all []*writer) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		i := slices.IndexFunc(all, func(w *writer) bool { return w.confirmed.Load() == 0 })
		if i < 0 {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%s: no change of %s was confirmed", all[i].user, all[i].key)
			return
		}
	}
}

// write makes changes until the server is gone.
func (w *writer) write(client *http.Client, internal string) {
	for {
		w.asked++
		version, err := w.change(client, internal)
		if err != nil {
			if !strings.Contains(err.Error(), "Post") { // an answer, and not the one that it should be
				w.err = err
			}
			return
		}
		if version <= w.version {
			w.err = fmt.Errorf("version %d behind %d", version, w.version)
			return
		}
		w.version = version
		w.confirmed.Add(1)
	}
}

// repeat asks again for the change whose answer was lost.
func (w *writer) repeat(t *testing.T, internal string) {
	t.Helper()
	if w.asked == 0 {
		return
	}
	version, err := w.change(http.DefaultClient, internal)
	if err != nil || version < w.version {
		t.Fatalf("%+v: repeated: %d, %v", w, version, err)
	}
	w.version = version
}

// change makes the change that is asked for last. A store that is busy is asked again.
func (w *writer) change(client *http.Client, internal string) (version uint64, err error) {
	body := fmt.Sprintf(`{"user":%q,"key":%q,"value":%d,"mutation_id":"%s:%d"}`, w.user, w.key, w.asked, w.key, w.asked)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var r struct {
			Result struct{ Version uint64 }
			Error  *throng.Error
		}
		err = call(client, internal, "state_set", body, &r)
		switch {
		case err != nil || r.Error == nil:
			return r.Result.Version, err
		case !r.Error.Temporary || time.Now().After(end):
			return 0, fmt.Errorf("answered %v", r.Error)
		}
	}
}

// check compares what the server has with what was confirmed.
func check(t *testing.T, internal string, all []*writer) {
	t.Helper()
	made := map[string]uint64{}
	for _, w := range all {
		made[w.user] += uint64(w.asked)
	}
	for _, w := range all {
		var r struct {
			Result struct {
				Version uint64
				Entries map[string]struct {
					Value   int
					Version uint64
				}
			}
		}
		if err := call(http.DefaultClient, internal, "state_get", fmt.Sprintf(`{"user":%q}`, w.user), &r); err != nil {
			t.Fatal(err)
		}
		if e := r.Result.Entries[w.key]; e.Value != w.asked || e.Version != w.version || r.Result.Version != made[w.user] {
			t.Errorf("%+v: the server has %+v in a map of version %d; %d changes were made", w, e, r.Result.Version, made[w.user])
		}
	}
}

func call(client *http.Client, internal, method, body string, into any) error {
	req, err := http.NewRequest(http.MethodPost, "http://"+internal+"/api/"+method, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("X-API-Key", "dev")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("Post: %w", err)
	}
	return json.Unmarshal(b, into)
}
