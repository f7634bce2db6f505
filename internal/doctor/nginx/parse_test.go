package nginx_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"throng/internal/doctor/nginx"
)

func TestWords(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{`a b  c;`, []string{"b", "c"}},
		{"a b # not; this {\n c;", []string{"b", "c"}},
		{`a "b c" 'd;e' "\"" '\.';`, []string{"b c", "d;e", `"`, `\.`}},
		{`a ${x}y $z;`, []string{"${x}y", "$z"}},
		{`a b#c ^/d\;e;`, []string{"b#c", `^/d\;e`}},
		{"a\r\n\tb;", []string{"b"}},
		{`a '';`, []string{""}},
	} {
		d := parse(t, test.text).Root.One("a")
		if d == nil || !reflect.DeepEqual(d.Args, test.want) {
			t.Errorf("%q: %+v, want %q", test.text, d, test.want)
		}
	}
}

func TestInheritance(t *testing.T) {
	c := parse(t, `
http {
  timeout 1;
  header a; header b;
  server {
    header c;
    location / { timeout 2; }
    location /b { }
  }
}`)
	l := c.Root.Below("location")
	if n := len(l[0].Inherited("header")); n != 1 {
		t.Errorf("%d headers, but a level that sets one inherits none", n)
	}
	if got := l[0].Setting("timeout").Arg(0) + l[1].Setting("timeout").Arg(0); got != "21" {
		t.Errorf("timeouts %s", got)
	}
	if l[0].Setting("timeout").Where() != "/etc/nginx.conf:7" {
		t.Error(l[0].Setting("timeout").Where())
	}
	if l[0].Setting("none").Arg(0) != "" {
		t.Error("a directive that is not there has an argument")
	}
}

func TestInclude(t *testing.T) {
	c, err := nginx.Parse(files(map[string]string{
		"etc/nginx.conf":      "http { include sites/*.conf; include /opt/x; include nowhere; }",
		"etc/sites/a.conf":    "server { listen 1; }",
		"etc/sites/b.conf":    "server { listen 2; }",
		"etc/sites/c.default": "server { listen 3; }",
		"opt/x":               "server { include listen; }",
		"etc/listen":          "\nlisten 4;", // relative to the main file
	}), "etc/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range c.Servers() {
		got = append(got, s.One("listen").Where()+" "+s.One("listen").Arg(0))
	}
	want := []string{"/etc/sites/a.conf:1 1", "/etc/sites/b.conf:1 2", "/etc/listen:2 4"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(c.Missing) != 1 || c.Missing[0].Arg(0) != "nowhere" {
		t.Errorf("missing: %+v", c.Missing)
	}
}

func TestLua(t *testing.T) {
	c := parse(t, "a { content_by_lua_block { if x then y({1}) ; end } } b 1;")
	if c.Root.One("b").Arg(0) != "1" {
		t.Error("what follows a Lua block was lost")
	}
}

func TestRefuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"a b", "/etc/nginx.conf:1: a does not end with a semicolon"},
		{"\na {\n b;\n", "/etc/nginx.conf:2: a block is not closed"},
		{"a;\n}", "/etc/nginx.conf:2: unexpected }"},
		{"a;\n;", "/etc/nginx.conf:2: unexpected ;"},
		{"{ a; }", "/etc/nginx.conf:1: unexpected {"},
		{"\n\na \"b;\n", "/etc/nginx.conf:3: a quote is not closed"},
		{"a_by_lua_block { {", "/etc/nginx.conf:1: a block is not closed"},
		{strings.Repeat("a {", 100), "/etc/nginx.conf:1: blocks are nested too deep"},
		{"include nginx.conf;", "/etc/nginx.conf:1: too many includes"},
		{"include nginx.conf; include nginx.conf;", "/etc/nginx.conf:1: too many includes"},
		{strings.Repeat("#", 5<<20), "/etc/nginx.conf:1: too large for a configuration"},
	} {
		_, err := nginx.Parse(files(map[string]string{"etc/nginx.conf": test.text}), "etc/nginx.conf")
		if err == nil || err.Error() != test.want {
			t.Errorf("%.40q: %v, want %s", test.text, err, test.want)
		}
	}
}

func TestLocation(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"longest prefix", "location / {} location /socket {} location /sock {}", "/socket"},
		{"exact", "location ~ . {} location = /socket/websocket {}", "="},
		{"expression over prefix", `location /socket/ {} location ~ \.php$ {} location ~ ^/socket/ {}`, "~"},
		{"first expression", `location ~* ^/SOCKET {} location ~ ^/socket/ {}`, "~*"},
		{"marked prefix over expression", "location ^~ /socket {} location ~ . {}", "^~"},
		{"nested", "location /socket { location /socket/websocket {} }", "/socket/websocket"},
		{"named", "location @a {}", ""},
		{"Perl's", "location ~ (?<!a)b {} location / {}", "/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := parse(t, "server {"+test.text+"}")
			if l := nginx.Location(c.Servers()[0], "/socket/websocket"); l.Arg(0) != test.want {
				t.Errorf("got %q, want %q", l.Arg(0), test.want)
			}
		})
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90": 90 * time.Second, "90s": 90 * time.Second, "1m30s": 90 * time.Second, "500ms": 500 * time.Millisecond, "1d": 24 * time.Hour,
	} {
		if got, ok := nginx.Duration(text); !ok || got != want {
			t.Errorf("%s: %v %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "s", "1x", "-1", "99999999999", "$t"} {
		if got, ok := nginx.Duration(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`http { server { listen 80; location ~ "^/a{2}" { proxy_pass http://unix:/x; } } } # c`)
	f.Add("include *;\na '")
	f.Add("a_by_lua_block { } ${b")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := nginx.Parse(files(map[string]string{"f": text}), "f")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "/f:") {
				t.Errorf("no place: %v", err)
			}
			return
		}
		for _, s := range c.Servers() {
			nginx.Location(s, "/socket/websocket")
		}
	})
}
