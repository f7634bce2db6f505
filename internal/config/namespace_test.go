package config_test

import (
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/config"
)

func TestNamespace(t *testing.T) {
	c := load(t, config.LoadOptions{File: write(t, `
[[namespace]]
name = "chat"
subscribe = "anybody"
publish = "authenticated"
client_events = "broadcast"
history_size = 10
history_ttl = "1m"
publication_ttl = "5s"
slow_policy = "newest"
presence = "users"
[[namespace]]
name = "devices"
presence = "clients"
presence_list = 20
[[namespace]]
name = "news"
presence_list = 20
`)})
	for _, want := range []throng.Namespace{
		{
			Name: "chat", Subscribe: throng.Anybody, Publish: throng.Authenticated, ClientEvents: throng.EventBroadcast,
			Retention: throng.Retention{Size: 10, TTL: time.Minute}, PublicationTTL: 5 * time.Second, Slow: throng.SlowNewest,
			Presence: throng.PresenceUsers, PresenceList: 200,
		},
		{Name: "devices", Subscribe: throng.Authenticated, Presence: throng.PresenceClients, PresenceList: 20},
		{Name: "news", Subscribe: throng.Authenticated},
		{Name: "default", Subscribe: throng.Authenticated},
	} {
		if got, ok := c.Namespace(want.Name); !ok || got != want {
			t.Errorf("%s: got %+v, %v", want.Name, got, ok)
		}
	}
	if _, ok := c.Namespace("other"); ok {
		t.Error("an unknown namespace exists")
	}
}

func TestBadNamespaces(t *testing.T) {
	for _, test := range []struct{ table, msg, hint string }{
		{``, `:1: a namespace without a name`, `default`},
		{`name = ""`, `:2: namespace.name: the name is empty`, ``},
		{`name = "a:b"`, `:2: namespace.name: ':' in the name "a:b"`, ``},
		{`name = "` + strings.Repeat("x", 65) + `"`, `:2: namespace.name: the name has more than 64 bytes`, ``},
		{"name = \"a\"\nsubscribe = \"everybody\"", `:3: namespace.subscribe: "everybody" is not a value`, `nobody, token, authenticated, anybody`},
		{"name = \"a\"\npublish = \"all\"", `:3: namespace.publish: "all" is not a value`, ``},
		{"name = \"a\"\nclient_events = \"backend\"", `:3: namespace.client_events: "backend" is not a value`, `comes with backend hooks`},
		{"name = \"a\"\nslow_policy = \"wait\"", `:3: namespace.slow_policy: "wait" is not a value`, ``},
		{"name = \"a\"\npresence = \"on\"", `:3: namespace.presence: "on" is not a value`, `off, users, clients`},
		{"name = \"a\"\npresence_list = 0", `:3: namespace.presence_list: 0 is too small`, ``},
		{"name = \"a\"\npresence_list = 1001", `:3: namespace.presence_list: 1001 is too large`, ``},
		{"name = \"a\"\nhistory_size = -1", `:3: namespace.history_size: -1 is too small`, ``},
		{"name = \"a\"\nhistory_ttl = \"-1s\"", `:3: namespace.history_ttl: -1s is too small`, ``},
		{"name = \"a\"\npublication_ttl = \"9000h\"", `:3: namespace.publication_ttl: 9000h0m0s is too large`, ``},
		{"name = \"a\"\nhistory_size = 5", `:1: namespace "a": history_size without history_ttl`, `set history_ttl too`},
		{"name = \"a\"\nhistory_ttl = \"5s\"", `:1: namespace "a": history_ttl without history_size`, `set history_size too`},
		{"name = \"a\"\n[[namespace]]\nname = \"b\"\n[[namespace]]\nname = \"a\"", `:5: namespace "a" is configured twice`, `the first is at`},
	} {
		t.Run(test.table, func(t *testing.T) {
			path := write(t, "[[namespace]]\n"+test.table)
			errs := refused(t, config.LoadOptions{File: path})
			if len(errs) != 1 || !strings.HasPrefix(errs[0].Msg, path+test.msg) {
				t.Errorf("got %q, want %q", errs.Error(), test.msg)
			}
			if !strings.Contains(errs[0].Hint, test.hint) {
				t.Errorf("hint %q, want %q", errs[0].Hint, test.hint)
			}
		})
	}
}

func open(name string) throng.Namespace {
	return throng.Namespace{Name: name, Subscribe: throng.Anybody, Publish: throng.Anybody, ClientEvents: throng.EventBroadcast}
}

func TestDev(t *testing.T) {
	c := load(t, config.LoadOptions{Set: map[string]string{"dev": "true"}})
	if !c.WebSocket.Echo || len(c.HTTP.AllowedOrigins) != 1 || c.HTTP.AllowedOrigins[0] != "*" {
		t.Errorf("echo %v, origins %q", c.WebSocket.Echo, c.HTTP.AllowedOrigins)
	}
	hist := open("hist")
	hist.Retention = throng.Retention{Size: 100, TTL: 5 * time.Minute}
	for _, want := range []throng.Namespace{hist, open("default"), open("anything"), open("")} {
		if got, ok := c.Namespace(want.Name); !ok || got != want {
			t.Errorf("%q: got %+v, %v", want.Name, got, ok)
		}
	}
}

func TestExplicitWinsOverDev(t *testing.T) {
	path := write(t, `
[http]
allowed_origins = ["https://example.com"]
[websocket]
echo = false
[[namespace]]
name = "chat"
subscribe = "nobody"
[[namespace]]
name = "hist"
history_size = 5
history_ttl = "1s"
`)
	c := load(t, config.LoadOptions{File: path, Env: []string{"THRONG_DEV=1"}})
	c.ApplyDev() // once more changes nothing
	if c.WebSocket.Echo || c.HTTP.AllowedOrigins[0] != "https://example.com" {
		t.Errorf("echo %v, origins %q", c.WebSocket.Echo, c.HTTP.AllowedOrigins)
	}
	chat, hist := open("chat"), open("hist")
	chat.Subscribe = throng.Nobody
	hist.Retention = throng.Retention{Size: 5, TTL: time.Second}
	for _, want := range []throng.Namespace{chat, hist} {
		if got, _ := c.Namespace(want.Name); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// Who turns development off must not keep a namespace that it opened.
func TestDevTurnedOffAgain(t *testing.T) {
	path := write(t, "dev = true\n[[namespace]]\nname = \"chat\"\n")
	c := load(t, config.LoadOptions{File: path, Env: []string{"THRONG_DEV=true"}, Set: map[string]string{"dev": "false"}})
	want := throng.Namespace{Name: "chat", Subscribe: throng.Authenticated}
	if got, _ := c.Namespace("chat"); got != want || c.WebSocket.Echo || len(c.HTTP.AllowedOrigins) != 0 {
		t.Errorf("got %+v", c)
	}
	if _, ok := c.Namespace("hist"); ok {
		t.Error("hist exists")
	}
}
