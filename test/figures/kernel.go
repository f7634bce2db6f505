//go:build linux

package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// kernel watches what the machine's kernel takes for sockets: slabs and buffers of
// both ends, since both are here.
type kernel struct {
	before, most int64
	quit, done   chan struct{}
}

func watchKernel() *kernel {
	k := &kernel{before: slabs(), quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(k.done)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				k.most = max(k.most, slabs())
			case <-k.quit:
				return
			}
		}
	}()
	return k
}

// stop returns how much more there was than before, at most.
func (k *kernel) stop() int64 {
	close(k.quit)
	<-k.done
	return max(0, k.most-k.before)
}

func slabs() (bytes int64) {
	b, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		if name == "Slab" {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			bytes += kb << 10
		}
	}
	return bytes
}
