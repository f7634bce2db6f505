//go:build linux

package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// peak watches something that the kernel counts.
type peak struct {
	before, most int64
	quit, done   chan struct{}
}

func watch(read func() int64) *peak {
	p := &peak{before: read(), quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.most = max(p.most, read())
			case <-p.quit:
				return
			}
		}
	}()
	return p
}

// stop returns how much more there was than before, at most.
func (p *peak) stop() int64 {
	close(p.quit)
	<-p.done
	return max(0, p.most-p.before)
}

// slabs is what the kernel's own objects take, sockets among them.
func slabs() int64 {
	b, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "Slab:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}
