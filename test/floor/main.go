//go:build linux

// Command floor is the yardstick of throng's costs: a server of raw epoll loops
// that does the same exchanges over version 2 of the Phoenix wire, with the same
// bytes in both directions, and nothing else. What throng costs beyond it is what
// throng's promises cost.
//
// It does: WebSocket upgrades on any path (the accept key is computed), text
// frames below 64 KiB, joins of any number of channels, heartbeats, events that
// go to all subscribers of a channel on all loops and are then acknowledged, ends
// of connections, and at /echo an echo. A broadcast is encoded once. What several
// events of one turn brought a subscriber of a channel leaves in one write, and
// what one read is answered with does as well, at the end of a turn of at most 32
// connections (which is cheaper than to answer each before the next is read, and
// than 512). What the kernel does not take waits.
//
// It does not: check anything (masks, UTF-8, JSON, names, lengths), bound
// anything, know time (deadlines, pings, rates), keep history, order channels
// over loops, share a turn fairly, count, log, or speak anything else: not HTTP,
// TLS, binary frames, fragments, or version 1. A leave ends a subscription
// without an answer. A connection that does something else is dropped. A
// subscriber of two channels gets a write for each.
//
// Each loop is a goroutine with an epoll instance and a listener of its own; the
// listeners share a port (SO_REUSEPORT).
//
// The first line on stdout is the address it listens on. Usage: floor [-loops N]
// [-listen HOST:PORT]
package main

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"runtime"
)

func main() {
	loops := flag.Int("loops", runtime.NumCPU(), "number of loops")
	address := flag.String("listen", "127.0.0.1:0", "IPv4 address and port; port 0: any that is free")
	flag.Parse()
	if err := serve(*loops, *address); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// serve returns only when something fails.
func serve(loops int, address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	h := &house{channels: make(map[string]*channel)}
	for i := range loops {
		l, err := newLoop(h, i)
		if err != nil {
			return err
		}
		if at, err = l.listen(at); err != nil { // from the second on: the port of the first
			return err
		}
		h.loops = append(h.loops, l)
	}
	fmt.Println(at)
	failed := make(chan error)
	for _, l := range h.loops {
		go func() { failed <- l.run() }()
	}
	return <-failed
}
