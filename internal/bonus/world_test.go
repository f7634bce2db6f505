package bonus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/bonus"
)

// journal is a store in memory, that can be in trouble. Real ones are in TestStores.
type journal struct {
	mu      sync.Mutex
	bonuses map[string]*throng.Bonus
	order   []string
	claims  map[string][]throng.Claim
	calls   int
	whole   int // bonuses that were read with all that they have
	trouble trouble
	slow    time.Duration
	lost    string // the bonus of which the next creation is not answered
	gates   []chan struct{}
	listed  chan struct{} // when not nil, the answer to a list is held back until it is closed
}

// trouble is how calls of a store fail.
type trouble uint8

const (
	works   trouble = iota
	refuses         // nothing is done
	forgets         // it is done, and nobody is told
	hangs           // it is done at last, and nobody waited
)

var errTrouble = errors.New("the line is cut")

func newJournal() *journal {
	return &journal{bonuses: make(map[string]*throng.Bonus), claims: make(map[string][]throng.Claim)}
}

func (s *journal) set(t trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = t
}

func (s *journal) hold(lists chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed = lists
}

// gate holds back the next creation, behind those of other gates, until it is closed.
func (s *journal) gate() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := make(chan struct{})
	s.gates = append(s.gates, g)
	return g
}

func (s *journal) pass() {
	s.mu.Lock()
	if len(s.gates) == 0 {
		s.mu.Unlock()
		return
	}
	g := s.gates[0]
	s.gates = s.gates[1:]
	s.mu.Unlock()
	<-g
}

func (s *journal) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *journal) lose(id string) { s.lost = id }

// do does something, or not.
func (s *journal) do(ctx context.Context, f func() error) error {
	s.mu.Lock()
	how, slow := s.trouble, s.slow
	s.mu.Unlock()
	if slow > 0 {
		time.Sleep(slow)
	}
	switch how {
	case refuses:
		return errTrouble
	case hangs:
		<-ctx.Done()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if err := f(); err != nil {
		return err
	}
	if how != works {
		return errTrouble
	}
	return nil
}

func (s *journal) CreateBonus(ctx context.Context, b *throng.Bonus) (made throng.Bonus, err error) {
	defer func() {
		if s.lost == b.ID {
			s.lost, err = "", errTrouble
		}
	}()
	s.pass()
	err = s.do(ctx, func() error {
		if old := s.bonuses[b.ID]; old != nil {
			if old.Deadline != b.Deadline || old.Quota != b.Quota || old.StartsAt != b.StartsAt || string(old.Data) != string(b.Data) {
				return throng.ErrBonusExists
			}
			made = *old
			return nil
		}
		made = *b
		s.bonuses[b.ID], s.order = &made, append(s.order, b.ID)
		return nil
	})
	return made, err
}

func (s *journal) Bonus(ctx context.Context, id string) (b throng.Bonus, err error) {
	err = s.do(ctx, func() error {
		if s.bonuses[id] == nil {
			return throng.ErrUnknownBonus
		}
		b = *s.bonuses[id]
		s.whole++
		return nil
	})
	return b, err
}

func (s *journal) ListBonuses(ctx context.Context, f throng.BonusFilter, p throng.Page) (page []throng.Bonus, next string, err error) {
	err = s.do(ctx, func() error {
		for _, id := range s.order {
			b := s.bonuses[id]
			if id <= p.Cursor || f.Live && (b.End != throng.BonusOpen || f.Now >= b.Deadline+b.Tolerance) {
				continue
			}
			if len(page) == p.Limit {
				next = page[len(page)-1].ID
				break
			}
			brief := *b
			if f.Brief {
				brief.Data, brief.Audience.Users = nil, nil
			} else {
				s.whole++
			}
			page = append(page, brief)
		}
		return nil
	})
	s.mu.Lock()
	held := s.listed
	s.mu.Unlock()
	if held != nil {
		<-held
	}
	return page, next, err
}

func (s *journal) EndBonus(ctx context.Context, id string, at int64, why throng.BonusEnd) (b throng.Bonus, err error) {
	err = s.do(ctx, func() error {
		of := s.bonuses[id]
		if of == nil {
			return throng.ErrUnknownBonus
		}
		if of.End == throng.BonusOpen && at < of.Deadline+of.Tolerance {
			of.End, of.EndedAt = why, at
		}
		b = *of
		return nil
	})
	return b, err
}

func (s *journal) Claims(ctx context.Context, id string, claims []throng.Claim) (judged []throng.Judged, b throng.Bonus, err error) {
	claims = slices.Clone(claims)
	err = s.do(ctx, func() error {
		of := s.bonuses[id]
		if of == nil {
			return throng.ErrUnknownBonus
		}
		for _, c := range claims {
			judged = append(judged, s.judge(of, c))
		}
		b = *of
		return nil
	})
	return judged, b, err
}

func (s *journal) judge(b *throng.Bonus, c throng.Claim) throng.Judged {
	for _, had := range s.claims[b.ID] {
		if had.User == c.User {
			if c.ID != "" && c.ID == had.ID {
				return throng.Judged{Verdict: throng.Won, Claim: had}
			}
			return throng.Judged{Verdict: throng.Already, Claim: had}
		}
	}
	switch b.End {
	case throng.BonusExhausted:
		return throng.Judged{Verdict: throng.Exhausted}
	case throng.BonusWithdrawn:
		return throng.Judged{Verdict: throng.Expired}
	}
	b.Claimed++
	c.Bonus, c.Place = b.ID, b.Claimed
	s.claims[b.ID] = append(s.claims[b.ID], c)
	if b.Claimed == b.Quota {
		b.End, b.EndedAt = throng.BonusExhausted, c.At
	}
	return throng.Judged{Verdict: throng.Won, Claim: c}
}

func (s *journal) ListClaims(ctx context.Context, f throng.ClaimFilter, p throng.Page) (page []throng.Claim, next string, err error) {
	err = s.do(ctx, func() error {
		from := 0
		_, _ = fmt.Sscan(p.Cursor, &from)
		for _, c := range s.claims[f.Bonus] {
			if int(c.Place) <= from || f.User != "" && f.User != c.User || f.Users != nil && !slices.Contains(f.Users, c.User) {
				continue
			}
			if len(page) == p.Limit {
				next = fmt.Sprint(page[len(page)-1].Place)
				break
			}
			page = append(page, c)
		}
		return nil
	})
	return page, next, err
}

func (s *journal) ForgetClaims(ctx context.Context, user string) (n int64, err error) {
	err = s.do(ctx, func() error {
		for id, list := range s.claims {
			for i := range list {
				if list[i].User == user {
					s.claims[id][i].User, s.claims[id][i].ID = "", ""
					n++
				}
			}
		}
		return nil
	})
	return n, err
}

func (s *journal) PruneBonuses(ctx context.Context, before int64) error {
	return s.do(ctx, func() error {
		for id, b := range s.bonuses {
			if b.Deadline+b.Tolerance < before {
				delete(s.bonuses, id)
				delete(s.claims, id)
				s.order = slices.DeleteFunc(s.order, func(o string) bool { return o == id })
			}
		}
		return nil
	})
}

// channels are what was published where.
type channels struct {
	mu   sync.Mutex
	list []string
	last map[string]*throng.Publication
	won  map[string]string // the places that winners' screens were told, by bonus and user
	// hear is shown what is published, before it is; it may wait.
	hear func(channel string, p *throng.Publication)
}

func (c *channels) Publish(channel string, p *throng.Publication) {
	if c.hear != nil {
		c.hear(channel, p)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		c.last, c.won = make(map[string]*throng.Publication), make(map[string]string)
	}
	if p.Event == "bonus_result" {
		var r struct {
			ID    string
			Place json.Number
		}
		_ = json.Unmarshal(p.Data, &r) // what it is not is missed at the end
		c.won[r.ID+" "+throng.UserOf(channel)] = r.Place.String()
	}
	c.list = append(c.list, channel+" "+p.Event)
	c.last[channel+" "+p.Event] = p
}

func (c *channels) Namespace(channel string) *throng.Namespace {
	switch throng.NamespaceOf(channel) {
	case "room":
		return &throng.Namespace{Name: "room", Subscribe: throng.Anybody, Visits: true, Watch: throng.WatchExclusive}
	case "vip":
		return &throng.Namespace{Name: "vip", Subscribe: throng.Token}
	case throng.UserNamespace:
		return &throng.Namespace{Name: throng.UserNamespace}
	}
	return nil
}

// told takes what was published since the last call.
func (c *channels) told() (list []string) {
	list = c.inOrder()
	slices.Sort(list)
	return list
}

func (c *channels) inOrder() (list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list, c.list = c.list, nil
	return list
}

// world is a desk in a bubble of time.
type world struct {
	*testing.T
	*bonus.Desk
	journal  *journal
	channels *channels
	clock    *throng.Clock
	opts     bonus.Options
	stop     context.CancelFunc
	over     chan struct{}
}

// bubble runs f with a desk that runs.
func bubble(t *testing.T, f func(w *world)) { bubbleOf(t, bonus.Options{}, f) }

func bubbleOf(t *testing.T, o bonus.Options, f func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, journal: newJournal(), channels: new(channels), clock: throng.NewClock(), opts: o}
		w.start()
		defer w.end()
		f(w)
	})
}

func (w *world) start() {
	o := w.opts
	o.Store, o.Publisher, o.Clock, o.Alone = w.journal, w.channels, w.clock, o.Look == 0
	w.Desk = bonus.New(o)
	ctx, stop := context.WithCancel(context.Background())
	w.stop, w.over = stop, make(chan struct{})
	go func() { defer close(w.over); w.Desk.Run(ctx) }()
	synctest.Wait()
}

// end stops the desk in good order.
func (w *world) end() {
	w.stop()
	<-w.over
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = w.Close(ctx)
}

// offer makes a bonus in room:1 for five seconds, changed by set.
func (w *world) offer(id string, set func(*throng.Bonus)) throng.Bonus {
	w.Helper()
	now := w.clock.Now()
	b := throng.Bonus{ID: id, Data: []byte(`{"text":"hello"}`), Deadline: now + 5000, Audience: throng.Audience{Channel: "room:1"}}
	if set != nil {
		set(&b)
	}
	made, err := w.Create(w.Context(), b)
	if err != nil {
		w.Fatal(err)
	}
	return made
}

// claim claims and waits; the answer is the verdict, and the place, or the error's code.
func (w *world) claim(id, user, claim string) string {
	w.Helper()
	got := make(chan string, 1)
	w.Claim(bonus.Claim{Bonus: id, User: user, ID: claim, At: w.clock.Now(), Channel: "room:1"}, func(j throng.Judged, err error) {
		got <- textOf(j, err)
	})
	return <-got
}

func textOf(j throng.Judged, err error) string {
	switch {
	case err != nil:
		return fmt.Sprint(throng.AsError(err).Code)
	case j.Verdict == throng.Won || j.Verdict == throng.Already:
		return fmt.Sprint(bonus.Verdicts[j.Verdict], " ", j.Claim.Place)
	}
	return bonus.Verdicts[j.Verdict]
}

func (w *world) want(got, want string) {
	w.Helper()
	if got != want {
		w.Errorf("got %s, want %s", got, want)
	}
}

// wantTold takes what was announced.
func (w *world) wantTold(want ...string) {
	w.Helper()
	synctest.Wait()
	if got := w.channels.told(); !slices.Equal(got, want) {
		w.Errorf("told %q\nwant %q", got, want)
	}
}

// event sends an event and returns the answer.
func (w *world) event(user, channel, name, data string) (ok bool, answer string) {
	w.Helper()
	type reply struct {
		ok bool
		b  []byte
	}
	got := make(chan reply, 1)
	w.Event(&bonus.Event{User: user, Channel: channel, Name: name, Data: []byte(data), At: w.clock.Now()}, func(ok bool, b []byte) { got <- reply{ok, b} })
	r := <-got
	if !json.Valid(r.b) {
		w.Fatalf("not JSON: %s", r.b)
	}
	return r.ok, strings.ReplaceAll(string(r.b), fmt.Sprint(w.clock.Now()), "NOW")
}
