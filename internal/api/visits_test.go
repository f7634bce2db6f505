package api_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/api"
)

// onlineAnswer and the like are results as a caller sees them.
type onlineAnswer struct {
	Total int64
	Users []struct {
		User      string
		Since, MS int64
		Nodes     []string
	}
	Next string
}

type visitAnswer struct {
	User, Channel, Kind, Node, Reason string
	Started_at, Ended_at, MS          int64
}

type sessionsAnswer struct {
	Visits []visitAnswer
	Next   string
}

type sumAnswer struct {
	User, Channel, Day string
	MS, Visits         int64
}

// Without books every question says which setting is missing.
func TestVisitsNowhere(t *testing.T) {
	w := over(t, api.Options{})
	for _, method := range []string{"online", "user", "watched", "sessions", "curve", "top"} {
		w.refused("visits_"+method, `{"user":"a"}`, 108, "store.kind")
	}
	status, answer := w.request("POST", "/api/visits_export", `{}`)
	if status != 501 || !strings.Contains(string(answer), "store.kind") {
		t.Errorf("export: %d %s", status, answer)
	}
}

func TestVisitsOnline(t *testing.T) {
	b := someBooks(t)
	w := over(t, api.Options{Records: b})
	r := result[onlineAnswer](w, "visits_online", `{}`)
	if r.Total != 1 || len(r.Users) != 1 || r.Users[0].User != "anna" || r.Users[0].Since != b.lease.Now ||
		r.Users[0].MS < 0 || r.Users[0].MS > hour || len(r.Users[0].Nodes) != 1 || r.Users[0].Nodes[0] != "n1" || r.Next != "" {
		t.Errorf("%+v", r)
	}
	for body, want := range map[string]int64{
		`{"prefix":"an"}`: 1, `{"prefix":"b"}`: 0, `{"node":"n1"}`: 1, `{"node":"n2"}`: 0, `{"channel":"room:x"}`: 1,
		`{"channel":"room:y"}`: 0, `{"channel":"room:x","kind":"watching"}`: 0,
	} {
		if r := result[onlineAnswer](w, "visits_online", body); r.Total != want || len(r.Users) != int(want) {
			t.Errorf("%s: %+v, want %d", body, r, want)
		}
	}
	w.want("visits_online", `{"count":true}`, `{"total":1,"users":[]}`)
	w.refused("visits_online", `{"kind":"watching"}`, 107, "kind: watching is of channels")
	w.refused("visits_online", `{"kind":"sleeping"}`, 107, "kind: it is connected or watching")
	w.refused("visits_online", `{"limit":1001}`, 107, "limit")
	w.refused("visits_online", `{"cursor":"x"}`, 107, "cursor")
	w.refused("visits_online", `{"channel":"@x"}`, 107, "channel")
	w.refused("visits_online", `{"limit":"many"}`, 107, "limit: a string does not fit, a whole number is needed")
}

// Pages of those who are here hold each once.
func TestVisitsOnlinePages(t *testing.T) {
	b := emptyBooks(t)
	var open []throng.Visit
	for i := range 25 {
		open = append(open, throng.Visit{User: fmt.Sprintf("u%02d", i), StartedAt: b.lease.Now})
	}
	b.write(t, throng.VisitFlush{Opened: open})
	w := over(t, api.Options{Records: b})
	seen, cursor := map[string]bool{}, ""
	for range 10 {
		r := result[onlineAnswer](w, "visits_online", fmt.Sprintf(`{"limit":10,"cursor":%q}`, cursor))
		for _, u := range r.Users {
			if seen[u.User] {
				t.Errorf("%s came twice", u.User)
			}
			seen[u.User] = true
		}
		if r.Total != 25 || len(r.Users) > 10 {
			t.Errorf("%d of %d", len(r.Users), r.Total)
		}
		if cursor = r.Next; cursor == "" {
			break
		}
	}
	if len(seen) != 25 || cursor != "" {
		t.Errorf("%d users, next %q", len(seen), cursor)
	}
}

func TestVisitsSessions(t *testing.T) {
	b := someBooks(t)
	w := over(t, api.Options{Records: b})
	list := func(body string) (all []visitAnswer) {
		cursor := ""
		for range 20 {
			r := result[sessionsAnswer](w, "visits_sessions", fmt.Sprintf(`{%s"limit":2,"cursor":%q}`, body, cursor))
			all = append(all, r.Visits...)
			if cursor = r.Next; cursor == "" {
				return all
			}
		}
		t.Fatal("no end")
		return nil
	}
	at := func(minutes int64) string { return fmt.Sprint(b.day + minutes*minute) }
	for body, want := range map[string]int{
		``:                    3, // anna twice, bob
		`"any_channel":true,`: 6, `"any_channel":true,"kind":"watching",`: 1,
		`"user":"anna",`: 2, `"channel":"room:x",`: 2, `"channel":"other:y",`: 1, `"reason":"crashed",`: 1, `"open":true,`: 1,
		`"node":"n1",`: 3, `"node":"n2",`: 0, `"shortest_ms":7200000,`: 1, `"longest_ms":3600000,"reason":"left",`: 1,
		`"from":` + at(700) + `,`: 2, `"from":` + at(700) + `,"to":` + at(740) + `,`: 1, `"to":` + at(610) + `,`: 1, `"from":"-1m",`: 1,
		`"to":"` + time.UnixMilli(b.day+610*minute).UTC().Format(time.RFC3339) + `",`: 1,
		`"from":"` + time.UnixMilli(b.day).UTC().Format(time.DateOnly) + `",`:         3,
	} {
		if got := list(body); len(got) != want {
			t.Errorf("%s: %d visits, want %d: %+v", body, len(got), want, got)
		}
	}
	got := list(`"user":"bob",`)
	if len(got) != 1 || got[0] != (visitAnswer{"bob", "", "connected", "n1", "crashed", b.day + 630*minute, b.day + 750*minute, 120 * minute}) {
		t.Errorf("%+v", got)
	}
	got = list(`"open":true,`)
	if len(got) != 1 || got[0].Ended_at != 0 || got[0].Reason != "" || got[0].MS < 0 || got[0].MS > hour {
		t.Errorf("%+v", got)
	}
}

// What is wrong is named.
func TestVisitsMistakes(t *testing.T) {
	w := over(t, api.Options{Records: someBooks(t)})
	for body, member := range map[string]string{
		`{"from":"yesterday"}`: "from: a time is needed", `{"to":true}`: "to: a time is needed", `{"from":{}}`: "from: a time",
		`{"from":-1}`: "from: a time", `{"from":"-1 h"}`: "from: a time", `{"from":"2026-13-01"}`: "from: a time",
		`{"from":"now","to":"-1h"}`: "from: the period ends before it begins", `{"from":99999999999999999}`: "from: a time",
		`{"reason":"bored"}`: "reason: it is left", `{"open":true,"reason":"left"}`: "open: ", `{"shortest_ms":-1}`: "shortest_ms: ",
		`{"shortest_ms":5,"longest_ms":4}`: "longest_ms: ", `{"channel":"room:x","any_channel":true}`: "any_channel: ",
		`{"any_channel":1}`: "any_channel: a number does not fit, true or false is needed", `{"limit":-1}`: "limit: ",
		`{"cursor":"!"}`: "cursor: ", `{"kind":"watching"}`: "kind: ",
	} {
		w.refused("visits_sessions", body, 107, member)
	}
	w.refused("visits_watched", `{"from":"now"}`, 107, "from: ")
	w.refused("visits_curve", `{"points":5001}`, 107, "points: ")
	w.refused("visits_curve", `{"from":"-1h","to":"-2h"}`, 107, "from: ")
	w.refused("visits_top", `{"day":"tomorrow"}`, 107, "day: ")
	w.refused("visits_top", `{"limit":1001}`, 107, "limit: ")
	w.refused("visits_user", `{}`, 107, "user: a user is needed")
	w.refused("visits_erase", `{}`, 107, "user: a user is needed")
}

func TestVisitsWatched(t *testing.T) {
	b := someBooks(t)
	w := over(t, api.Options{Records: b})
	sums := func(body string) (r []sumAnswer) {
		return result[struct{ Sums []sumAnswer }](w, "visits_watched", body).Sums
	}
	yesterday := time.UnixMilli(b.day).UTC().Format(time.DateOnly)
	period := fmt.Sprintf(`"from":%d,"to":%d`, b.day, b.day+24*hour)
	for body, want := range map[string]sumAnswer{
		`{` + period + `,"user":"anna"}`:                                                       {"anna", "", "", 60 * minute, 1},
		`{` + period + `,"user":"anna","channel":"room:x"}`:                                    {"anna", "room:x", "", 30 * minute, 1},
		`{` + period + `,"user":"anna","channel":"room:x","kind":"watching"}`:                  {"anna", "room:x", "", 15 * minute, 1},
		`{` + period + `,"user":"bob","days":true}`:                                            {"bob", "", yesterday, 120 * minute, 1},
		`{` + period + `,"by_time":true,"limit":1}`:                                            {"bob", "", "", 120 * minute, 1},
		fmt.Sprintf(`{"user":"bob","from":%d,"to":%d}`, b.day+700*minute, b.day+710*minute):    {"bob", "", "", 10 * minute, 0},
		fmt.Sprintf(`{"user":"anna","from":%d,"to":%d}`, b.day+600*minute, b.day+600*minute+1): {"anna", "", "", 1, 1},
	} {
		if got := sums(body); len(got) != 1 || got[0] != want {
			t.Errorf("%s\ngot  %+v\nwant %+v", body, got, want)
		}
	}
	if got := sums(`{` + period + `}`); len(got) != 2 || got[0].User != "anna" || got[1].User != "bob" {
		t.Errorf("%+v", got)
	}
	top := result[struct {
		Day string
		Top []sumAnswer
	}](w, "visits_top", `{"day":"yesterday"}`)
	if top.Day != yesterday || len(top.Top) != 2 || top.Top[0].User != "bob" || top.Top[0].MS != 120*minute {
		t.Errorf("%+v", top)
	}
	if r := result[struct{ Top []sumAnswer }](w, "visits_top", `{"day":"2020-02-29"}`); len(r.Top) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestVisitsCurve(t *testing.T) {
	b := someBooks(t)
	w := over(t, api.Options{Records: b})
	type answer struct {
		From, To int64
		Points   []struct{ At, Connections, Users int64 }
	}
	ask := func(more string) answer {
		return result[answer](w, "visits_curve", fmt.Sprintf(`{"from":%d,"to":%d%s}`, b.day, b.day+24*hour, more))
	}
	r := ask("")
	if r.From != b.day || r.To != b.day+24*hour || len(r.Points) != 3 || r.Points[1].Users != 2 || r.Points[1].Connections != 5 {
		t.Errorf("%+v", r)
	}
	if r := ask(`,"points":1`); len(r.Points) != 1 || r.Points[0].Users != 2 {
		t.Errorf("%+v", r)
	}
	if r := ask(`,"channel":"room:x"`); len(r.Points) != 1 || r.Points[0].Users != 1 {
		t.Errorf("%+v", r)
	}
	if r := ask(`,"node":"n2"`); len(r.Points) != 0 {
		t.Errorf("%+v", r)
	}
}

// oneNode is the part of the books that a node has in memory.
type oneNode struct{}

// User implements api.Ledger.
func (oneNode) User(user string) (string, int) {
	if user == "anna" {
		return "n1", 3
	}
	return "n1", 0
}

type userAnswer struct {
	User       string
	Online     bool
	Since      int64
	Nodes      []string
	Here       map[string]int
	Open       []visitAnswer
	MS, Visits int64
	Channels   []struct {
		Channel                                  string
		MS, Visits, Watching_ms, Watching_visits int64
	}
	More bool
}

func TestVisitsUser(t *testing.T) {
	b := someBooks(t)
	w := over(t, api.Options{Records: b, Ledger: oneNode{}})
	r := result[userAnswer](w, "visits_user", `{"user":"anna"}`)
	if !r.Online || r.Since != b.lease.Now || len(r.Nodes) != 1 || r.Nodes[0] != "n1" || len(r.Here) != 1 || r.Here["n1"] != 3 || len(r.Open) != 2 ||
		r.Open[0].Channel != "" || r.Open[1].Channel != "room:x" || r.Visits != 2 || r.MS < 60*minute || r.MS > 120*minute || len(r.Channels) != 1 {
		t.Fatalf("%+v", r)
	}
	if c := r.Channels[0]; c.Channel != "room:x" || c.Visits != 2 || c.MS < 30*minute || c.Watching_ms != 15*minute || c.Watching_visits != 1 {
		t.Errorf("%+v", c)
	}
	r = result[userAnswer](w, "visits_user", fmt.Sprintf(`{"user":"bob","from":%d,"to":%d}`, b.day, b.day+24*hour))
	if r.Online || r.Since != 0 || len(r.Nodes) != 0 || len(r.Here) != 0 || len(r.Open) != 0 || r.MS != 120*minute || r.Visits != 1 {
		t.Errorf("%+v", r)
	}
	r = result[userAnswer](w, "visits_user", `{"user":"nobody"}`)
	if r.Online || r.MS != 0 || r.Visits != 0 || len(r.Channels) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestVisitsErase(t *testing.T) {
	b := someBooks(t)
	w := over(t, api.Options{Records: b, Erase: b.Erase, Node: emptyChannels{}})
	w.want("visits_erase", `{"user":"anna"}`, `{"visits":5}`)
	w.want("visits_erase", `{"user":"anna"}`, `{"visits":0}`)
	w.want("visits_sessions", `{"user":"anna","any_channel":true}`, `{"visits":[]}`)
	w.want("visits_watched", `{"user":"anna","any_channel":true}`, `{"sums":[]}`)
	if r := result[sessionsAnswer](w, "visits_sessions", `{}`); len(r.Visits) != 1 || r.Visits[0].User != "bob" {
		t.Errorf("%+v", r)
	}
}

// A key with namespaces of its own is told of those, and of the service; one without
// the method, of nothing.
func TestVisitsRights(t *testing.T) {
	b := someBooks(t)
	// cid was in more channels that the key may not know than are told, and is in one more.
	var many throng.VisitFlush
	for i := range 1100 {
		many.Closed = append(many.Closed, b.visited("cid", fmt.Sprint("other:", i), throng.Connected, 0, 1, throng.VisitLeft))
		many.Opened = append(many.Opened, throng.Visit{User: "cid", Channel: fmt.Sprint("other:", i), StartedAt: b.lease.Now})
	}
	many.Opened = append(many.Opened, throng.Visit{User: "cid", Channel: "room:z", StartedAt: b.lease.Now - 1000})
	b.write(t, many)
	w := over(t, api.Options{Records: b})
	w.key = roomKey
	for _, method := range []string{"visits_sessions", "visits_watched", "visits_top", "visits_online", "visits_curve"} {
		w.refused(method, `{"channel":"other:y"}`, 103, "namespace other")
	}
	// A page of all could end at what the key may not know, and its cursor tell that.
	for method, body := range map[string]string{
		"visits_watched": `{"any_channel":true,"limit":1}`, "visits_sessions": `{"any_channel":true,"limit":1}`, "visits_top": `{"any_channel":true}`,
	} {
		w.refused(method, body, 103, "any_channel: the key rooms has no right to all namespaces")
	}
	if r := result[sessionsAnswer](w, "visits_sessions", `{"channel":"room:x"}`); len(r.Visits) != 2 {
		t.Errorf("%+v", r.Visits)
	}
	lines := exported(w, `{"any_channel":true,"format":"jsonl"}`)
	for _, line := range lines {
		if strings.Contains(line, "other:y") {
			t.Error(line)
		}
	}
	if len(lines) != 6 {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	if r := result[userAnswer](w, "visits_user", `{"user":"bob"}`); len(r.Channels) != 0 || r.MS == 0 {
		t.Errorf("%+v", r)
	}
	if few := result[userAnswer](w, "visits_user", `{"user":"cid"}`); len(few.Channels) != 1 || few.Channels[0].Channel != "room:z" || len(few.Open) != 1 || few.More {
		t.Errorf("%+v", few)
	}
	w.key = "counting"
	w.want("visits_online", `{"count":true}`, `{"total":1,"users":[]}`)
	w.refused("visits_erase", `{"user":"anna"}`, 103, "no right to visits_erase")
	status, answer := w.request("POST", "/api/visits_export", `{}`)
	if status != 403 || !strings.Contains(string(answer), `"code":103`) {
		t.Errorf("%d %s", status, answer)
	}
}

// broken are books whose store is away.
type broken struct{ throng.Records }

// Online implements throng.Records.
func (broken) Online(context.Context, throng.OnlineQuery) (throng.OnlineUsers, error) {
	return throng.OnlineUsers{}, errors.New("the disk is a secret")
}

// Curve implements throng.Records.
func (broken) Curve(context.Context, throng.CurveQuery) ([]throng.Occupancy, error) {
	return nil, fmt.Errorf("it is at a secret address: %w", throng.ErrNotAvailable)
}

// What went wrong in the store is for the log.
func TestVisitsBroken(t *testing.T) {
	w := over(t, api.Options{Records: broken{}})
	answer := w.post("visits_online", `{}`)
	if !strings.Contains(string(answer), `"code":100`) || strings.Contains(string(answer), "secret") {
		t.Errorf("%s", answer)
	}
	w.refused("visits_curve", `{}`, 108, "not available: the store of visits could not be opened yet: the log says why")
}
