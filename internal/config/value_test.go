package config_test

import (
	"strings"
	"testing"

	"throng/internal/config"
)

func TestBadValues(t *testing.T) {
	for _, test := range []struct{ file, msg string }{
		// Types and ranges.
		{`listen = ":8000"`, `listen: ":8000" is not a list of strings`},
		{`listen = [1]`, `listen: 1 is not a string`},
		{`dev = "yes"`, `dev: "yes" is not true or false`},
		{`node_name = 3`, `node_name: 3 is not a string`},
		{`engine.loops = "4"`, `engine.loops: "4" is not an integer`},
		{`engine.loops = 1.5`, `engine.loops: 1.5 is not an integer`},
		{`engine.loops = -1`, `engine.loops: -1 is too small, the least is 0`},
		{`engine.loops = 65`, `engine.loops: 65 is too large, the most is 64`},
		{`engine.max_connections = -1`, `engine.max_connections: -1 is too small`},
		{`engine.slice = 0`, `engine.slice: 0 is too small, the least is 1`},
		{`engine.queue_bytes = "1K"`, `engine.queue_bytes: "1K" is not a size`},
		{`engine.queue_bytes = -1`, `engine.queue_bytes: -1 is not a size`},
		{`engine.queue_bytes = 1.5`, `engine.queue_bytes: 1.5 is not a size`},
		{`engine.queue_bytes = "9223372036854775807GiB"`, `is not a size`},
		{`engine.queue_bytes = 1`, `engine.queue_bytes: 1B is too small, the least is 4KiB`},
		{`engine.backlog_bytes = "65GiB"`, `engine.backlog_bytes: 65GiB is too large, the most is 64GiB`},
		{`engine.drain = 10`, `engine.drain: 10 is not a duration`},
		{`engine.drain = "10"`, `engine.drain: "10" is not a duration`},
		{`engine.drain = "-1s"`, `engine.drain: -1s is too small, the least is 0s`},
		{`engine.drain = "61m"`, `engine.drain: 1h1m0s is too large, the most is 1h`},
		{`http.header_timeout = "0s"`, `http.header_timeout: 0s is too small`},
		{`http.max_header_bytes = 1`, `http.max_header_bytes: 1B is too small`},
		{`http.idle_timeout = "0s"`, `http.idle_timeout: 0s is too small`},
		{`websocket.max_message_bytes = 0`, `websocket.max_message_bytes: 0B is too small`},
		{`websocket.max_fragments = 0`, `websocket.max_fragments: 0 is too small`},
		{`websocket.write_timeout = "0s"`, `websocket.write_timeout: 0s is too small`},
		{`phoenix.idle_timeout = "0s"`, `phoenix.idle_timeout: 0s is too small`},
		{`phoenix.max_channels = 0`, `phoenix.max_channels: 0 is too small`},
		// Words.
		{`log.level = "INFO"`, `log.level: "INFO" is not a value of log.level`},
		{`log.format = "xml"`, `log.format: "xml" is not a value of log.format`},
		{`engine.kind = "kqueue"`, `engine.kind: "kqueue" is not a value of engine.kind`},
		// Text with a meaning.
		{`listen = ["8000"]`, `listen: "8000" is not an address`},
		{`listen = ["::1:8000"]`, `listen: "::1:8000" is not an address`},
		{`listen = [":http"]`, `listen: ":http" has no valid port`},
		{`listen = [":65536"]`, `listen: ":65536" has no valid port`},
		{`listen = ["unix:throng.sock"]`, `has no absolute path`},
		{`listen = ["unix:/` + strings.Repeat("x", 107) + `"]`, `at most 107 bytes`},
		{`internal = "localhost"`, `internal: "localhost" is not an address`},
		{`node_name = "a b"`, `node_name: ' ' in the name "a b"`},
		{`node_name = "a\u0007"`, `node_name: "a\a" has bytes that are not text`},
		{`phoenix.path = "socket"`, `"socket" is not a path to mount on`},
		{`phoenix.path = "/"`, `"/" is not a path to mount on`},
		{`phoenix.path = "/socket/"`, `"/socket/" is not a path to mount on`},
		{`phoenix.path = "/a/../b"`, `"/a/../b" is not a path to mount on`},
		{`phoenix.path = "/a?b"`, `'?' in the name "/a?b"`},
		{`phoenix.default_event = ""`, `"" is not the name of an event`},
		{`phoenix.default_event = "phx_reply"`, `"phx_reply" belongs to the Phoenix protocol`},
		{`phoenix.default_event = "presence_diff"`, `"presence_diff" belongs to the Phoenix protocol`},
		// Structure.
		{`engine = 3`, `engine: it is a section`},
		{"[[engine]]\nloops = 3", `engine: it is a section`},
		{"[listen]\na = 1", `listen: a table is not a list of strings`},
		{`namespace = 3`, `namespace is a list of tables`},
		{"[namespace]\nname = \"a\"", `namespace is a list of tables`},
		{"a = 1\na = 2", ``},
		{`a = `, ``},
		{"\x00", ``},
		// What settings say together.
		{`listen = []`, `listen: clients have no address to connect to`},
		{`internal = ":8000"`, `internal: :8000 is public, it is in listen too`},
		{`engine.queue_bytes = "32KiB"`, `engine.queue_bytes: 32KiB can't hold one message`},
		{"websocket.max_message_bytes = \"64MiB\"\nengine.queue_bytes = \"64MiB\"\nengine.backlog_bytes = \"1MiB\"", `engine.backlog_bytes: 1MiB can't hold one message`},
	} {
		t.Run(test.file, func(t *testing.T) {
			errs := refused(t, config.LoadOptions{File: write(t, test.file)})
			if len(errs) != 1 || !strings.Contains(errs[0].Msg, test.msg) {
				t.Errorf("got %q, want %q", errs.Error(), test.msg)
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	for origin, ok := range map[string]bool{
		"*": true, "https://example.com": true, "http://localhost:3000": true, "https://[::1]:8443": true,
		"//*.example.com": true, "//*.example.com:8443": true,

		"": false, "null": false, "example.com": false, "//example.com": false, "*.example.com": false,
		"https://*.example.com": false, "//*.*.example.com": false, "//*.": false, "https://": false,
		"https://example.com/": false, "https://example.com/app": false, "https://example.com?x": false,
		"https://Example.com": false, "https://exämple.com": false, "https://user@example.com": false,
		"https://example.com:443": false, "http://example.com:80": false, "https://example.com:": false,
		"https://example.com:x": false, "ftp://example.com": false, "https://exa mple.com": false,
	} {
		_, err := config.Load(config.LoadOptions{File: write(t, "[http]\nallowed_origins = [\""+origin+"\"]")})
		if (err == nil) != ok {
			t.Errorf("%q: %v", origin, err)
		}
	}
}

func TestGoodAddresses(t *testing.T) {
	for _, a := range []string{":8000", ":0", "127.0.0.1:8000", "[::1]:8000", "[::]:8000", "example.com:80", "unix:/run/throng.sock"} {
		load(t, config.LoadOptions{Set: map[string]string{"listen": a, "internal": ""}})
	}
	load(t, config.LoadOptions{Set: map[string]string{"listen": ":0", "internal": ":0"}})
}

func TestBadTextFromEnvironment(t *testing.T) {
	for kv, msg := range map[string]string{
		"THRONG_ENGINE_LOOPS=":     `THRONG_ENGINE_LOOPS: "" is not an integer`,
		"THRONG_ENGINE_LOOPS=4.0":  `THRONG_ENGINE_LOOPS: "4.0" is not an integer`,
		"THRONG_DEV=yes":           `THRONG_DEV: "yes" is not true or false`,
		"THRONG_ENGINE_DRAIN=10":   `THRONG_ENGINE_DRAIN: "10" is not a duration`,
		"THRONG_LISTEN=:1,,:2":     `THRONG_LISTEN: "" is not an address`,
		"THRONG_LISTEN=":           `listen: clients have no address to connect to`,
		"THRONG_NODE_NAME=a\xffb":  `THRONG_NODE_NAME: "a\xffb" has bytes that are not text`,
		"THRONG_HTTP_IDLE_TIMEOUT": ``, // no variable at all
	} {
		_, err := config.Load(config.LoadOptions{Env: []string{kv}})
		if msg == "" && err == nil {
			continue
		}
		if err == nil || err.Error() != msg {
			t.Errorf("%s: got %v, want %s", kv, err, msg)
		}
	}
}
