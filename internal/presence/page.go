package presence

import (
	"errors"
	"strconv"
	"strings"

	"throng"
	"throng/internal/session"
)

// Member is one of those who are in a channel.
type Member struct {
	User   string          // empty for an anonymous client
	Client throng.ClientID // of an anonymous member, or where clients are members
	Key    string
	Since  int64 // Clock milliseconds
	Conns  int
	Meta   []byte // JSON, as Phoenix clients see it
}

// ErrCursor is the error of Members for a cursor that it never returned.
var ErrCursor = errors.New("not a cursor")

// Of returns how many connections and users a channel has; an anonymous client is
// one user.
func (p *Presence) Of(channel string) (conns, users int) {
	sh := p.shard(channel)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if r := sh.rooms[channel]; r != nil {
		return r.conns, r.users()
	}
	return 0, 0
}

// pagePiece is how many members are looked at under one hold of the lock.
const pagePiece = 256

// Members returns at most limit members whose keys begin with a prefix, the newest
// first as a rule, and where the next page begins, "" after the last one. Who is
// there from the first page to the last is in one of them, perhaps in two; who comes
// meanwhile is in none.
func (p *Presence) Members(channel, cursor string, limit int, prefix string) (page []Member, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = max(limit, 1)
	sh := p.shard(channel)
	for more := true; more && len(page) < limit; {
		sh.mu.Lock()
		r := sh.rooms[channel]
		if r == nil {
			before, more = 0, false
		} else {
			before = r.walk(before, pagePiece, func(m *member) bool {
				if strings.HasPrefix(m.key, prefix) {
					page = append(page, r.describe(m))
				}
				return len(page) < limit
			})
			more = before > 0
		}
		sh.mu.Unlock()
	}
	return page, nextCursor(before), nil
}

func (r *room) describe(m *member) Member {
	d := Member{Key: m.key, Since: m.since, Conns: int(m.conns), Meta: r.appendMeta(nil, m)}
	if !m.anonymous {
		d.User = m.key
	}
	if m.anonymous || r.people != nil {
		d.Client = m.client
	}
	return d
}

// walk calls f for members from below an index downward, at most so many and until it
// says no, and returns the index of the last one.
func (r *room) walk(before, most int, f func(*member) bool) int {
	before = min(before, r.here.n)
	for ; before > 0 && most > 0; most-- {
		before--
		if !f(r.here.at(before)) {
			break
		}
	}
	return before
}

// The most members on a client's page, and how many there are where it does not say.
const (
	MaxPage     = 100
	defaultPage = 50
)

// List returns a page of members for a client, as JSON. It is called on the
// subscription's loop.
func (p *Presence) List(sub *session.Subscription, cursor string, limit int) ([]byte, *throng.Error) {
	if limit == 0 {
		limit = defaultPage
	}
	before, err := parseCursor(cursor)
	switch {
	case off(sub):
		return nil, throng.ErrNotAvailable
	case err != nil, limit < 0, limit > MaxPage:
		return nil, throng.ErrBadRequest
	}
	b := append([]byte(nil), `{"members":[`...)
	ok := p.with(sub, func(r *room, _ *member) {
		first := true
		before = r.walk(before, limit, func(m *member) bool {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(r.appendEntry(b, m), `,"connections":`...)
			b = append(strconv.AppendInt(b, int64(m.conns), 10), '}')
			return len(b) < p.opts.ListBytes // else the rest is another page's
		})
		b = append(b, `],"users":`...)
		b = strconv.AppendInt(b, int64(r.users()), 10)
		b = append(b, `,"connections":`...)
		b = strconv.AppendInt(b, int64(r.conns), 10)
	})
	if !ok {
		return nil, throng.ErrNotAvailable
	}
	if next := nextCursor(before); next != "" {
		b = append(append(append(b, `,"cursor":"`...), next...), '"')
	}
	return append(b, '}'), nil
}

// A cursor is the index above which all members were told.

const fromTop = int(^uint32(0) >> 1)

func parseCursor(cursor string) (before int, err error) {
	if cursor == "" {
		return fromTop, nil
	}
	n, err := strconv.ParseUint(cursor, 10, 31)
	if err != nil || n == 0 {
		return 0, ErrCursor
	}
	return int(n), nil
}

func nextCursor(before int) string {
	if before == 0 {
		return ""
	}
	return strconv.Itoa(before)
}
