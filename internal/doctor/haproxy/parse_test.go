package haproxy_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"throng/internal/doctor/haproxy"
)

func TestWords(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"a  b\tc", []string{"a", "b", "c"}},
		{"a b#c", []string{"a", "b"}},
		{`a "b # c" 'd "e' f\ g \#`, []string{"a", "b # c", `d "e`, "f g", "#"}},
		{`a "b\"c" ''`, []string{"a", `b"c`, ""}},
		{`a x"y"z`, []string{"a", "xyz"}},
	} {
		l := parse(t, "global\n"+test.text+"\r\n").Global().Lines[0]
		if !reflect.DeepEqual(l.Words, test.want) {
			t.Errorf("%q: %q, want %q", test.text, l.Words, test.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	c := parse(t, `
global
  maxconn 1
defaults first
  timeout client 1s
  timeout server 2s
frontend a
  timeout server 3s
defaults
  timeout client 4s
frontend b
frontend c from first
`)
	for i, want := range []string{"1s3s", "4s", "1s2s"} {
		s := c.Sections[[]int{2, 4, 5}[i]]
		if got := s.Setting("timeout", "client").Word(2) + s.Setting("timeout", "server").Word(2); got != want {
			t.Errorf("%s: %s, want %s", s.Name, got, want)
		}
	}
	if where := c.Global().Setting("maxconn").Where(); where != "h.cfg:3" {
		t.Error(where)
	}
}

func TestRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"\nmaxconn 1":         `h.cfg:2: "maxconn" stands in no section`,
		"global\n a 'b\n":     "h.cfg:2: a quote is not closed",
		"global\n\nfrontend ": "h.cfg:3: frontend has no name",
	} {
		if _, err := haproxy.Parse("h.cfg", text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestBackends(t *testing.T) {
	for _, test := range []struct{ name, rules, want string }{
		{"default", "default_backend b", "b"},
		{"path of another", "use_backend a if { path /socket/longpoll }\ndefault_backend b", "b"},
		{"path", "use_backend a if { path_beg /socket/ }\ndefault_backend b", "a"},
		{"path by flags", "use_backend a if { path -i -m beg /SOCKET }\ndefault_backend b", "a"},
		{"unless", "use_backend a unless { path_beg /socket }\ndefault_backend b", "b"},
		{"not", "use_backend a if !{ path_end .php }\ndefault_backend b", "a"},
		{"all", "use_backend a if { path_beg /socket } { path_end .php }\ndefault_backend b", "b"},
		{"or", "use_backend a if { path / } || { path_sub websocket }\ndefault_backend b", "a"},
		{"named", "acl ws path_beg /x\nacl ws hdr(Upgrade) -i WebSocket\nuse_backend a if ws\ndefault_backend b", "a"},
		{"not known", "use_backend a if { src 10.0.0.0/8 }\ndefault_backend b", "a b"},
		{"not known and no", "use_backend a if { src 10.0.0.0/8 } { path /x }\ndefault_backend b", "b"},
		{"not closed", "use_backend a if { path /x\ndefault_backend b", "a b"},
		{"none", "", ""},
		{"not there", "default_backend c", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := parse(t, "frontend f\n"+test.rules+"\nbackend a\nbackend b\n")
			var got []string
			for _, b := range c.Backends(c.Sections[0], "/socket/websocket") {
				got = append(got, b.Name)
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	c := parse(t, "listen l\n server s 127.0.0.1:1\n")
	if b := c.Backends(c.Sections[0], "/"); len(b) != 1 || b[0].Name != "l" {
		t.Errorf("a listen is its own backend: %v", b)
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{"90": 90 * time.Millisecond, "90s": 90 * time.Second, "2h": 2 * time.Hour, "5us": 5 * time.Microsecond} {
		if got, ok := haproxy.Duration(text); !ok || got != want {
			t.Errorf("%s: %v %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "s", "1x", "-1s", "1m30s"} {
		if got, ok := haproxy.Duration(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("global\n maxconn 1\nfrontend f\n use_backend a if { path /x } || ! b\nlisten a\n server s unix@/x\n")
	f.Add("defaults a\nfrontend f from a\n use_backend a if ! { \nacl")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := haproxy.Parse("f", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("no place: %v", err)
			}
			return
		}
		for _, s := range c.Sections {
			c.Backends(s, "/socket/websocket")
			s.Setting("timeout", "client").Word(2)
		}
	})
}
