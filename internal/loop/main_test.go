package loop_test

import (
	"flag"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain fails when a test leaves a goroutine or a descriptor behind.
func TestMain(m *testing.M) {
	if kind := os.Getenv(childKind); kind != "" {
		os.Exit(serveAsChild(kind))
	}
	if addr := os.Getenv(childCrowd); addr != "" {
		os.Exit(crowdAsChild(addr))
	}
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil { // opens what the runtime keeps
		_ = ln.Close()
	}
	flag.Parse()
	_ = flag.Set("test.parallel", "12") // the tests wait more than they work
	before := openDescriptors()
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "goroutines left:", err)
		code = 1
	}
	if code == 0 && !settles(before) {
		fmt.Fprintf(os.Stderr, "descriptors left: %d before, %d after\n", before, openDescriptors())
		code = 1
	}
	os.Exit(code)
}

// openDescriptors counts the process's descriptors; 0 where the system doesn't
// tell.
func openDescriptors() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// settles waits until no more descriptors are open than there were.
func settles(before int) bool {
	for range 2000 {
		if openDescriptors() <= before {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
