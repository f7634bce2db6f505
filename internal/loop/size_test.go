package loop

import (
	"runtime"
	"testing"
	"unsafe"
)

type idleHandler struct{}

func (idleHandler) Open(*Conn)                 {}
func (idleHandler) Data(_ *Conn, b []byte) int { return len(b) }
func (idleHandler) Timer(*Conn)                {}
func (idleHandler) Message(*Conn, any)         {}
func (idleHandler) Shutdown(*Conn)             {}
func (idleHandler) Closed(_ *Conn, _ error)    {}

// The record of a connection is most of what an idle one costs.
func TestConnIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Conn{}); n > 96 {
		t.Errorf("a Conn has %d bytes, the next size class after 96 is 112", n)
	}
}

// BenchmarkIdleConn reports what 10,000 idle connections hold, with a deadline
// each and without their handlers and sockets.
func BenchmarkIdleConn(b *testing.B) {
	const conns = 10_000
	e, err := New(Options{Kind: Goroutine, Loops: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = e.Stop(b.Context()) }()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var per float64
	for b.Loop() {
		l := newLoop(e, 0, newPark())
		before := heap()
		for i := range conns {
			c := &Conn{fd: -1}
			l.add(c, idleHandler{})
			c.SetDeadline(l.now + int64(i))
		}
		per = float64(heap()-before) / conns
		runtime.KeepAlive(l)
	}
	b.ReportMetric(per, "B/conn")
	b.ReportMetric(float64(unsafe.Sizeof(Conn{})), "B/record")
}
