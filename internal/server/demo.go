package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"time"
	"unsafe"

	"throng"
	"throng/internal/dashboard"
	"throng/internal/gateway"
	"throng/internal/gateway/phoenix"
	"throng/internal/hub"
	"throng/internal/loop"
	"throng/internal/session"
)

// pages answers plain HTTP on the public listeners.
func (s *Server) pages() http.Handler {
	if s.opts.Demo {
		return dashboard.Demo()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "throng: nothing here; Phoenix clients connect to "+s.cfg.Phoenix.Path, http.StatusNotFound)
	})
}

// DemoChannel is the demo's stream, with all that belongs to it: who is here, what they
// say, what they are offered.
const DemoChannel = streamNamespace + ":live"

const streamNamespace = "stream"

// stream is the namespace of DemoChannel, if none of that name is configured.
func stream() *throng.Namespace {
	const (
		kept    = 100
		members = 200
	)
	return &throng.Namespace{
		Name: streamNamespace, Subscribe: throng.Anybody, Publish: throng.Anybody, ClientEvents: throng.EventBroadcast,
		Retention: throng.Retention{Size: kept, TTL: 10 * time.Minute}, Slow: throng.SlowDisconnect,
		Presence: throng.PresenceUsers, PresenceList: members, Visits: true, Watch: throng.WatchExclusive,
	}
}

// demoNamespace holds the channel of the demo page's figures, and those of its users'
// own times.
const demoNamespace = "demo"

// figures is what the demo page shows of the server.
type figures struct {
	Connections        int     `json:"connections"`
	BytesPerConnection int     `json:"bytes_per_connection"`
	Measured           bool    `json:"measured"` // else the bytes are those of the records alone
	Deliveries         uint64  `json:"deliveries"`
	Uptime             float64 `json:"uptime_s"`
	Store              string  `json:"store"`   // temporary, file, postgres or off
	Started            int64   `json:"started"` // when this process began, in milliseconds since 1970
}

// publishFigures tells the demo page once a second how the server is.
func (s *Server) publishFigures(ctx context.Context) {
	base := residentBytes()
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		f := figures{
			Connections: int(s.gateway.Stats().WebSockets.Load()),
			Uptime:      time.Since(s.started).Seconds(), Started: s.started.UnixMilli(), Store: s.storeKind(),
		}
		f.BytesPerConnection, f.Measured = bytesPerConnection(f.Connections, residentBytes()-base)
		for i := range s.engine.Loops() {
			f.Deliveries += s.hub.Table(i).Stats().Deliveries.Load()
		}
		data, _ := json.Marshal(f) // plain numbers
		p := &throng.Publication{Event: "figures", Data: data}
		s.node.Broadcast(ctx, demoNamespace+":figures", p, "", func(throng.PublishResult, error) {})
	}
}

// storeKind says how long things last here.
func (s *Server) storeKind() string {
	switch c := &s.cfg.Store; {
	case s.store == nil:
		return "off"
	case c.Temporary():
		return "temporary"
	case c.Kind == "sqlite":
		return "file"
	default:
		return c.Kind
	}
}

// bytesPerConnection divides what the process has grown by among its connections.
// A few connections vanish beside what else happens in a process, so below a
// thousand it is the size of the records of one that has joined one channel.
func bytesPerConnection(connections, grown int) (bytes int, measured bool) {
	const enough = 1000
	if connections >= enough && grown > 0 {
		return grown / connections, true
	}
	return int(unsafe.Sizeof(loop.Conn{})+unsafe.Sizeof(phoenix.Socket{})+unsafe.Sizeof(session.Subscription{})) +
		gateway.SocketBytes + hub.MemberBytes, false
}

// residentBytes is the process's memory, 0 where the system doesn't tell.
func residentBytes() int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(string(fields[1]))
	return pages * os.Getpagesize()
}
