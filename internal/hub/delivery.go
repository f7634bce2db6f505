package hub

import (
	"sync/atomic"

	"throng"
)

// delivery is one publication on its way through the loops of this node. It is
// the task that is posted to each of them, and it holds the frames that they
// share.
type delivery struct {
	hub     *Hub
	channel string
	pub     *throng.Publication
	size    int64
	frames  atomic.Pointer[frame]
}

// deliveryOverhead is about what a delivery costs beside its data.
const deliveryOverhead = 256

// frame is a publication as one encoder wrote it.
type frame struct {
	encoding Encoding
	b        []byte
	next     *frame
}

// Run implements throng.Task.
func (d *delivery) Run(loop int) { d.hub.tables[loop].receive(d) }

// frame returns the publication in an encoding, made by whoever asks first. Two
// loops that ask at the same moment may both encode; one result is kept.
func (d *delivery) frame(e Encoding) []byte {
	head := d.frames.Load()
	for f := head; f != nil; f = f.next {
		if f.encoding == e {
			return f.b
		}
	}
	made := &frame{encoding: e, b: d.hub.opts.Encoders[e].Encode(nil, d.channel, d.pub)}
	for {
		made.next = head
		if d.frames.CompareAndSwap(head, made) {
			return made.b
		}
		head = d.frames.Load()
		for f := head; f != nil; f = f.next {
			if f.encoding == e {
				return f.b
			}
		}
	}
}
