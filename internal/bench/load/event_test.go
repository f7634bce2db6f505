package load

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throng/internal/bench/report"
	"throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

const (
	await = "[[users.script.step]]\ndo = \"await\"\nchannel = \"c\"\nevent = \"offer\"\nsince = \"time\"\n"
	claim = "[[users.script.step]]\ndo = \"push\"\nchannel = \"c\"\nevent = \"claim\"\n" +
		"data = '{\"id\":\"{event.id}\",\"by\":{user}}'\n"
	counted = "answer = \"result\"\n"
)

// offer tells an offer after a time.
func (f *fake) offer(id string, after time.Duration) {
	f.after(after, &f.w.clients[0], func() {
		f.tell("c", "other", "{}")
		f.tell("d", "offer", `{"id":"elsewhere"}`)
		f.tell("c", "offer", fmt.Sprintf(`{"id":%q,"time":%d}`, id, f.w.clock()/1e6))
	})
}

// All who wait for an event push at once when it comes, what they push holds what it
// said, and what they are answered is counted and timed.
func TestPress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, strings.Replace(four, `"c"`, `"c", "d"`, 1), "[[users.script]]\ntimes = 1\n"+await+claim+counted, "")
		f.delay = 2 * time.Millisecond
		f.response = func(c *client, _ *phoenix.Message) string {
			return fmt.Sprintf(`{"place":1,"result":%q}`, map[bool]string{true: "won", false: "exhausted"}[c.user == 2])
		}
		began := w.clock()
		f.offer("b1", 3*time.Second)
		if !f.perform(t, 1, time.Minute) {
			t.Fatal("it does not end")
		}
		for user := range int32(4) {
			said := f.said(user, "claim")
			if want := fmt.Sprintf(`{"id":"b1","by":%d}`, user); len(said) != 1 || said[0].data != want {
				t.Fatalf("user %d said %v, want %s", user, said, want)
			}
			if at := time.Duration(said[0].at - began); at < 3*time.Second || at > 3010*time.Millisecond {
				t.Errorf("user %d pushed after %v", user, at)
			}
		}
		p := w.part()
		want := map[string]int64{"won": 1, "exhausted": 3}
		if a := p.Answers["claim"]; !reflect.DeepEqual(a.Said, want) || a.From-began < 3e9 || a.To-a.From < 2e6 || a.To-a.From > 10e6 {
			t.Errorf("%+v since %d", a, began)
		}
		if c := p.Counts; c.Pushed != 4 || c.Answers != 4 || c.Events != 4 || c.Sent+c.Replies+c.Failed != 0 || len(p.Failures) > 0 || p.Checks.Bad() > 0 {
			t.Errorf("%+v, %v, %+v", c, p.Failures, p.Checks)
		}
		for name, most := range map[string]time.Duration{report.AnswerTo("claim"): 3 * time.Millisecond, report.EventOf("offer"): 4 * time.Millisecond} {
			if h := p.Latencies[name]; h.Count() != 4 || h.Quantile(0.5) < 2*time.Millisecond || h.Max() > most {
				t.Errorf("%s: %d, %v to %v", name, h.Count(), h.Quantile(0.5), h.Max())
			}
		}
		// The next phase begins with nothing.
		if again := w.part(); len(again.Answers) > 0 || again.Latencies[report.AnswerTo("claim")] != nil {
			t.Errorf("%+v", again)
		}
	})
}

// An answer that says how it went is none that failed; one that does not is.
func TestRefusedEvents(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step, status, response string
		said                   map[string]int64
		failure                string
	}{
		"an error that is an answer": {claim + counted, "error", `{"result":"exhausted"}`, map[string]int64{"exhausted": 1}, ""},
		"a number":                   {claim + counted, "error", `{"result":17}`, map[string]int64{"17": 1}, ""},
		"an error":                   {claim + counted, "error", `{"reason":"unknown"}`, map[string]int64{}, `claim refused: "unknown"`},
		"an error that nobody knows": {claim, "error", `{"result":"exhausted","reason":"r"}`, map[string]int64{}, `claim refused: "r"`},
		"a plain answer":             {claim, "ok", `{"result":"won"}`, map[string]int64{"ok": 1}, ""},
		"one without the member":     {claim + counted, "ok", `[]`, map[string]int64{"ok": 1}, ""},
		"a member that is missing":   {strings.Replace(claim, "event.id", "event.name", 1), "ok", "{}", nil, `script: the event that was awaited has no "name"`},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, f := rehearsal(t, one, "[[users.script]]\ntimes = 1\n"+await+c.step, "")
			f.answer = func(*client, *phoenix.Message) string { return c.status }
			f.response = func(*client, *phoenix.Message) string { return c.response }
			f.offer("b", time.Second)
			if !f.perform(t, 1, time.Minute) {
				t.Fatalf("%s: it does not end", name)
			}
			p := w.part()
			if !reflect.DeepEqual(p.Answers["claim"].Said, c.said) {
				t.Errorf("%s: %v, want %v", name, p.Answers, c.said)
			}
			if n := p.Failures[c.failure]; (n == 1) != (c.failure != "") || len(p.Failures) > 1 {
				t.Errorf("%s: %v, want %q", name, p.Failures, c.failure)
			}
			if n := int64(len(p.Failures)); p.Counts.Failed != n || p.Latencies[report.AnswerTo("claim")].Count() != p.Counts.Answers {
				t.Errorf("%s: %+v, %v", name, p.Counts, p.Latencies)
			}
		})
	}
}

// An event that is not answered is given up, and a phase waits for answers that
// nobody of a script waits for.
func TestUnansweredEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, "patience = \"5s\"\n"+one, "[[users.script]]\ntimes = 1\n"+await+claim+"no_wait = true\n", "")
		f.answer = func(*client, *phoenix.Message) string { return "" }
		f.offer("b", time.Second)
		if !f.perform(t, 1, time.Minute) {
			t.Fatal("it does not end")
		}
		if w.failures["claim: no answer within 5s"] != 1 || w.waiting != 0 {
			t.Errorf("%v, %d waiting", w.failures, w.waiting)
		}
	})
}

// Who loses the connection while waiting waits again when it is back, and who leaves
// the event unanswered leaves nothing behind that keeps a phase from ending.
func TestLostWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, four, "[[users.script]]\ntimes = 2\n"+await+claim, "")
		f.offer("first", 5*time.Second)
		f.offer("second", 8*time.Second)
		f.offer("third", 11*time.Second)
		cut := 0
		f.answer = func(c *client, m *phoenix.Message) string {
			if string(m.Event) == "claim" && c.user == 1 && cut == 0 {
				cut++
				f.later(c, func() { f.cut(c) })
				return ""
			}
			return "ok"
		}
		began := w.clock()
		f.later(&w.clients[3], func() { f.cut(&w.clients[3]) })
		if !f.perform(t, 1, time.Minute) {
			t.Fatal("it does not end")
		}
		if at := time.Duration(w.clock() - began); at < 8*time.Second || at > 9*time.Second {
			t.Errorf("it ended after %v", at)
		}
		if c := w.counts; c.Events != 7 || c.Answers != 6 || w.waiting != 0 || w.joined != 4 || w.failures[errCut.Error()] != 2 {
			t.Errorf("%+v, %d waiting, %d joined, %v", c, w.waiting, w.joined, w.failures)
		}
	})
}

// What an event asks for was to be done when it arrived, not when the bench had read it.
func TestReadLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const behind = 30 * time.Millisecond
		w, f := rehearsal(t, one, "[[users.script]]\ntimes = 1\n"+await+claim, "")
		c := &w.clients[0]
		f.after(time.Second, c, func() {
			b := phoenix.AppendBroadcast(nil, phoenix.V2, 0, "c", "offer", []byte(`{"id":"b"}`))
			w.received(c, websocket.AppendFrame(nil, websocket.OpText, b), w.clock()-int64(behind))
		})
		if !f.perform(t, 1, time.Minute) {
			t.Fatal("it does not end")
		}
		p := w.part()
		for _, name := range []string{report.AnswerTo("claim"), report.Lateness} {
			if h := p.Latencies[name]; h.Count() != 1 || h.Max() < behind || h.Max() > behind+2*time.Millisecond {
				t.Errorf("%s: %d, %v", name, h.Count(), h.Max())
			}
		}
	})
}

// Params say which group a user is of.
func TestParams(t *testing.T) {
	t.Parallel()
	w, _ := pretend(t, "params = { user_id = \"{group}-{user}\" }\n[[users]]\nname = \"passers-by & co\"\ncount = 3\n[[phase]]\ndo = \"arrive\"\n")
	if got, want := w.targets[0].request(2, w.groups[0].Name), "/socket/websocket?vsn=2.0.0&user_id=passers-by+%26+co-2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
