package gateway_test

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"testing"

	"throng"
	"throng/internal/gateway/gatewaytest"
)

// BenchmarkEvents is a publication that 200 streams get, with one channel each or
// with three. What the clients do is in it; they allocate nothing.
func BenchmarkEvents(b *testing.B) {
	for channels, target := range map[int]string{1: "/events?channel=hist:a", 3: "/events?channel=hist:a&channel=hist:b&channel=hist:c"} {
		b.Run(fmt.Sprint("channels=", channels), func(b *testing.B) {
			const streams = 200
			s := gatewaytest.Start(b, gatewaytest.Options("auto"))
			var all []net.Conn
			for range streams {
				l := listen(b, s, target)
				for range channels {
					l.begins()
				}
				if n := l.body.Buffered(); n > 0 {
					_, _ = l.body.Discard(n)
				}
				all = append(all, l.Conn)
			}
			buf := make([]byte, 64<<10)
			trip := func() {
				publishAll(b, s, "hist:a", &throng.Publication{Data: []byte(`{"text":"hello"}`)})
				for _, nc := range all {
					for last := byte(0); last != '\n'; { // small enough to come in one piece
						n, err := nc.Read(buf)
						if err != nil {
							b.Fatal(err)
						}
						last = buf[n-1]
					}
				}
			}
			for range 20 {
				trip()
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			n := 0
			for b.Loop() {
				trip()
				n++
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(n*streams), "allocs/delivery")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(n*streams), "B/delivery")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n*streams), "µs/delivery")
		})
	}
}

// BenchmarkEventsRecover is a client that comes back and gets the hundred
// publications that it missed.
func BenchmarkEventsRecover(b *testing.B) {
	s := gatewaytest.Start(b, gatewaytest.Options("auto"))
	l := listen(b, s, "/events?channel=hist:a")
	_, id := l.begins()
	_ = l.Close()
	for range 100 {
		publish(b, s, "hist:a", `{"text":"0123456789012345678901234567890123456789012345678901234567890123"}`)
	}
	request := []byte("GET /events?channel=hist:a HTTP/1.1\r\nHost: x\r\nLast-Event-ID: " + id + "\r\n\r\n")
	buf := make([]byte, 256<<10)
	b.ReportAllocs()
	for b.Loop() {
		nc, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		_, _ = nc.Write(request)
		for n := 0; !bytes.Contains(buf[:n], []byte(`"offset":100,"data"`)) || !bytes.HasSuffix(buf[:n], []byte("\n\n")); {
			m, err := nc.Read(buf[n:])
			if err != nil {
				b.Fatal(err)
			}
			n += m
		}
		_ = nc.Close()
	}
}
