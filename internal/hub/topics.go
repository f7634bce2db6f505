package hub

import "throng/internal/shrink"

// topics are a loop's channels by name, in as many parts as the index has: a map of
// all of them could not be made smaller without stopping the loop.
type topics [shards]topicMap

type topicMap struct {
	named map[string]*topic
	most  shrink.Most
}

func (t *Table) topic(name string) *topic { return t.topics[t.hub.place(name)].named[name] }

func (m *topicMap) put(tp *topic) {
	if m.named == nil {
		m.named = make(map[string]*topic)
	}
	m.named[tp.name] = tp
}

func (m *topicMap) drop(name string) { shrink.Delete(&m.named, &m.most, name) }
