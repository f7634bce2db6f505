//go:build linux

// Command crowd is the client side of the measurements: very many Phoenix
// connections in one process of its own, on one raw epoll loop, so that it costs
// little beside the server. It obeys lines on stdin and answers each with a line
// of JSON on stdout, such as {"done":15000,"seconds":0.4}:
//
//	connect N [K]    N connections that join CHANNEL, or take turns to join K of them
//	heartbeat        one heartbeat on each, all answered
//	publish K        K messages pushed by the first client: done are N×K deliveries
//	spread K RATE    K messages, RATE a second, by subscribers of the channels in turn:
//	                 done are deliveries, p99 is their latency in milliseconds
//	trips K          K events with reply, each connection waits for one at a time
//	reconnect        all are cut at once, connect and join anew
//	recover K        the same, and each asks for the last K publications, and gets them
//
// The word NUMBER in PATH is each connection's own.
//
// usage: crowd ADDR PATH CHANNEL [PAYLOAD BYTES]
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: crowd ADDR PATH CHANNEL [PAYLOAD BYTES]")
		os.Exit(2)
	}
	size := 64
	if len(os.Args) > 4 {
		size, _ = strconv.Atoi(os.Args[4])
	}
	c, err := newCrowd(os.Args[1], os.Args[2], os.Args[3], size)
	if err == nil {
		err = c.obey(os.Stdin)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		os.Exit(1)
	}
}

// result is what a command is answered with.
type result struct {
	Done    int     `json:"done"`
	Seconds float64 `json:"seconds"`
	P99     float64 `json:"p99,omitempty"`
}

func (c *crowd) obey(in *os.File) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		words := append(strings.Fields(lines.Text()), "", "", "")
		begin := time.Now()
		r, err := c.command(words[0], number(words[1]), number(words[2]))
		if err != nil {
			return err
		}
		r.Seconds = time.Since(begin).Seconds()
		out, _ := json.Marshal(r)
		fmt.Println(string(out))
	}
	return lines.Err()
}

// number reads an argument; one that was left out is 0.
func number(word string) int {
	n, _ := strconv.Atoi(word)
	return n
}

func (c *crowd) command(word string, a, b int) (r result, err error) {
	switch word {
	case "connect":
		r.Done, err = c.connect(a, max(b, 1))
	case "heartbeat":
		r.Done, err = c.heartbeat()
	case "publish":
		r.Done, err = c.publish(a)
	case "spread":
		r.Done, r.P99, err = c.spread(a, max(b, 1))
	case "trips":
		r.Done, err = c.trips(a)
	case "reconnect":
		r.Done, err = c.reconnect()
	case "recover":
		r.Done, err = c.recover(a)
	default:
		err = fmt.Errorf("unknown command %q", word)
	}
	return r, err
}
