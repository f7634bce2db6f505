//go:build linux || darwin

package loop_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"throng/internal/loop"
)

const (
	canLimit = true
	// childRoom is how many descriptors the child may still open.
	childRoom = 30
)

// serveAsChild serves echo with few descriptors until its input ends, and
// answers each line with its figures.
func serveAsChild(kind string) int {
	e, err := loop.New(loop.Options{Kind: loop.Kind(kind), Loops: 1})
	if err != nil {
		return fail(err)
	}
	e.Start()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fail(err)
	}
	go func() {
		_ = e.Serve(ln, func() loop.Handler {
			p := newProbe(&testing.T{})
			echoing(p)
			return p
		})
	}()
	out := json.NewEncoder(os.Stdout)
	// The first connection opens what the runtime and Serve need.
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil || !echoes(nc, patience) {
		return fail(fmt.Errorf("no echo: %v", err))
	}
	_ = nc.Close()
	for e.Connections() > 0 {
		time.Sleep(time.Millisecond)
	}
	if err := limit(childRoom); err != nil {
		return fail(err)
	}
	_ = out.Encode(ln.Addr().String())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		_ = out.Encode(childStats{processorTime(), e.AcceptStats().BackOffs.Load(), e.Connections()})
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "child:", err)
	return 1
}

// limit leaves the process so many descriptors beyond the highest in use.
func limit(room uint64) error {
	highest, err := unix.Dup(0)
	if err != nil {
		return err
	}
	_ = unix.Close(highest)
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return err
	}
	r.Cur = uint64(highest) + room
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &r)
}

func processorTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
