package visits_test

import (
	"cmp"
	"slices"
	"strings"

	"throng"
	"throng/internal/session/sessiontest"
)

// process is a node of the model, which may die and start again, and what was on it: it
// counts clients by places, as the books should.
type process struct {
	name   string
	node   *node // nil while it is down
	tabs   map[string][]*tab
	stays  map[place]*stay
	turned map[string][]string // the channels that a user watches exclusively, the last turned to first
	was    map[place][]past
	works  int64 // since when its line has; 0 while it does not
	upset  int64 // when something last went wrong with it, or with the store's clock
}

// tab is a client. One that has gone dark is not heard any more, and nobody knows yet.
type tab struct {
	*sessiontest.Wire
	user string
	dark int64 // since when; 0 while it is heard
	in   []string
	sees []string // what it said it watches
}

// place is where a user can be: in the service, in a channel, or watching one.
type place struct {
	user, channel string
	kind          throng.VisitKind
}

// stay is a place with clients.
type stay struct {
	clients     int
	since       int64
	left, until int64 // see past
	parked      bool  // watched exclusively, and another channel counts
	sure        int64 // from when on it certainly counted, if that is after since
	back        int64 // when its clients were back after a moment
}

// past is a time that a user was at a place.
type past struct {
	from int64
	sure int64 // from when on that is owed
	to   int64 // up to when a client may have been here
	owed int64 // up to when it certainly was
	hold int64 // who is back within this did not leave
	seen int64 // when the node found out
}

// lull is how long a pause counts as watching that the client says itself.
const lull = second - 1

func (p *process) begin(n *node) {
	p.node, p.works, p.upset = n, machine(), machine()-recovery
	p.tabs, p.stays = make(map[string][]*tab), make(map[place]*stay)
	p.turned, p.was = make(map[string][]string), make(map[place][]past)
}

// came counts a client more at a place.
func (p *process) came(at place) *stay {
	s := p.stays[at]
	if s == nil {
		s = &stay{since: machine()}
		p.stays[at] = s
	}
	s.clients++
	return s
}

// went counts one less, which was there until owed at least, and until to at most.
func (p *process) went(at place, owed, to, hold int64) {
	s := p.stays[at]
	s.clients--
	s.left, s.until = max(s.left, owed, s.since), max(s.until, to, s.since)
	if s.clients == 0 {
		p.passed(at, s, hold)
		delete(p.stays, at)
	}
}

func (p *process) passed(at place, s *stay, hold int64) {
	p.was[at] = append(p.was[at], past{s.since, max(s.since, s.sure), s.until, s.left, hold, machine()})
}

func exclusive(channel string) bool { return strings.HasPrefix(channel, "x:") }

// watches returns a user's places that are watched exclusively, that which was turned to
// last first. One without a client lost its last connection, and may be back.
func (p *process) watches(user string) (at []place) {
	for _, channel := range p.turned[user] {
		at = append(at, place{user, channel, throng.Watching})
	}
	return at
}

// heir is what counts when the first one does not any more; nil for nothing.
func (p *process) heir(user string) *place {
	for i, at := range p.watches(user) {
		if i > 0 && p.stays[at].clients > 0 {
			return &at
		}
	}
	return nil
}

func (p *process) drop(at place) {
	delete(p.stays, at)
	p.turned[at.user] = slices.DeleteFunc(p.turned[at.user], func(c string) bool { return c == at.channel })
}

func (p *process) front(at place) {
	list := slices.DeleteFunc(p.turned[at.user], func(c string) bool { return c == at.channel })
	p.turned[at.user] = slices.Insert(list, 0, at.channel)
}

// settle passes the time on where a lost connection is not back in time.
func (p *process) settle(user string) {
	all := p.watches(user)
	if len(all) == 0 {
		return
	}
	for _, at := range all[1:] {
		if s := p.stays[at]; s.clients == 0 && machine()-s.left > lull {
			p.drop(at)
		}
	}
	s, heir := p.stays[all[0]], p.heir(user)
	switch away := machine() - s.left; {
	case s.clients > 0:
	case heir != nil && away > lull:
		p.drop(all[0])
		p.takesOver(*heir, s.left, s.left+lull)
	case heir == nil && away > modelGrace:
		p.drop(all[0])
	}
}

// takesOver lets a place count from a time on; certainly from another.
func (p *process) takesOver(at place, from, sure int64) {
	p.front(at)
	s := p.stays[at]
	s.since, s.left, s.until, s.parked, s.sure = from, 0, 0, false, max(sure, s.back)
}

// turn is came for a channel that is watched exclusively: it counts, and no other one.
func (p *process) turn(at place) {
	p.settle(at.user)
	all := p.watches(at.user)
	s := p.stays[at]
	switch {
	case len(all) > 0 && all[0] == at && s.clients == 0: // it is back, and still counts
		*s = stay{clients: 1, since: machine()}
		return
	case len(all) > 0 && all[0] == at:
		p.came(at)
		return
	case s != nil && s.clients == 0: // back after a moment: nobody turned to it
		s.clients, s.back = 1, machine()
		return
	}
	if len(all) > 0 {
		first := p.stays[all[0]]
		if first.clients > 0 {
			first.left, first.until = max(first.left, machine()), max(first.until, machine())
			p.passed(all[0], first, 0)
		}
		first.parked = true
	}
	p.came(at)
	p.takesOver(at, machine(), 0)
}

// ceases is went for a channel that a client watches no more. What counts then takes
// over where it ended.
func (p *process) ceases(at place, owed, to, hold int64) {
	if !exclusive(at.channel) {
		p.went(at, owed, to, hold)
		return
	}
	p.settle(at.user)
	s, lost := p.stays[at], hold == modelGrace
	switch {
	case s.clients > 1 && !s.parked:
		p.went(at, owed, to, hold)
		return
	case s.clients > 1:
		s.clients--
		return
	case s.parked && lost:
		s.clients, s.left = 0, owed
		return
	case s.parked:
		p.drop(at)
		return
	}
	s.clients = 0
	s.left, s.until = max(s.left, owed, s.since), max(s.until, to, s.since)
	heir := p.heir(at.user)
	if lost {
		p.passed(at, s, hold)
		return
	}
	p.drop(at)
	if heir == nil {
		p.passed(at, s, hold)
		return
	}
	p.passed(at, s, 0)
	p.takesOver(*heir, s.left, 0)
}

// come lets a user open a tab.
func (p *process) come(user string) {
	t := &tab{Wire: p.node.come(user), user: user}
	p.tabs[user] = append(p.tabs[user], t)
	p.came(place{user, "", throng.Connected})
}

// leave ends a tab. One that had gone dark was here until then; to is up to when the
// books may say so.
func (p *process) leave(t *tab) {
	owed, to := machine(), machine()
	if t.dark != 0 {
		owed = t.dark
		if p.works != 0 && p.upset+recovery <= t.dark {
			to = t.dark // else a lease may have been lost, and all been cut, in between
		}
		t.EndSeen(t.dark)
	} else {
		t.End()
	}
	p.went(place{t.user, "", throng.Connected}, owed, to, modelGrace)
	slices.SortStableFunc(t.sees, func(a, b string) int { // what counts comes last
		return cmp.Compare(p.counts(t.user, a), p.counts(t.user, b))
	})
	for _, channel := range t.sees {
		p.ceases(place{t.user, channel, throng.Watching}, owed, to, modelGrace)
	}
	for _, channel := range t.in {
		p.went(place{t.user, channel, throng.Connected}, owed, to, modelGrace)
	}
	list := slices.DeleteFunc(p.tabs[t.user], func(other *tab) bool { return other == t })
	if p.tabs[t.user] = list; len(list) == 0 {
		delete(p.tabs, t.user)
	}
}

// counts is 1 for a channel that is watched and counts.
func (p *process) counts(user, channel string) int {
	if s := p.stays[place{user, channel, throng.Watching}]; s != nil && !s.parked {
		return 1
	}
	return 0
}

// join lets a tab be in a channel, part leave it.
func (p *process) join(t *tab, channel string) {
	join(t.Wire, channel)
	t.in = append(t.in, channel)
	p.came(place{t.user, channel, throng.Connected})
}

func (p *process) part(t *tab, channel string) {
	t.Unsubscribe(t.Find([]byte(channel)))
	now := machine()
	if slices.Contains(t.sees, channel) {
		t.sees = without(t.sees, channel)
		p.ceases(place{t.user, channel, throng.Watching}, now, now, lull)
	}
	t.in = without(t.in, channel)
	p.went(place{t.user, channel, throng.Connected}, now, now, modelGrace)
}

// watch lets a tab say whether it watches a channel that it is in.
func (p *process) watch(t *tab, channel string, on bool) {
	if err := t.Find([]byte(channel)).Watch(on, true); err != nil {
		panic(err)
	}
	at, now := place{t.user, channel, throng.Watching}, machine()
	switch {
	case on == slices.Contains(t.sees, channel):
	case !on:
		t.sees = without(t.sees, channel)
		p.ceases(at, now, now, lull)
	case exclusive(channel):
		t.sees = append(t.sees, channel)
		p.turn(at)
	default:
		t.sees = append(t.sees, channel)
		p.came(at)
	}
}

func without(list []string, name string) []string {
	return slices.DeleteFunc(list, func(other string) bool { return other == name })
}

// cut ends all that is, without a word: up to when each place was certainly taken is when
// the last of its clients was heard.
func (p *process) cut() {
	now := machine()
	heard := make(map[place]int64)
	for _, tabs := range p.tabs {
		for _, t := range tabs {
			at := cmp.Or(t.dark, now)
			places := []place{{t.user, "", throng.Connected}}
			for _, channel := range t.in {
				places = append(places, place{t.user, channel, throng.Connected})
			}
			for _, channel := range t.sees {
				places = append(places, place{t.user, channel, throng.Watching})
			}
			for _, one := range places {
				heard[one] = max(heard[one], at)
			}
		}
	}
	for at, s := range p.stays {
		if !s.parked && s.clients > 0 {
			s.left, s.until = max(s.left, heard[at], s.since), max(s.until, now)
			p.passed(at, s, 0)
		}
	}
}

// bounds are what the books may say of a life, and what they must. Times between which
// nobody left are one. Of who had gone dark the store thinks that it is here until it is
// told; a crash may keep it from that. Who came back within the grace is said so with a
// beat, and others with any flush.
func (l *life) bounds() (given, owed []span) {
	list := slices.Clone(l.was)
	slices.SortStableFunc(list, func(a, b past) int { return cmp.Compare(a.from, b.from) })
	hold := int64(0)
	for _, s := range list {
		if l.lost != 0 && s.seen > l.lost {
			s.to = max(s.to, l.lost)
		}
		said := l.lost
		if n := len(given); n > 0 && s.from-given[n-1].to <= hold {
			given[n-1].to = max(given[n-1].to, s.to)
			said -= modelBeat
		} else {
			given = append(given, span{s.from, s.to})
		}
		if hold = s.hold; l.lost != 0 {
			s.owed = min(s.owed, said)
		}
		if s.sure < s.owed {
			owed = append(owed, span{s.sure, s.owed})
		}
	}
	return given, owed
}
