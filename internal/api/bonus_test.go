package api_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"throng"
	"throng/internal/config"
)

// desk is a server with bonuses in a file.
func desk(t *testing.T) *world { return deskIn(t, filepath.Join(t.TempDir(), "throng.db")) }

func deskIn(t *testing.T, file string) *world {
	return start(t, "goroutine", func(c *config.Config) {
		c.Store.Kind, c.Store.File = "sqlite", file
		c.APIKeys = append(c.APIKeys, config.APIKey{Name: "rooms", Key: "0123456789abcdef-rooms", Methods: []string{"*"}, Namespaces: []string{"room"}})
	})
}

// told is a bonus as it is told.
type told struct {
	ID, State                                                                      string
	Data                                                                           json.RawMessage
	Quota, Claimed, Deadline, Starts_at, Created_at, Tolerance_ms, Ended_at, Named int64
	Audience                                                                       struct {
		Channel string
		Users   []string
	}
}

// TestBonusMethods: a bonus by the API alone, from its creation to the export.
func TestBonusMethods(t *testing.T) {
	w := desk(t)
	b := result[told](w, "bonus_create", `{"id":"b","data":{"text":"hello"},"quota":2,"duration_ms":60000,"tolerance_ms":100,"audience":{"channel":"room:1"}}`)
	if b.State != "open" || b.Deadline != b.Created_at+60_000 || b.Starts_at != b.Created_at || string(b.Data) != `{"text":"hello"}` || b.Audience.Channel != "room:1" {
		t.Errorf("%+v", b)
	}
	time.Sleep(2 * time.Millisecond)
	same := result[told](w, "bonus_create", `{"id":"b","data":{"text":"hello"},"quota":2,"duration_ms":60000,"tolerance_ms":100,"audience":{"channel":"room:1"}}`)
	if same.Created_at != b.Created_at || same.Deadline != b.Deadline {
		t.Errorf("the same once more: %+v, first %+v", same, b)
	}
	w.refused("bonus_create", `{"id":"b","duration_ms":60000}`, 107, "there is another bonus of that id")

	claim := func(user, id, want string) {
		t.Helper()
		got := result[struct {
			ID, Result      string
			Place, At, Time int64
		}](w, "bonus_claim", fmt.Sprintf(`{"id":"b","user":%q,"claim_id":%q}`, user, id))
		if s := fmt.Sprint(got.Result, " ", got.Place); s != want || got.Time == 0 {
			t.Errorf("%s %s: got %s, want %s", user, id, s, want)
		}
	}
	claim("ann", "1", "won 1")
	claim("ann", "1", "won 1")
	claim("ann", "", "already 1")
	claim("=1+1", "2", "won 2")
	claim("cid", "3", "exhausted 0")

	w.result(`bonus_get`, `{"id":"b"}`, func(b told) bool { return b.State == "exhausted" && b.Claimed == 2 && b.Ended_at > 0 })
	journalMethods(w)
}

// journalMethods reads the journal of TestBonusMethods, and erases a user.
func journalMethods(w *world) {
	type claims struct {
		Claims []struct {
			ID, User, Claim_id string
			Place, At          int64
		}
		Next string
	}
	first := result[claims](w, "bonus_claims", `{"id":"b","limit":1}`)
	rest := result[claims](w, "bonus_claims", fmt.Sprintf(`{"id":"b","cursor":%q}`, first.Next))
	if len(first.Claims) != 1 || first.Claims[0].User != "ann" || first.Claims[0].Claim_id != "1" || len(rest.Claims) != 1 || rest.Claims[0].Place != 2 || rest.Next != "" {
		w.Errorf("%+v %+v", first, rest)
	}
	if end := result[claims](w, "bonus_claims", `{"id":"b","after_place":1}`); len(end.Claims) != 1 || end.Claims[0].Place != 2 {
		w.Errorf("behind the first place: %+v", end)
	}
	if of := result[claims](w, "bonus_claims", `{"user":"ann"}`); len(of.Claims) != 1 || of.Claims[0].ID != "b" {
		w.Errorf("%+v", of)
	}
	status, csv := w.request(http.MethodGet, "/api/bonus_export?id=b", "")
	lines := strings.Split(strings.TrimSpace(string(csv)), "\r\n")
	if len(lines) == 1 {
		lines = strings.Split(lines[0], "\n")
	}
	if status != 200 || len(lines) != 3 || lines[0] != "bonus,place,user,at,claim_id" || !strings.HasPrefix(lines[1], "b,1,ann,20") || !strings.HasPrefix(lines[2], "b,2,'=1+1,20") {
		w.Errorf("%d %q", status, csv)
	}
	if _, jsonl := w.request(http.MethodGet, "/api/bonus_export?user=ann&format=jsonl", ""); !strings.HasPrefix(string(jsonl), `{"id":"b","place":1,"user":"ann","at":`) {
		w.Errorf("%s", jsonl)
	}
	if got := result[struct{ Claims int64 }](w, "bonus_erase", `{"user":"ann"}`); got.Claims != 1 {
		w.Errorf("%+v", got)
	}
	if of := result[claims](w, "bonus_claims", `{"id":"b"}`); len(of.Claims) != 2 || of.Claims[0].User != "" {
		w.Errorf("%+v", of)
	}
}

// TestBonusCreatedTwiceAtOnce: a call that is repeated while the first waits for the
// store is answered like it, though its times count from later.
func TestBonusCreatedTwiceAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "throng.db")
	w := deskIn(t, file)
	other, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	lock, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for _, statement := range []string{"PRAGMA busy_timeout = 5000", "BEGIN IMMEDIATE"} {
		if _, err := lock.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	var calls sync.WaitGroup
	var answers [2]json.RawMessage
	for i := range answers {
		calls.Go(func() {
			var failed *throng.Error
			if answers[i], failed = w.call("bonus_create", `{"id":"b","starts_in_ms":60000,"duration_ms":60000}`); failed != nil {
				t.Errorf("call %d: %v", i, failed)
			}
		})
		time.Sleep(50 * time.Millisecond)
	}
	if _, err := lock.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	calls.Wait()
	if string(answers[0]) != string(answers[1]) {
		t.Errorf("%s, and %s", answers[0], answers[1])
	}
}

// result calls a method whose result must be right.
func (w *world) result(method, body string, right func(told) bool) {
	w.Helper()
	if b := result[told](w, method, body); !right(b) {
		w.Errorf("%s %s: %+v", method, body, b)
	}
}

// TestBonusLists: what is live, by channel, in pages, and what was withdrawn.
func TestBonusLists(t *testing.T) {
	w := desk(t)
	for i, more := range []string{`"audience":{"channel":"room:1"}`, `"audience":{"channel":"room:2","users":["ann","bob"]}`, `"audience":{"users":["ann"]}`, `"starts_in_ms":1000`} {
		w.result("bonus_create", fmt.Sprintf(`{"id":"b%d","duration_ms":60000,%s}`, i, more), func(b told) bool { return b.State == "open" || i == 3 && b.State == "scheduled" })
	}
	w.result("bonus_end", `{"id":"b0"}`, func(b told) bool { return b.State == "withdrawn" && b.Ended_at > 0 })
	w.result("bonus_end", `{"id":"b0"}`, func(b told) bool { return b.State == "withdrawn" })
	type page struct {
		Bonuses []told
		Next    string
	}
	list := func(body, want string) {
		t.Helper()
		var ids []string
		for _, b := range result[page](w, "bonus_list", body).Bonuses {
			ids = append(ids, b.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %s", body, got)
		}
	}
	list(`{}`, "b3 b2 b1 b0")
	list(`{"live":true}`, "b3 b2 b1")
	list(`{"channel":"room:2"}`, "b1")
	p := result[page](w, "bonus_list", `{"limit":3}`)
	list(fmt.Sprintf(`{"cursor":%q}`, p.Next), "b0")
	if b := p.Bonuses[2]; b.Named != 2 || b.Audience.Users != nil {
		t.Errorf("%+v", b)
	}
	w.result("bonus_get", `{"id":"b1"}`, func(b told) bool { return len(b.Audience.Users) == 2 && b.Named == 0 })

	w.key = "0123456789abcdef-rooms"
	w.refused("bonus_list", `{}`, 103, "name a channel")
	list(`{"channel":"room:2"}`, "b1")
	w.refused("bonus_get", `{"id":"b2"}`, 103, "no right to the namespace @user")
	w.refused("bonus_end", `{"id":"b2"}`, 103, "no right")
	w.refused("bonus_claim", `{"id":"b2","user":"ann"}`, 103, "no right to the namespace @user")
	w.refused("bonus_claim", `{"id":"b3","user":"ann"}`, 103, "no right to the namespace @user")
	w.refused("bonus_claim", `{"id":"none","user":"ann"}`, 102, "unknown bonus")
	if got := result[struct{ Result string }](w, "bonus_claim", `{"id":"b1","user":"ann"}`); got.Result != "won" {
		t.Errorf("%+v", got)
	}
	w.refused("bonus_claims", `{"id":"b2"}`, 103, "no right")
	w.refused("bonus_claims", `{"user":"ann"}`, 103, "no right to all namespaces")
	w.refused("bonus_erase", `{"user":"ann"}`, 103, "no right to all namespaces")
	w.refused("bonus_create", `{"duration_ms":1000,"audience":{"channel":"lobby:1"}}`, 103, "no right to the namespace lobby")
	w.refused("bonus_create", `{"duration_ms":1000,"audience":{"users":["ann"]}}`, 103, "no right to the namespace @user")
}

// TestBonusMistakes: what a backend can write wrong.
func TestBonusMistakes(t *testing.T) {
	w := desk(t)
	for body, want := range map[string]string{
		`{}`:                                                  "deadline: it is needed, or duration_ms",
		`{"quota":0,"duration_ms":1000}`:                      "quota: it is 1 or more; leave it out for no limit",
		`{"quota":-1,"duration_ms":1000}`:                     "quota: it is 1 or more",
		`{"quota":"2","duration_ms":1000}`:                    "quota: a string does not fit, a whole number is needed",
		`{"duration_ms":-1}`:                                  "duration_ms: it goes from 1 to",
		`{"duration_ms":1,"deadline":2}`:                      "duration_ms: it comes instead of deadline",
		`{"deadline":2}`:                                      "deadline: it is in the past, by",
		`{"duration_ms":1000,"starts_in_ms":-1}`:              "starts_in_ms: it goes from 0 to",
		`{"duration_ms":1000,"starts_in_ms":1,"starts_at":1}`: "starts_in_ms: it comes instead of starts_at",
		`{"duration_ms":1000,"audience":{"users":[]}}`:        "audience.users: the list is empty; leave it out for everybody",
		`{"duration_ms":1000,"audience":{"channel":"@x"}}`:    "audience.channel: names that begin with @ are the server's own",
		`{"duration_ms":1000,"audience":{"channel":"room:1","min_watched_ms":1}}`: `set watch = "exclusive" in its [[namespace]]`,
	} {
		w.refused("bonus_create", body, 107, want)
	}
	w.refused("bonus_get", `{}`, 107, "id: the id of a bonus is needed")
	w.refused("bonus_get", `{"id":"none"}`, 102, "unknown bonus")
	w.refused("bonus_end", `{"id":"none"}`, 102, "unknown bonus")
	w.refused("bonus_claim", `{"id":"none","user":"ann"}`, 102, "unknown bonus")
	w.refused("bonus_claim", `{"id":"none"}`, 107, "user: the id of a user is needed")
	w.refused("bonus_claim", `{"user":"ann"}`, 107, "id: the id of a bonus is needed")
	w.refused("bonus_claims", `{"id":"none"}`, 102, "unknown bonus")
	w.refused("bonus_claims", `{"after_place":1}`, 107, "after_place: a place of the bonus that id names is meant")
	w.refused("bonus_claims", `{"id":"b","after_place":-1}`, 107, "after_place: a place of the bonus that id names is meant")
	w.refused("bonus_claims", `{"cursor":"what"}`, 107, "cursor: it is none of this list's")
	w.refused("bonus_list", `{"limit":1001}`, 107, "limit: it goes from 0 to 1000")
	if status, got := w.request(http.MethodGet, "/api/bonus_export?format=xls", ""); status != http.StatusBadRequest || !strings.Contains(string(got), "format: it is csv or jsonl") {
		t.Errorf("%d %s", status, got)
	}
}

// TestNoBonuses: a server without a store says what is missing.
func TestNoBonuses(t *testing.T) {
	w := start(t, "goroutine", nil)
	w.refused("bonus_create", `{"duration_ms":1000}`, 108, "store.kind is off")
	w.refused("bonus_list", `{}`, 108, "store.kind is off")
	w.refused("bonus_claim", `{"id":"b","user":"ann"}`, 108, "store.kind is off")
}
