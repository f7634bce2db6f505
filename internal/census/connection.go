package census

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"throng"
	"throng/internal/api"
	"throng/internal/gateway"
	"throng/internal/loop"
	"throng/internal/session"
)

// place is where a page of connections begins: a loop and a slot of it.
type place struct {
	loop int
	slot uint32
}

func (p place) String() string { return fmt.Sprintf("%d:%d", p.loop, p.slot) }

func (c *Census) parsePlace(cursor string) (p place, err error) {
	if cursor == "" {
		return p, nil
	}
	loop, slot, ok := strings.Cut(cursor, ":")
	n, e1 := strconv.Atoi(loop)
	m, e2 := strconv.ParseUint(slot, 10, 32)
	if !ok || e1 != nil || e2 != nil || n < 0 || n >= c.engine.Loops() {
		return p, api.ErrCursor
	}
	return place{n, uint32(m)}, nil
}

// pieces is at most how many pieces one request looks at: who asks for few among
// millions gets there in several requests.
const pieces = 256

// listed is a connection and where it is.
type listed struct {
	slot uint32
	api.Connection
}

// Connections implements api.Clients. It goes by loops and slots, where connections
// stay.
func (c *Census) Connections(ctx context.Context, f api.Filter, cursor string, limit int) (page []api.Connection, next string, err error) {
	at, err := c.parsePlace(cursor)
	if err != nil {
		return nil, "", err
	}
	many := -1 // the last loop where the user has too many sessions to list them
	for left := pieces; at.loop < c.engine.Loops(); {
		if left == 0 || len(page) == limit {
			return page, at.String(), nil
		}
		left--
		look := func(loop int, from uint32) (here []listed, _ uint32) {
			// Nobody else looks at these variables until the answer is there.
			few := f.User != "" && many != loop
			if few {
				here, at.slot, few = c.look(loop, from, limit-len(page), f)
			}
			if !few {
				many = loop
				here, at.slot = c.lookAll(loop, from, limit-len(page), f)
			}
			return here, 0
		}
		var here []listed
		err := tour(ctx, []throng.Mailbox{c.engine.Mailbox(at.loop)}, at.slot, look,
			func(l []listed) bool { here = l; return true })
		if err != nil {
			return nil, "", err
		}
		for _, one := range here {
			page = append(page, one.Connection)
		}
		if at.slot == 0 {
			at = place{loop: at.loop + 1}
		}
	}
	return page, "", nil
}

// lookAll looks at a piece of a loop's connections, and returns the slot to go on
// from; 0 at the end.
func (c *Census) lookAll(loopIndex int, from uint32, most int, f api.Filter) (here []listed, next uint32) {
	full := uint32(0)
	next = c.engine.Walk(loopIndex, from, lookPiece, func(conn *loop.Conn) {
		if full != 0 {
			return
		}
		if one, ok := describe(conn, &f); ok {
			here = append(here, one)
			if len(here) == most {
				full = one.slot + 1
			}
		}
	})
	if full != 0 {
		return here, full
	}
	return here, next
}

// look looks at a user's connections on a loop, if they are few, and returns the slot
// to go on from; 0 at the end.
func (c *Census) look(loopIndex int, from uint32, most int, f api.Filter) (here []listed, next uint32, few bool) {
	refs, few := c.refs(loopIndex, f.User, from)
	slices.SortFunc(refs, func(a, b throng.Ref) int { return cmp.Compare(a.Slot, b.Slot) })
	for _, ref := range refs {
		conn := c.engine.Lookup(ref)
		if conn == nil || !conn.Open() {
			continue
		}
		if one, ok := describe(conn, &f); ok {
			here = append(here, one)
			if len(here) == most {
				return here, one.slot + 1, few
			}
		}
	}
	return here, 0, few
}

// manyNames is how many of its channels a connection is described with.
const manyNames = 100

func describe(conn *loop.Conn, f *api.Filter) (one listed, ok bool) {
	carrier, s := gateway.CarrierOf(conn)
	switch {
	case s == nil || !means(f.Who, s):
		return one, false
	case f.Transport != "" && f.Transport != carrier.TransportName():
		return one, false
	case f.Channel != "" && s.Find([]byte(f.Channel)) == nil:
		return one, false
	}
	one.slot = conn.Ref().Slot
	one.Connection = api.Connection{
		Client: s.Client(), User: s.User(), Transport: carrier.TransportName(), Wire: carrier.WireName(),
		Since: s.Since(), Subscribed: s.Count(), Queued: conn.Queued(),
	}
	if a := conn.RemoteAddr(); a.IsValid() {
		one.Address = a.String()
	}
	if id := s.Identity(); id != nil {
		one.Expires = id.Expires
	}
	s.Each(func(sub *session.Subscription) {
		if len(one.Channels) < manyNames {
			one.Channels = append(one.Channels, sub.Channel())
		}
	})
	return one, true
}
