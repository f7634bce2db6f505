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
	reported   int64 // of load.bytes, to the bound
	kept, idle pool
	evicted    evicted
	expired    uint64 // passed over in windows that were read

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
	if c := sh.channels[name]; c != nil {
		c.subscribed = true
		sh.file(c)
	}
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
		c.subscribed = false
		sh.file(c)
		c.touch(sh, c.stream.retention, now)
		sh.relieve(now)
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
	sh.relieve(now)
	return throng.PublishResult{Position: position}, nil
}

// store gives the publication its place.
func (sh *shard) store(req *throng.PublishRequest, now int64) throng.Position {
	p := req.Publication
	p.Offset, p.Epoch, p.Time = 0, "", now
	if req.SkipHistory {
		return throng.Position{}
	}
	if req.Retention.Enabled() {
		c := sh.channel(req.Channel)
		c.touch(sh, req.Retention, now)
		at := c.stream.append(p, now)
		sh.file(c)
		return at
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
	if c.subscribed && c.stream.window.len() == 0 {
		// There is nothing to free until somebody publishes or unsubscribes, which
		// sets the timer: to ask for a position, as it is done for every channel
		// now and then, costs the janitor nothing.
		c.stream.retention, c.touched = req.Retention, max(c.touched, now)
	} else {
		c.touch(sh, req.Retention, now)
	}
	c.stream.trim(now, all)
	sh.file(c)
	res, passed := c.stream.read(req, now)
	sh.expired += uint64(passed)
	sh.relieve(now)
	return res, nil
}

func (sh *shard) removeHistory(name string) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.closed {
		return throng.ErrClosed
	}
	if c := sh.channels[name]; c != nil {
		c.stream.clear()
		sh.file(c)
		sh.report()
	}
	return nil
}

func (sh *shard) close() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.closed = true
	sh.broker.keys.Add(-int64(len(sh.memos)))
	sh.subscribed, sh.channels, sh.memos, sh.agenda = nil, nil, nil, nil
	sh.kept, sh.idle = nil, nil
	sh.broker.bound.total.Add(-sh.reported)
	sh.load, sh.reported = load{}, 0
}

func (sh *shard) addTo(sum *Stats) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sum.Subscribed += len(sh.subscribed)
	sum.Streams += len(sh.channels)
	sum.Keys += len(sh.memos)
	sum.Publications += sh.load.publications
	sum.Bytes += sh.load.bytes
	sum.EvictedPublications += sh.evicted.publications
	sum.EvictedStreams += sh.evicted.streams
	sum.Expired += sh.expired
}
