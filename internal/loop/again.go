package loop

import "throng"

// Again offers the handler once more what it left of its input, if anything: for a
// handler that took over in between, or can go on now. It does so in a task of its
// own, so that who sends very much at once gets no more than his turn.
func (c *Conn) Again() {
	if c.in != nil || c.loop.feeding == c {
		c.loop.Post(&again{c.loop, c.Ref()})
	}
}

type again struct {
	l   *Loop
	ref throng.Ref
}

func (t *again) Run(int) {
	c := t.l.lookup(t.ref.Slot, t.ref.Gen)
	if c == nil || c.in == nil || !c.Open() {
		return
	}
	active := c.active // nothing was heard
	t.l.feed(c, t.l.rbuf[:t.l.input(c)])
	c.active = active
}
