package memory

import (
	"throng"
	"throng/internal/shrink"
)

// memoID is an idempotency key within its channel.
type memoID struct{ channel, key string }

// memo remembers the outcome of a publish until its timer is due. It outlives the
// stream when its time is longer: what was promised is the key's TTL.
type memo struct {
	id       memoID
	position throng.Position
	timer    timer
}

// recall returns the outcome of an earlier publish with the same key, or nil.
func (sh *shard) recall(req *throng.PublishRequest, now int64) *memo {
	m := sh.memos[memoID{req.Channel, req.IdempotencyKey}]
	switch {
	case m == nil:
		return nil
	case m.timer.due <= now: // the janitor was not here yet
		sh.agenda.cancel(&m.timer)
		sh.dropMemo(m)
		return nil
	}
	return m
}

// remember keeps the outcome of a publish whose key was reserved.
func (sh *shard) remember(req *throng.PublishRequest, position throng.Position, now int64) {
	m := &memo{id: memoID{req.Channel, req.IdempotencyKey}, position: position}
	m.timer = newTimer(m)
	sh.memos[m.id] = m
	sh.schedule(&m.timer, now+milliseconds(req.IdempotencyTTL))
}

func (m *memo) visit(sh *shard, _ int64) int {
	sh.dropMemo(m)
	return 1
}

func (sh *shard) dropMemo(m *memo) {
	shrink.Delete(&sh.memos, &sh.most.memos, m.id)
	sh.broker.keys.Add(-1)
}

// reserveKey takes one of the places for idempotency keys, if there is one.
func (b *Broker) reserveKey() bool {
	if b.keys.Add(1) > b.maxKeys {
		b.keys.Add(-1)
		return false
	}
	return true
}
