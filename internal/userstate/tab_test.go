package userstate_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"throng"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
	"throng/internal/userstate"
)

// snapshot and diff are what clients are told.
type snapshot struct {
	Epoch   string
	Version uint64
	Entries map[string]struct {
		Value   json.RawMessage
		Version uint64
	}
	Time int64
}

type diff struct {
	Epoch    string
	Version  uint64
	Key      string
	Value    json.RawMessage
	Deleted  bool
	Mutation string `json:"mutation_id"`
}

// tab is a client as docs/users.md says that one is written: it applies what is above its
// version, asks anew where something is missing, and shows its own changes before they
// are confirmed.
type tab struct {
	session.Session
	*sessiontest.Transport
	w      *world
	named  string // whose changes it makes
	stream *throng.Position

	epoch   string
	version uint64
	entries map[string]string
	fresh   bool // it has been told a map
	asking  bool // for the whole map

	counter int
	pending []*write // changes that are not confirmed
	refused int
	lost    bool // it has to join again
}

// write is a change of a tab.
type write struct {
	id, key, value string // an empty value deletes
	made           *diff  // the answer, while what it leads to has not come
}

// reply is the answer to an event, on its way to the tab.
type reply struct {
	class    uint32
	id       string
	ok       bool
	response []byte
}

func (w *world) tab(named string) *tab {
	t := &tab{w: w, named: named, entries: map[string]string{}}
	t.connect()
	return t
}

// connect begins a session, with what the tab has from before, and sends again what was
// not answered.
func (t *tab) connect() {
	t.w.sessions++
	n := t.w.sessions
	ref := throng.Ref{Loop: uint16(int(n) % len(t.w.boxes)), Slot: n, Gen: 1}
	t.Transport = &sessiontest.Transport{Name: ref}
	t.Init(t.w.env, t, t.Transport, throng.NewClientID(), &throng.Identity{User: user})
	t.w.tabs[ref] = t
	t.join()
	for _, p := range t.pending {
		t.send(p)
	}
}

func (t *tab) join() {
	t.lost, t.asking = false, false
	ns, _, err := t.Check(own, "")
	if err != nil {
		t.w.t.Errorf("join: %v", err)
		return
	}
	req := session.SubscribeRequest{Channel: own, Positioned: true, Since: t.stream}
	if t.fresh && t.stream != nil && t.w.states.Knows(user, t.epoch, t.version) {
		req.WireFlags = 1
	}
	t.Subscribe(ns, req)
}

func (t *tab) disconnect() {
	t.End()
	t.Transport.Waiting = nil // it never arrives
	delete(t.w.tabs, t.Transport.Name)
}

// Subscribed implements session.Wire, as the Phoenix socket does.
func (t *tab) Subscribed(sub *session.Subscription, _ session.Token, r session.SubscribeResult, err *throng.Error) {
	if err != nil {
		t.w.t.Errorf("subscribed: %v", err)
		return
	}
	t.SendScratch(fmt.Appendf(nil, `{"event":"joined","offset":%d,"epoch":%q}`, r.Position.Offset, r.Position.Epoch), 0)
	for _, p := range r.Publications {
		t.SendScratch(encoder{}.Encode(nil, own, p), 0)
	}
	t.Each(func(old *session.Subscription) {
		if old.Class() < sub.Class() {
			t.Unsubscribe(old)
		}
	})
	if sub.WireFlags == 0 || !r.Recovered {
		t.w.states.Show(sub)
	}
}

// Tell implements session.Wire.
func (t *tab) Tell(_ *session.Subscription, event string, data []byte) {
	t.SendScratch(fmt.Appendf(nil, `{"event":%q,"data":%s}`, event, data), 0)
}

// Unsubscribed implements session.Wire.
func (t *tab) Unsubscribed(*session.Subscription, *throng.Unsubscribe) { t.lost = true }

func (t *tab) Encoding() uint8                                                                     { return 0 }
func (t *tab) Rearm()                                                                              {}
func (t *tab) Resumed(*session.Subscription, []*throng.Publication)                                {}
func (t *tab) Disconnect(*throng.Disconnect)                                                       { t.w.t.Error("disconnected") }
func (t *tab) Published(*session.Subscription, session.Token, throng.PublishResult, *throng.Error) {}

// read takes what has come.
func (t *tab) read() {
	for _, line := range t.Take() {
		t.take(line)
	}
	if t.lost && !t.Ended() {
		t.join()
	}
}

func (t *tab) take(line string) {
	var m struct {
		Event  string
		Offset uint64
		Epoch  string
		Data   json.RawMessage
	}
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		t.w.t.Fatalf("%v: %s", err, line)
	}
	switch m.Event {
	case "joined":
		t.stream = &throng.Position{Offset: m.Offset, Epoch: m.Epoch}
	case "state":
		var s snapshot
		if err := json.Unmarshal(m.Data, &s); err != nil {
			t.w.t.Fatal(err)
		}
		t.replace(&s)
	case "state_diff":
		var d diff
		if err := json.Unmarshal(m.Data, &d); err != nil {
			t.w.t.Fatal(err)
		}
		t.apply(&d)
	}
	if m.Event != "joined" && m.Offset > t.stream.Offset {
		t.stream.Offset = m.Offset
	}
}

func (t *tab) replace(s *snapshot) {
	if s.Epoch == t.epoch && s.Version < t.version { // it was on its way while diffs came
		return
	}
	t.epoch, t.version, t.fresh, t.asking = s.Epoch, s.Version, true, false
	clear(t.entries)
	for key, e := range s.Entries {
		t.entries[key] = string(e.Value)
	}
	t.settle()
}

func (t *tab) apply(d *diff) {
	t.confirm(d.Mutation)
	switch {
	case d.Epoch != t.epoch && d.Version == 1:
		clear(t.entries)
	case d.Epoch == t.epoch && d.Version <= t.version:
		return
	case d.Epoch != t.epoch || d.Version != t.version+1:
		t.ask()
		return
	}
	t.epoch, t.version = d.Epoch, d.Version
	if d.Deleted {
		delete(t.entries, d.Key)
	} else {
		t.entries[d.Key] = string(d.Value)
	}
	t.settle()
}

// ask asks for the whole map.
func (t *tab) ask() {
	if !t.asking {
		t.asking = true
		t.event("state_get", "", []byte(`{}`))
	}
}

func (t *tab) event(name, id string, data []byte) {
	sub := t.Find([]byte(own))
	if sub == nil {
		return
	}
	to, class := t.Transport.Name, sub.Class()
	t.w.states.Event(userstate.Event{User: user, Channel: own, Name: name, Data: data}, func(ok bool, response []byte) {
		if ok && id != "" {
			t.w.confirmed(id, response)
		}
		t.w.post(to, &reply{class, id, ok, response})
	})
}

// change makes a change, which the tab shows at once.
func (t *tab) change(key, value string) {
	t.counter++
	p := &write{id: fmt.Sprintf("%s:%d", t.named, t.counter), key: key, value: value}
	t.pending = append(t.pending, p)
	t.send(p)
}

func (t *tab) send(p *write) {
	if p.value == "" {
		t.event("state_del", p.id, fmt.Appendf(nil, `{"key":%q,"mutation_id":%q}`, p.key, p.id))
		return
	}
	t.event("state_set", p.id, fmt.Appendf(nil, `{"key":%q,"value":%s,"mutation_id":%q}`, p.key, p.value, p.id))
}

// replied takes the answer to an event, behind what was published before.
func (t *tab) replied(r *reply) {
	sub := t.Find([]byte(own))
	if sub == nil || sub.Class() != r.class || !sub.CatchUp() {
		return
	}
	t.read()
	switch {
	case r.id == "" && r.ok:
		var s snapshot
		if err := json.Unmarshal(r.response, &s); err != nil {
			t.w.t.Fatal(err)
		}
		t.asking = false
		t.replace(&s)
	case r.id == "":
		t.asking = false
	case r.ok:
		if i := t.place(r.id); i >= 0 {
			t.pending[i].made = new(diff)
			if err := json.Unmarshal(r.response, t.pending[i].made); err != nil {
				t.w.t.Fatal(err)
			}
			t.settle()
		}
	case strings.Contains(string(r.response), `"temporary":true`):
		if i := t.place(r.id); i >= 0 {
			t.send(t.pending[i])
		}
	default:
		t.refused++
		t.confirm(r.id)
	}
}

func (t *tab) place(id string) int {
	return slices.IndexFunc(t.pending, func(p *write) bool { return p.id == id })
}

// settle forgets changes that are in the map now.
func (t *tab) settle() {
	t.pending = slices.DeleteFunc(t.pending, func(p *write) bool {
		return p.made != nil && (p.made.Epoch != t.epoch || p.made.Version <= t.version)
	})
}

func (t *tab) confirm(id string) {
	if i := t.place(id); i >= 0 {
		t.pending = slices.Delete(t.pending, i, i+1)
	}
}

// shows is what the tab has, as text.
func (t *tab) shows() string { return show(t.epoch, t.version, t.entries) }

func show(epoch string, version uint64, entries map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", epoch, version)
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		fmt.Fprintf(&b, " %s=%s", key, entries[key])
	}
	return b.String()
}

func (s *snapshot) text() string {
	entries := map[string]string{}
	for key, e := range s.Entries {
		entries[key] = string(e.Value)
	}
	return show(s.Epoch, s.Version, entries)
}
