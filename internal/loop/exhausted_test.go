package loop_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"throng/internal/loop"
)

// childKind is the environment variable that turns the test binary into a server
// with few descriptors, and says with which engine.
const childKind = "THRONG_LOOP_TEST_CHILD"

// childStats is what the child answers to a line on its input.
type childStats struct {
	CPU         time.Duration
	BackOffs    uint64
	Connections int
}

// child is a server process that has run out of descriptors, or will soon.
type child struct {
	t    *testing.T
	addr string
	in   io.Writer
	out  *json.Decoder
}

func startChild(t *testing.T, kind loop.Kind) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childKind+"="+string(kind))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // its end
		if err := cmd.Wait(); err != nil {
			t.Errorf("child: %v", err)
		}
	})
	c := &child{t: t, in: in, out: json.NewDecoder(bufio.NewReader(out))}
	if err := c.out.Decode(&c.addr); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *child) stats() (s childStats) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.in); err != nil {
		c.t.Fatal(err)
	}
	if err := c.out.Decode(&s); err != nil {
		c.t.Fatal(err)
	}
	return s
}

// echoes reports whether a connection is served within a time.
func echoes(nc net.Conn, within time.Duration) bool {
	_ = nc.SetDeadline(time.Now().Add(within))
	if _, err := nc.Write([]byte("x")); err != nil {
		return false
	}
	b := make([]byte, 1)
	n, _ := nc.Read(b)
	return n == 1
}

// Without a free descriptor accept waits without spinning, those who are in are
// served, and those who wait come in when others leave.
func TestDescriptorsUsedUp(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(string(kind), func(t *testing.T) {
			if !canLimit {
				t.Skip("not on this system")
			}
			t.Parallel()
			c := startChild(t, kind)
			var conns []net.Conn
			defer func() {
				for _, nc := range conns {
					_ = nc.Close()
				}
			}()
			for range 3 * childRoom {
				nc, err := net.Dial("tcp", c.addr)
				if err != nil {
					t.Fatal(err)
				}
				conns = append(conns, nc)
			}
			eventually(t, "back-off", func() bool { return c.stats().BackOffs > 2 })
			before := c.stats()
			if before.Connections < childRoom/2 || before.Connections > childRoom {
				t.Fatalf("%d connections with %d descriptors", before.Connections, childRoom)
			}
			in, begin := conns[:before.Connections], time.Now()
			time.Sleep(time.Second)
			for _, nc := range in {
				if !echoes(nc, patience) {
					t.Fatal("a connection that was in is not served")
				}
			}
			if used, took := c.stats().CPU-before.CPU, time.Since(begin); used > took*3/10 {
				t.Errorf("%v of processor time in %v of waiting", used, took)
			}
			for _, nc := range in {
				_ = nc.Close()
			}
			waiting := conns[len(in):]
			if !echoes(waiting[0], patience) || !echoes(waiting[len(in)/2], patience) {
				t.Error("those who waited are not served")
			}
		})
	}
}
