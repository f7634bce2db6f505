package memory

import (
	"sync"

	"throng"
	"throng/internal/shrink"
)

// shard is a part of the channels and the lock that orders them.
type shard struct {
	broker *Broker

	mu         sync.Mutex
	closed     bool
	subscribed map[string]struct{}
	channels   map[string]*channel // those that have a stream
	memos      map[memoID]*memo
	agenda     agenda
	most       struct{ subscribed, channels, memos shrink.Most }
	load       load

	_ [64]byte // the next shard's lock lives on another cache line
}

func (sh *shard) init(b *Broker) {
	sh.broker = b
	sh.subscribed = make(map[string]struct{})
	sh.channels = make(map[string]*channel)
	sh.memos = make(map[memoID]*memo)
}

func (sh *shard) subscribe(name string) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.closed {
		return throng.ErrClosed
	}
	sh.subscribed[name] = struct{}{}
	return nil
}

func (sh *shard) unsubscribe(name string, now int64) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.closed {
		return throng.ErrClosed
	}
	shrink.Delete(&sh.subscribed, &sh.most.subscribed, name)
	if c := sh.channels[name]; c != nil {
		c.touch(sh, c.stream.retention, now)
	}
	return nil
}

// publish is where the order of a channel is made: offset, window and sink see
// its publications in the order in which their callers got the lock.
func (sh *shard) publish(req *throng.PublishRequest, now int64) (throng.PublishResult, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.closed {
		return throng.PublishResult{}, throng.ErrClosed
	}
	keyed := req.IdempotencyKey != "" && req.IdempotencyTTL > 0
	if keyed {
		if m := sh.recall(req, now); m != nil {
			return throng.PublishResult{Position: m.position, Duplicate: true}, nil
		}
		if !sh.broker.reserveKey() {
			return throng.PublishResult{}, throng.ErrTooManyRequests
		}
	}
	position := sh.store(req, now)
	sh.broker.sink.Deliver(req.Channel, req.Publication)
	if keyed {
		sh.remember(req, position, now)
	}
	return throng.PublishResult{Position: position}, nil
}

// store gives the publication its place.
func (sh *shard) store(req *throng.PublishRequest, now int64) throng.Position {
	p := req.Publication
	p.Offset, p.Time = 0, now
	if req.SkipHistory {
		return throng.Position{}
	}
	if req.Retention.Enabled() {
		c := sh.channel(req.Channel)
		c.touch(sh, req.Retention, now)
		return c.stream.append(p, now)
	}
	// A publication that takes no offset can't be told from one that was missed.
	// If the channel kept history until now, its positions must not be called
	// complete later on: the stream ends here.
	if c := sh.channels[req.Channel]; c != nil {
		sh.forget(c)
	}
	return throng.Position{}
}

func (sh *shard) history(req *throng.HistoryRequest, now int64) (throng.HistoryResult, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.closed {
		return throng.HistoryResult{}, throng.ErrClosed
	}
	if !req.Retention.Enabled() {
		return throng.HistoryResult{Complete: req.Since == nil}, nil
	}
	c := sh.channel(req.Channel)
	c.touch(sh, req.Retention, now)
	c.stream.trim(now, all)
	return c.stream.read(req, now), nil
}

func (sh *shard) removeHistory(name string) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.closed {
		return throng.ErrClosed
	}
	if c := sh.channels[name]; c != nil {
		c.stream.clear()
	}
	return nil
}

func (sh *shard) close() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.closed = true
	sh.broker.keys.Add(-int64(len(sh.memos)))
	sh.subscribed, sh.channels, sh.memos, sh.agenda = nil, nil, nil, nil
	sh.load = load{}
}

func (sh *shard) addTo(sum *Stats) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sum.Subscribed += len(sh.subscribed)
	sum.Streams += len(sh.channels)
	sum.Keys += len(sh.memos)
	sum.Publications += sh.load.publications
	sum.Bytes += sh.load.bytes
}
