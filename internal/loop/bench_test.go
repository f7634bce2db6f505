package loop_test

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"throng"
	"throng/internal/loop"
)

// The benchmarks run real loops over TCP with the clients in the same process,
// so all figures contain the clients' half.

func eachKind(b *testing.B, bench func(b *testing.B, on carrier)) {
	for _, on := range carriers() {
		if on.network == "tcp" {
			b.Run(string(on.kind), func(b *testing.B) { bench(b, on) })
		}
	}
}

func BenchmarkEcho(b *testing.B) {
	for _, conns := range []int{1, 64} {
		b.Run(fmt.Sprint(conns), func(b *testing.B) {
			eachKind(b, func(b *testing.B, on carrier) {
				r := start(b, on, loop.Options{}, echoing)
				var left atomic.Int64
				left.Store(int64(b.N))
				var clients []func()
				for range conns {
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
		})
	}
}

// fan sends a frame to all connections of a loop, as one task.
type fan struct {
	conns []*loop.Conn
	frame []byte
	times int
}

func (f *fan) Run(int) {
	for _, c := range f.conns {
		for range f.times {
			c.SendDroppable(f.frame, throng.Timing{}, 1)
		}
	}
}

// benchFan measures frames to 1000 connections, so many waiting for each.
func benchFan(b *testing.B, on carrier, loops, waiting int) {
	const conns = 1000
	r := start(b, on, loop.Options{Loops: loops}, nil)
	fans := make([]*fan, loops)
	for i := range fans {
		fans[i] = &fan{frame: make([]byte, 64), times: waiting}
	}
	var got atomic.Int64
	more := make(chan struct{}, 1)
	var readers sync.WaitGroup
	for range conns {
		cl, _, c := r.dial()
		f := fans[c.Loop().Index()]
		f.conns = append(f.conns, c)
		readers.Go(func() { count(cl.Conn, &got, more) })
	}
	want := int64(0)
	deliver := func() {
		for i, f := range fans {
			r.e.Mailbox(i).Post(f)
		}
		for want += int64(conns * waiting * 64); got.Load() < want; {
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
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*conns*waiting), "ns/delivery")
	stop(b, r.e)
	readers.Wait()
}

// count reads and counts until the end.
func count(nc net.Conn, got *atomic.Int64, more chan<- struct{}) {
	buf := make([]byte, 2048)
	for {
		n, err := nc.Read(buf)
		got.Add(int64(n))
		select {
		case more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func BenchmarkFanOut(b *testing.B) {
	for _, loops := range []int{1, 2} {
		for _, waiting := range []int{1, 16} {
			b.Run(fmt.Sprintf("loops=%d/waiting=%d", loops, waiting), func(b *testing.B) {
				eachKind(b, func(b *testing.B, on carrier) { benchFan(b, on, loops, waiting) })
			})
		}
	}
}

func BenchmarkAcceptClose(b *testing.B) {
	eachKind(b, func(b *testing.B, on carrier) {
		e := newEngine(b, on.kind, loop.Options{})
		e.Start()
		defer stop(b, e)
		ln := listen(b, on.network)
		go func() { _ = e.Serve(ln, func() loop.Handler { return silent{} }) }()
		b.ReportAllocs()
		for b.Loop() {
			nc, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			_, _ = nc.Read(make([]byte, 1)) // its end
			_ = nc.(*net.TCPConn).SetLinger(0)
			_ = nc.Close()
		}
	})
}

// silent says goodbye at once.
type silent struct{}

func (silent) Open(c *loop.Conn)                { c.Finish(nil) }
func (silent) Data(_ *loop.Conn, b []byte) int  { return len(b) }
func (silent) Timer(*loop.Conn)                 {}
func (silent) Message(*loop.Conn, any)          {}
func (silent) Shutdown(*loop.Conn)              {}
func (silent) Closed(_ *loop.Conn, cause error) {}
