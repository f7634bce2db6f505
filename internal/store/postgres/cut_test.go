package postgres_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"throng"
	server "throng/test/postgres"
)

// proxy carries connections to a database, and cuts one at a commit, or keeps it.
type proxy struct {
	target string
	listen net.Listener
	all    sync.WaitGroup
	mu     sync.Mutex
	conns  []net.Conn

	// before and after are set to cut the next commit before it reaches the server, or
	// its answer before it reaches the client.
	before, after atomic.Bool
	cuts          atomic.Int32
	// late, if there is one, keeps the next commit from the server until it is closed,
	// whether the client is still there or not.
	late atomic.Pointer[chan struct{}]
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: target, listen: l}
	p.all.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.all.Wait()
	})
	return p
}

func (p *proxy) accept() {
	for {
		client, err := p.listen.Accept()
		if err != nil {
			return
		}
		upstream, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, upstream)
		p.mu.Unlock()
		p.all.Go(func() { p.carry(client, upstream) })
	}
}

// carry moves bytes both ways until one side ends.
func (p *proxy) carry(client, upstream net.Conn) {
	var mute atomic.Bool // answers are read, and go nowhere
	var both sync.WaitGroup
	both.Go(func() {
		defer client.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := upstream.Read(buf)
			if n > 0 && mute.Load() {
				return // the server has answered: it has committed
			}
			if _, werr := client.Write(buf[:n]); err != nil || werr != nil {
				return
			}
		}
	})
	both.Go(func() {
		defer upstream.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := client.Read(buf)
			if bytes.Contains(buf[:n], []byte("commit\x00")) {
				if p.before.CompareAndSwap(true, false) {
					p.cuts.Add(1)
					_ = client.Close()
					return
				}
				if p.after.CompareAndSwap(true, false) {
					p.cuts.Add(1)
					mute.Store(true)
				}
				if late := p.late.Swap(nil); late != nil {
					p.cuts.Add(1)
					<-*late
				}
			}
			if _, werr := upstream.Write(buf[:n]); err != nil || werr != nil {
				if mute.Load() {
					_, _ = io.Copy(io.Discard, client)
				}
				return
			}
		}
	})
	both.Wait()
}

// testLostAnswer cuts the connection at the commit of flushes, before and after the
// server has seen it. Repeated, each takes effect once.
func testLostAnswer(t *testing.T, db *server.Server) {
	dsn, err := url.Parse(db.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, db.Addr())
	direct := dsn.String()
	dsn.Host = p.listen.Addr().String()
	s := open(t, dsn.String())
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	for i, cut := range []struct {
		arm     *atomic.Bool
		written string
	}{{&p.after, "1"}, {&p.before, "0"}} {
		user := strings.Repeat("u", i+1)
		f := throng.VisitFlush{
			Sequence: int64(i + 1), At: lease.Now,
			Opened: []throng.Visit{{User: user, StartedAt: lease.Now}},
			Closed: []throng.Visit{{User: user, StartedAt: lease.Now - 20, EndedAt: lease.Now - 10, Reason: throng.VisitLeft}},
		}
		// The partition is made in a transaction of its own, which is not to be cut.
		if err := s.Prune(t.Context(), throng.VisitRetention{}); err != nil {
			t.Fatal(err)
		}
		cut.arm.Store(true)
		if _, err := s.Flush(t.Context(), lease, &f); err == nil {
			t.Fatalf("cut %d: the flush succeeded", i)
		}
		if got := db.Query(t, direct, `SELECT count(*) FROM visit_log WHERE user_id = '`+user+`'`); got != cut.written {
			t.Errorf("cut %d: %s visits are written, want %s", i, got, cut.written)
		}
		for range 2 {
			if _, err := s.Flush(t.Context(), lease, &f); err != nil {
				t.Fatalf("cut %d: again: %v", i, err)
			}
		}
		if got := db.Query(t, direct, `SELECT count(*), (SELECT count(*) FROM online WHERE user_id = '`+user+`'),
			(SELECT milliseconds FROM watch_daily WHERE user_id = '`+user+`') FROM visit_log WHERE user_id = '`+user+`'`); got != "1|1|10" {
			t.Errorf("cut %d: the log, online and the day have %s, want 1|1|10", i, got)
		}
	}
	if p.cuts.Load() != 2 {
		t.Errorf("%d cuts, want 2", p.cuts.Load())
	}
}
