//go:build unix

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"throng/internal/bench/report"
	"throng/test/process"
)

// missionConfig is what docs/bench.md tells to configure.
const missionConfig = `
[[namespace]]
name = "mission"
presence = "users"
visits = true
watch = "exclusive"
`

// mission runs the mission against a server where offers come twice a second. What
// users were told is what the journal has. It takes as long as people need to think.
func mission(t *testing.T, binary string) {
	const quota, users = 1, 80 // of whom eight claim
	dir := t.TempDir()
	config := filepath.Join(dir, "mission.toml")
	if err := os.WriteFile(config, []byte(missionConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &world{binary, process.Start(t, binary, "serve", "--dev", "--config", config, "--set", "store.file="+filepath.Join(dir, "throng.db"), "--set", "engine.drain=500ms")}
	ctx, stop := context.WithCancel(t.Context())
	offered := make(chan int, 1)
	go func() { offered <- w.offers(ctx, t, quota) }()
	r := w.begin(t, "mission", "--target", w.url("mission"), "--users", fmt.Sprint(users), "--for", "4s")
	found := r.sound()
	stop()
	won, claims := int64(0), int64(0)
	for i := range <-offered {
		var journal struct{ Claims []struct{ User string } }
		w.call(t, "bonus_claims", fmt.Sprintf(`{"id":"offer-%d"}`, i), &journal)
		won += int64(len(journal.Claims))
		for _, c := range journal.Claims {
			if !strings.HasPrefix(c.User, "claimers-") {
				t.Errorf("%q has one", c.User)
			}
		}
	}
	p := found.Phases[len(found.Phases)-1]
	if a := p.Answers["bonus_claim"]; a == nil || won == 0 || a.Said["won"] != won || a.Said["exhausted"] == 0 {
		t.Errorf("answers %+v, the journal has %d", a, won)
	} else {
		claims = a.Count()
	}
	if n := p.Latencies[report.AnswerTo("bonus_claim")].Count(); n != claims {
		t.Errorf("%d of %d answers were timed", n, claims)
	}
	if n := p.Latencies[report.EventOf("bonus_offer")].Count(); n < users || n != p.Counts.Events {
		t.Errorf("%d of %d offers were timed", n, p.Counts.Events)
	}
	watching := found.Phases[1]
	if a := watching.Answers["watch"]; a == nil || a.Said["ok"] != users {
		t.Errorf("%+v said that they watch", a)
	}
}

// offers creates an offer twice a second, until the end, and returns how many.
func (w *world) offers(ctx context.Context, t *testing.T, quota int) (n int) {
	for tick := time.NewTicker(500 * time.Millisecond); ; n++ {
		select {
		case <-ctx.Done():
			tick.Stop()
			return n
		case <-tick.C:
			w.call(t, "bonus_create", fmt.Sprintf(`{"id":"offer-%d","quota":%d,"duration_ms":60000,"audience":{"channel":"mission:all"}}`, n, quota), nil)
		}
	}
}

// call asks the server's API. A store that is not open yet is waited for.
func (w *world) call(t *testing.T, method, body string, result any) {
	for end := time.Now().Add(patience); !w.called(t, method, body, result); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("%s: the store is never there", method)
			return
		}
	}
}

// called reports whether a method has answered for good.
func (w *world) called(t *testing.T, method, body string, result any) bool {
	request, err := http.NewRequest(http.MethodPost, "http://"+w.server.Internal()+"/api/"+method, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return true
	}
	request.Header.Set("X-API-Key", "dev")
	request.Close = true
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return true
	}
	defer answer.Body.Close()
	var reply struct {
		Error  *struct{ Temporary bool }
		Result json.RawMessage
	}
	err = json.NewDecoder(answer.Body).Decode(&reply)
	switch {
	case err != nil || reply.Error != nil && !reply.Error.Temporary:
		t.Errorf("%s: HTTP %s, %v", method, answer.Status, err)
	case reply.Error != nil:
		return false
	case result != nil && json.Unmarshal(reply.Result, result) != nil:
		t.Errorf("%s: %s", method, reply.Result)
	}
	return true
}
