package million

import (
	"sync"
	"time"

	"throng"
)

// Pulse asks loops every millisecond whether they are there, and notes how long
// the answer took: what a client feels whose message arrives just then.
type Pulse struct {
	Longest Longest
	quit    chan struct{}
	ended   sync.WaitGroup
}

const beat = time.Millisecond

// Watch begins to ask; Stop ends it.
func Watch(loops ...throng.Mailbox) *Pulse {
	p := &Pulse{quit: make(chan struct{})}
	for _, l := range loops {
		p.ended.Go(func() { p.watch(l) })
	}
	return p
}

func (p *Pulse) watch(l throng.Mailbox) {
	t := time.NewTicker(beat)
	defer t.Stop()
	a := &answer{heard: make(chan time.Duration, 1)}
	for {
		select {
		case <-t.C:
		case <-p.quit:
			return
		}
		a.asked = time.Now()
		l.Post(a)
		p.Longest.Add(<-a.heard)
	}
}

// Stop ends the questions and returns the longest time that one took, in
// milliseconds. The loops must still run.
func (p *Pulse) Stop() (millis float64) {
	close(p.quit)
	p.ended.Wait()
	return p.Longest.Millis()
}

type answer struct {
	asked time.Time
	heard chan time.Duration
}

func (a *answer) Run(int) { a.heard <- time.Since(a.asked) }
