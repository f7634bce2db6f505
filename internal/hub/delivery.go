package hub

import (
	"sync"
	"sync/atomic"

	"throng"
)

// delivery is one publication on its way through the loops of this node. It is
// the task that is posted to each of them, and it holds the frames that they
// share.
type delivery struct {
	hub     *Hub
	channel string
	record  *channel // of the index, when it was posted; nil for a mark
	pub     *throng.Publication
	number  uint32 // among those of the record
	place   uint8  // of the channel, in the index and in the tables
	mark    bool   // no publication, but a position that is looked at
	size    int64
	frames  atomic.Pointer[frame]
	first   frame // of them; most publications need no other
	encode  sync.Mutex
}

const (
	// deliveryOverhead is about what a delivery costs beside its data.
	deliveryOverhead = 256
	// frameRoom is about what a wire puts around the data, beside the names.
	frameRoom = 64
)

// frame is a publication as one encoder wrote it.
type frame struct {
	encoding Encoding
	b        []byte
	next     *frame
}

// Run implements throng.Task.
func (d *delivery) Run(loop int) { d.hub.tables[loop].receive(d) }

// frame returns the publication in an encoding, made by whoever asks first. A
// loop that asks while another encodes waits for it: to encode it again would
// take as long.
func (d *delivery) frame(e Encoding) []byte {
	if f := d.find(e); f != nil {
		return f.b
	}
	d.encode.Lock()
	defer d.encode.Unlock()
	if f := d.find(e); f != nil {
		return f.b
	}
	room := make([]byte, 0, len(d.pub.Data)+len(d.channel)+len(d.pub.Event)+frameRoom)
	f, next := &d.first, d.frames.Load()
	if next != nil {
		f = new(frame)
	}
	*f = frame{encoding: e, b: d.hub.opts.Encoders[e].Encode(room, d.channel, d.pub), next: next}
	d.frames.Store(f)
	return f.b
}

func (d *delivery) find(e Encoding) *frame {
	f := d.frames.Load()
	for f != nil && f.encoding != e {
		f = f.next
	}
	return f
}
