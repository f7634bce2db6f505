package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"time"

	"throng"
	"throng/internal/dashboard"
)

// pages answers plain HTTP on the public listeners.
func (s *Server) pages() http.Handler {
	if s.opts.Demo {
		return dashboard.Demo()
	}
	return http.NotFoundHandler()
}

// demoNamespace holds the channel of the demo page's figures.
const demoNamespace = "demo"

// figures is what the demo page shows of the server.
type figures struct {
	Connections        int     `json:"connections"`
	BytesPerConnection int     `json:"bytes_per_connection"`
	Deliveries         uint64  `json:"deliveries"`
	Uptime             float64 `json:"uptime_s"`
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
		f := figures{Connections: s.engine.Connections(), Uptime: time.Since(s.started).Seconds()}
		f.BytesPerConnection = max(0, residentBytes()-base) / max(1, f.Connections)
		for i := range s.engine.Loops() {
			f.Deliveries += s.hub.Table(i).Stats().Deliveries.Load()
		}
		data, _ := json.Marshal(f) // plain numbers
		p := &throng.Publication{Event: "figures", Data: data}
		s.node.Broadcast(ctx, demoNamespace+":figures", p, "", func(throng.PublishResult, error) {})
	}
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
