package loop_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"throng/internal/loop"
)

// childCrowd is the environment variable that turns the test binary into idle TLS
// clients of an address.
const childCrowd = "THRONG_LOOP_TEST_CROWD"

const crowdSize = 2000

// crowdAsChild connects and waits for the end of its input.
func crowdAsChild(addr string) int {
	for range crowdSize {
		nc, err := tls.Dial("tcp", addr, clientTLS())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer nc.Close()
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// BenchmarkSecureIdle reports what an idle TLS 1.3 connection holds, its handler
// and the kernel's part not included: live heap, and resident memory at the
// default GOGC and after a forced collection.
func BenchmarkSecureIdle(b *testing.B) {
	eachSecure(b, func(b *testing.B, on carrier) {
		for b.Loop() {
			idleCrowd(b, on)
		}
	})
}

func idleCrowd(b *testing.B, on carrier) {
	e := newEngine(b, on.kind, loop.Options{})
	e.Start()
	ln := listen(b, on.network)
	var shakes sync.WaitGroup
	door := &front{e: e, cfg: serverTLS(), busy: &shakes, next: func() loop.Handler { return idle1{} }}
	served := make(chan error, 1)
	go func() { served <- e.Serve(ln, func() loop.Handler { return door }) }()
	heap, rss := memory(true)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childCrowd+"="+ln.Addr().String())
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		b.Fatal(line, err)
	}
	shakes.Wait()
	heapNow, rssNow := memory(false)
	b.ReportMetric(float64(heapNow-heap)/crowdSize, "B/heap")
	b.ReportMetric(float64(rssNow-rss)/crowdSize, "B/RSS")
	heapNow, rssNow = memory(true)
	b.ReportMetric(float64(heapNow-heap)/crowdSize, "B/heap-gc")
	b.ReportMetric(float64(rssNow-rss)/crowdSize, "B/RSS-gc")
	_ = in.Close()
	_ = cmd.Wait()
	stop(b, e)
	<-served
}

// memory returns the heap and the resident memory, with a collection before or
// without one.
func memory(collect bool) (heap, rss int64) {
	if collect {
		runtime.GC()
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	statm, _ := os.ReadFile("/proc/self/statm")
	_, _ = fmt.Sscan(string(statm), new(int64), &rss)
	return int64(m.HeapAlloc), rss * int64(os.Getpagesize())
}

// idle1 does nothing.
type idle1 struct{ silent }

func (idle1) Open(*loop.Conn) {}

func eachSecure(b *testing.B, bench func(b *testing.B, on carrier)) {
	for _, on := range carriers() {
		if on.secure() {
			b.Run(string(on.kind), func(b *testing.B) { bench(b, on) })
		}
	}
}

// BenchmarkSecureEcho is a round trip of 64 bytes on one of 64 connections; the
// clients' half is included.
func BenchmarkSecureEcho(b *testing.B) {
	eachSecure(b, func(b *testing.B, on carrier) {
		r := start(b, on, loop.Options{}, echoing)
		var left atomic.Int64
		left.Store(int64(b.N))
		var clients []func()
		for range 64 {
			cl, _, _ := r.dial()
			buf := make([]byte, 64)
			clients = append(clients, func() {
				for left.Add(-1) >= 0 {
					_, _ = cl.Write(buf)
					if _, err := io.ReadFull(cl.Conn, buf); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		b.ReportAllocs()
		b.ResetTimer()
		group(clients...)
		b.StopTimer()
	})
}

// BenchmarkSecureFanOut is a frame of 128 bytes to each of 500 connections. The
// clients take the bytes and don't decrypt them.
func BenchmarkSecureFanOut(b *testing.B) {
	eachSecure(b, func(b *testing.B, on carrier) {
		const conns = 500
		r := start(b, on, loop.Options{Loops: 1}, nil)
		f := &fan{frame: make([]byte, 128), times: 1}
		var got atomic.Int64
		more := make(chan struct{}, 1)
		var readers sync.WaitGroup
		for range conns {
			cl, _, c := r.dial()
			f.conns = append(f.conns, c)
			readers.Go(func() { count(cl.Conn.(*tls.Conn).NetConn(), &got, more) })
		}
		const record = 5 + 128 + 1 + 16
		want := int64(0)
		deliver := func() {
			r.e.Mailbox(0).Post(f)
			for want += conns * record; got.Load() < want; {
				<-more
			}
		}
		deliver() // the queues are made once
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			deliver()
		}
		b.StopTimer()
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*conns), "ns/delivery")
		stop(b, r.e)
		readers.Wait()
	})
}
