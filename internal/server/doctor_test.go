package server_test

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"throng/internal/config"
	"throng/internal/doctor"
	"throng/internal/loop"
	"throng/internal/server"
)

// small is a machine on which a process has so many descriptors, and all processes
// together 12,000.
func small(descriptors int) *doctor.Machine {
	return &doctor.Machine{System: "linux", Root: fstest.MapFS{
		"proc/self/limits":        {Data: fmt.Appendf(nil, "Max open files %d %[1]d files\n", descriptors)},
		"proc/sys/fs/file-max":    {Data: []byte("12000\n")},
		"proc/sys/fs/file-nr":     {Data: []byte("1000\t0\t12000\n")},
		"proc/sys/net/ipv4/noise": {Data: []byte("x")},
	}}
}

const early = "this machine stops the server early"

func TestDiagnosis(t *testing.T) {
	for _, test := range []struct {
		name        string
		descriptors int
		set         map[string]string
		want        []string // of the one line; none: no line
	}{
		{"few descriptors", 1024, nil, []string{"level=WARN", "target=10000", "allows=950", `checks="descriptors is 1024, needs 10165"`, `hint="throng doctor --target 10000 says what mends it"`}},
		{"enough for nobody's wish", 20_000, nil, nil},
		{"development", 1024, map[string]string{"dev": "true"}, nil},
		{"fewer asked for", 1024, map[string]string{"engine.max_connections": "500"}, nil},
		{"more asked for", 20_000, map[string]string{"engine.max_connections": "11000"}, []string{"target=11000", "allows=10825", "fs.file-max is 12000"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			log := &record{}
			start(t, server.Options{
				Config: configured(t, test.set), Log: slog.New(slog.NewTextHandler(log, nil)), Machine: small(test.descriptors),
			})
			lines := strings.Count(log.String(), early)
			if want := min(1, len(test.want)); lines != want {
				t.Errorf("%d lines, want %d:\n%s", lines, want, log)
			}
			for _, part := range test.want {
				if !log.has(early, part) {
					t.Errorf("no %s in\n%s", part, log)
				}
			}
		})
	}
}

// The doctor asks for as many descriptors as the loops' own rule does.
func TestDescriptorsAreTheLoops(t *testing.T) {
	for _, target := range []int64{1, 1000, 99_999, 1_000_000} {
		machine := &doctor.Machine{System: "windows", Descriptors: 1}
		c := doctor.Examine(machine, server.Subject(config.Default(), target)).Checks[0]
		var needs int64
		if _, err := fmt.Sscan(c.Needs, &needs); err != nil {
			t.Fatal(err)
		}
		if loop.ConnectionsWithin(needs) < target || target > 1 && loop.ConnectionsWithin(needs-1) >= target {
			t.Errorf("%d descriptors for %d", needs, target)
		}
	}
}

func TestSubject(t *testing.T) {
	c := configured(t, map[string]string{
		"listen": ":8000,unix:/run/t:80", "tls.listen": "[::1]:443,127.0.0.1:0", "tls.cert_files": "c", "tls.key_files": "k", "internal": "",
		"phoenix.path": "/live", "phoenix.longpoll": "false", "phoenix.idle_timeout": "50s",
	})
	s := server.Subject(c, 5)
	if !reflect.DeepEqual(s.Ports, []int{8000, 443}) || !s.TLS || s.Path != "/live/websocket" || s.Poll != "" {
		t.Errorf("%+v", s)
	}
	if s.Silence != 55*time.Second { // a ping after 40 s, 15 s for its answer
		t.Errorf("silence %v", s.Silence)
	}
}
