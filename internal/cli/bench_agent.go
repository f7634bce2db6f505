package cli

import (
	"bufio"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"throng/internal/bench/load"
)

type benchAgentCommand struct {
	Listen string `help:"Address to be led at, one bench after the other; without it, stdin and stdout." placeholder:"ADDR"`
	Key    string `help:"What a bench must say; needed with --listen." env:"BENCH_KEY" placeholder:"KEY"`
}

// Run implements the command.
func (c *benchAgentCommand) Run(r *run) error {
	if c.Listen == "" {
		return load.Serve(os.Stdin, r.stdout)
	}
	if c.Key == "" {
		return wrongUse(errors.New("an agent without a key would attack whomever a stranger names"), "give both sides the same --key, or set BENCH_KEY")
	}
	ln, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.stderr, "agent listens on %s\n", ln.Addr())
	for {
		nc, err := ln.Accept()
		if err != nil {
			return err
		}
		if err := c.serve(nc); err != nil {
			fmt.Fprintf(r.stderr, "throng: error: %s: %v\n", nc.RemoteAddr(), err)
		}
		_ = nc.Close()
	}
}

// keyTime is how long who says nothing keeps others away.
const keyTime = 10 * time.Second

var errKey = errors.New("wrong key")

// serve obeys one bench.
func (c *benchAgentCommand) serve(nc net.Conn) error {
	in := bufio.NewReader(nc)
	_ = nc.SetReadDeadline(time.Now().Add(keyTime))
	line, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	_ = nc.SetReadDeadline(time.Time{})
	var key string
	if json.Unmarshal(line, &key) != nil || subtle.ConstantTimeCompare([]byte(key), []byte(c.Key)) != 1 {
		return errKey
	}
	return load.Serve(in, nc)
}
