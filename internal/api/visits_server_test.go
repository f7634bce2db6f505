package api_test

import (
	"strings"
	"testing"
	"time"

	"throng/internal/config"
)

// What a running server answers of clients who come and go: tabs are connections here
// and one visit in the books, and who is erased while here begins anew.
func TestVisitsOfServer(t *testing.T) {
	w := start(t, "", func(c *config.Config) {
		c.Store.Kind, c.Visits.Grace, c.Visits.Beat, c.Visits.TTL = "sqlite", 0, 100*time.Millisecond, time.Minute
	})
	first, second := w.connect("anna").join("room:x"), w.connect("anna").join("room:x")
	ask := func() userAnswer { return result[userAnswer](w, "visits_user", `{"user":"anna"}`) }
	var anna userAnswer
	w.eventually("anna is in the books", func() bool {
		if got, err := w.call("visits_online", `{"count":true}`); err != nil || string(got) != `{"total":1,"users":[]}` {
			return false
		}
		anna = ask()
		return anna.Online
	})
	here := 0
	for _, n := range anna.Here {
		here += n
	}
	if here != 2 || len(anna.Here) != 1 || len(anna.Nodes) != 1 || anna.Visits != 1 || len(anna.Open) != 1 || anna.Since != anna.Open[0].Started_at {
		t.Fatalf("%+v", anna)
	}
	time.Sleep(5 * time.Millisecond) // so that what begins anew begins later
	result[stateAnswer](w, "state_set", `{"user":"anna","key":"secret","value":"of anna"}`)
	w.want("visits_erase", `{"user":"anna"}`, `{"visits":1}`)
	if r := result[stateAnswer](w, "state_get", `{"user":"anna"}`); r.Version != 0 || len(r.Entries) != 0 {
		t.Errorf("after the erasure: %+v", r)
	}
	if kept, err := w.call("history", `{"channel":"@user:anna","limit":10}`); err != nil || strings.Contains(string(kept), "secret") {
		t.Errorf("after the erasure: %s, %v", kept, err)
	}
	w.eventually("anna is in the books anew", func() bool { return ask().Online })
	if again := ask(); again.Since <= anna.Since || again.Visits != 1 {
		t.Errorf("%+v, before %+v", again, anna)
	}
	_ = first.Close()
	_ = second.Close()
	w.eventually("anna has left", func() bool { return !ask().Online })
	list := result[sessionsAnswer](w, "visits_sessions", `{"user":"anna"}`).Visits
	if len(list) != 1 || list[0].Reason != "left" || list[0].Ended_at < list[0].Started_at || list[0].Started_at <= anna.Since {
		t.Errorf("%+v", list)
	}
}
