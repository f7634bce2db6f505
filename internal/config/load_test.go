package config_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"throng/internal/config"
)

func TestPrecedence(t *testing.T) {
	const file = "listen = [\":1\"]\n[engine]\nloops = 1\nqueue_bytes = \"128KiB\"\n[phoenix]\nidle_timeout = \"1s\"\n[http]\nallowed_origins = [\"*\"]\n[websocket]\necho = true\n"
	env := []string{
		"HOME=/root", "THRONG_LISTEN=:2,:22", "THRONG_ENGINE_LOOPS=2", "THRONG_ENGINE_QUEUE_BYTES=262144",
		"THRONG_PHOENIX_IDLE_TIMEOUT=2s", "THRONG_HTTP_ALLOWED_ORIGINS=", "THRONG_WEBSOCKET_ECHO=0",
	}
	set := map[string]string{
		"listen": ":3, unix:/run/t.sock", "engine.loops": "3", "engine.queue_bytes": "3MiB",
		"phoenix.idle_timeout": "3s", "http.allowed_origins": "https://a.example", "websocket.echo": "true",
	}
	type values struct {
		Listen  []string
		Loops   int
		Queue   config.Size
		Idle    time.Duration
		Origins []string
		Echo    bool
	}
	for _, test := range []struct {
		name string
		file string
		env  []string
		set  map[string]string
		want values
	}{
		{"default", "", nil, nil, values{[]string{":8000"}, 0, config.MiB, time.Minute, []string{}, false}},
		{"file", file, nil, nil, values{[]string{":1"}, 1, 128 * config.KiB, time.Second, []string{"*"}, true}},
		{"environment", file, env, nil, values{[]string{":2", ":22"}, 2, 256 * config.KiB, 2 * time.Second, []string{}, false}},
		{"flag", file, env, set, values{[]string{":3", "unix:/run/t.sock"}, 3, 3 * config.MiB, 3 * time.Second, []string{"https://a.example"}, true}},
		{"flag over file", file, nil, set, values{[]string{":3", "unix:/run/t.sock"}, 3, 3 * config.MiB, 3 * time.Second, []string{"https://a.example"}, true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := load(t, config.LoadOptions{File: write(t, test.file), Env: test.env, Set: test.set})
			got := values{c.Listen, c.Engine.Loops, c.Engine.QueueBytes, c.Phoenix.IdleTimeout, c.HTTP.AllowedOrigins, c.WebSocket.Echo}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestNothingSaidIsDefault(t *testing.T) {
	if c := load(t, config.LoadOptions{}); !reflect.DeepEqual(c, config.Default()) {
		t.Errorf("got %+v", c)
	}
}

func TestFileFromEnvironment(t *testing.T) {
	env := []string{"THRONG_CONFIG=" + write(t, "node_name = \"env\"")}
	if c := load(t, config.LoadOptions{Env: env}); c.NodeName != "env" {
		t.Errorf("node_name %q", c.NodeName)
	}
	flag := write(t, "node_name = \"flag\"")
	if c := load(t, config.LoadOptions{File: flag, Env: env}); c.NodeName != "flag" {
		t.Errorf("node_name %q", c.NodeName)
	}
}

func TestMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.toml")
	errs := refused(t, config.LoadOptions{File: path})
	if want := path + ": no such file or directory"; errs[0].Msg != want {
		t.Errorf("got %q, want %q", errs[0].Msg, want)
	}
}

// What a Service of the name throng adds to every pod is no typing error.
func TestKubernetesVariablesAreIgnored(t *testing.T) {
	load(t, config.LoadOptions{Env: []string{
		"THRONG_SERVICE_HOST=10.0.0.1", "THRONG_SERVICE_PORT=8000", "THRONG_SERVICE_PORT_WS=8000",
		"THRONG_PORT=tcp://10.0.0.1:8000", "THRONG_PORT_8000_TCP=tcp://10.0.0.1:8000",
		"THRONG_PORT_8000_TCP_PROTO=tcp", "THRONG_PORT_8000_TCP_PORT=8000", "THRONG_PORT_8000_TCP_ADDR=10.0.0.1",
		"THRONG_INTERNAL_SERVICE_HOST=10.0.0.2", "THRONG_INTERNAL_PORT_9000_TCP_ADDR=10.0.0.2",
	}})
}

func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	path := write(t, strings.Join([]string{
		`lisen = [":1"]`,
		`[engine]`,
		`loops = 65`,
		`slice = 0`,
		`[[namespace]]`,
		`name = "a b"`,
		`[[namespace]]`,
		`name = "chat"`,
		`subscibe = "anybody"`,
	}, "\n"))
	errs := refused(t, config.LoadOptions{
		File: path,
		Env:  []string{"THRONG_LOG_LEVEL=loud"},
		Set:  map[string]string{"engine.kind": "iouring", "phoenix.max_channels": "0"},
	})
	want := strings.ReplaceAll(strings.Join([]string{
		`FILE:1: lisen: unknown setting`,
		`FILE:3: engine.loops: 65 is too large, the most is 64`,
		`FILE:4: engine.slice: 0 is too small, the least is 1`,
		`THRONG_LOG_LEVEL: "loud" is not a value of log.level`,
		`--engine: "iouring" is not a value of engine.kind`,
		`--set phoenix.max_channels: 0 is too small, the least is 1`,
		`FILE:6: namespace.name: ' ' in the name "a b"`,
		`FILE:9: namespace.subscibe: unknown setting`,
	}, "\n"), "FILE", path)
	if got := errs.Error(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	var one *config.Error
	if !errors.As(error(errs), &one) || one != errs[0] {
		t.Error("errors.As does not find the first Error")
	}
}
