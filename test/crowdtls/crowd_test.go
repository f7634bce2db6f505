package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"throng/internal/gateway/gatewaytest"
)

// TestObey: the crowd does with a real server what it is told, and counts it.
func TestObey(t *testing.T) {
	for name, tt := range map[string]struct {
		front  string
		setup  setup
		spoken string
	}{
		"plain":       {"goroutine", setup{}, "plain"},
		"deflate":     {"goroutine", setup{deflate: true, json: true}, "plain, deflate"},
		"tls":         {"goroutine+tls", setup{secure: true}, "TLS 1.3 X25519MLKEM768 "},
		"tls deflate": {"goroutine+tls", setup{secure: true, classic: true, deflate: true, json: true}, "TLS 1.3 X25519 "},
	} {
		t.Run(name, func(t *testing.T) {
			tt.setup.size = 2000
			got, err := run(t, tt.front, tt.setup, "connect 20\nheartbeat\npublish 1\npublish 16\nconnect 5\npublish 2\n")
			if err != nil {
				t.Fatal(err)
			}
			var done []int
			for _, a := range got {
				done = append(done, a.Done)
			}
			if want := []int{20, 20, 20, 320, 5, 50}; !slices.Equal(done, want) {
				t.Errorf("done %v, want %v", done, want)
			}
			if !strings.HasPrefix(got[0].Spoken, tt.spoken) || strings.HasSuffix(got[0].Spoken, "deflate") != tt.setup.deflate {
				t.Errorf("spoken %q", got[0].Spoken)
			}
		})
	}
}

// TestRefused: what does not go as it should ends the crowd, and is no measurement.
func TestRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		setup    setup
		commands string
		want     string
	}{
		"unknown command": {setup{}, "dance\n", "unknown command"},
		"no such path":    {setup{path: "/nowhere"}, "connect 3\n", "404"},
		"no such channel": {setup{channel: strings.Repeat("x", 2000)}, "connect 3\n", "not joined"},
		"no compression":  {setup{deflate: true}, "connect 3\n", "compression was not agreed on"},
		"nobody there":    {setup{}, "publish 1\n", errNobody.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := run(t, "goroutine", tt.setup, tt.commands); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// run has a crowd obey commands before a server that compresses for who is to
// publish JSON.
func run(t *testing.T, front string, s setup, commands string) (answers []answer, err error) {
	t.Helper()
	o := gatewaytest.Options(front)
	o.Config.WebSocket.Compression = s.json
	s.addr = gatewaytest.Start(t, o).Bare().String()
	if s.path == "" {
		s.path = "/socket/websocket?vsn=2.0.0"
	}
	if s.channel == "" {
		s.channel = "room:1"
	}
	c := newCrowd(s)
	t.Cleanup(func() {
		for _, k := range c.open {
			k.conn.Close()
		}
	})
	var out bytes.Buffer
	err = obey(c, strings.NewReader(commands), &out)
	for lines := json.NewDecoder(&out); lines.More(); {
		var a answer
		if err := lines.Decode(&a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	return answers, err
}

func TestRecords(t *testing.T) {
	const size = 1024
	for number := range 50 {
		b := records(size, number)
		if len(b) != size || !json.Valid(b) {
			t.Fatalf("%d bytes: %s", len(b), b)
		}
		if !bytes.Equal(b, records(size, number)) {
			t.Fatal("differs from run to run")
		}
		if bytes.Equal(b, records(size, number+1)) {
			t.Fatal("the next message is the same")
		}
	}
}
