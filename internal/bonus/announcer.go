package bonus

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"throng"
)

// Announcer publishes to channels. One that is too busy to take something is told a
// little later, and what comes meanwhile stands behind that: an end never overtakes its
// offer.
type Announcer struct {
	send func(channel string, p *throng.Publication, done func(error))
	log  *slog.Logger

	mu     sync.Mutex
	behind map[string]*backlog // channels that are being told
}

// backlog is what a channel is told next, and how often it was too busy since it last
// took something.
type backlog struct {
	next []*throng.Publication
	busy int
}

const (
	// retell is after which time a channel that was too busy is told again, at most so
	// often: that is five seconds.
	retell  = 100 * time.Millisecond
	retells = 50
)

// NewAnnouncer makes an Announcer. send publishes, does not block, and says what became
// of it, once.
func NewAnnouncer(send func(channel string, p *throng.Publication, done func(error)), log *slog.Logger) *Announcer {
	return &Announcer{send: send, log: log, behind: make(map[string]*backlog)}
}

// Publish tells a channel something; see Publisher.
func (a *Announcer) Publish(channel string, p *throng.Publication) {
	a.mu.Lock()
	b, busy := a.behind[channel]
	if busy {
		b.next = append(b.next, p)
	} else {
		b = new(backlog)
		a.behind[channel] = b
	}
	a.mu.Unlock()
	if !busy {
		a.try(channel, b, p)
	}
}

// try tells a channel, until it takes it or was busy for too long; then what is next.
func (a *Announcer) try(channel string, b *backlog, p *throng.Publication) {
	a.send(channel, p, func(err error) {
		switch {
		case err == nil:
			b.busy = 0
		case errors.Is(err, throng.ErrClosed):
		case throng.AsError(err).Temporary && b.busy < retells:
			b.busy++
			time.AfterFunc(retell, func() { a.try(channel, b, p) })
			return
		default:
			a.log.Warn("a bonus was not announced", "channel", channel, "event", p.Event, "error", err)
		}
		a.mu.Lock()
		if len(b.next) == 0 {
			delete(a.behind, channel)
			a.mu.Unlock()
			return
		}
		p := b.next[0]
		b.next = b.next[1:]
		a.mu.Unlock()
		a.try(channel, b, p)
	})
}
