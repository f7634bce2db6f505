package config_test

import (
	"bytes"
	"flag"
	"os"
	"reflect"
	"regexp"
	"testing"

	"throng/internal/config"
)

var update = flag.Bool("update", false, "rewrite docs/configuration.md")

const reference = "../../docs/configuration.md"

func TestReferenceIsCommitted(t *testing.T) {
	var b bytes.Buffer
	if err := config.WriteReference(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(reference, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, b.Bytes()) {
		t.Error("docs/configuration.md is stale; run: go generate ./internal/config")
	}
}

// The example must say what holds without it, as it is and with every setting
// taken out of its comment.
func TestExampleIsDefault(t *testing.T) {
	var b bytes.Buffer
	if err := config.WriteExample(&b); err != nil {
		t.Fatal(err)
	}
	active := regexp.MustCompile(`(?m)^#([a-z_]+ = )`).ReplaceAll(b.Bytes(), []byte("$1"))
	if bytes.Equal(active, b.Bytes()) {
		t.Error("no setting is commented out")
	}
	for _, text := range [][]byte{b.Bytes(), active} {
		if c := load(t, config.LoadOptions{File: write(t, string(text))}); !reflect.DeepEqual(c, config.Default()) {
			t.Errorf("got %+v", c)
		}
	}
}

func TestPrintRoundTrip(t *testing.T) {
	for name, opts := range map[string]config.LoadOptions{
		"default": {},
		"dev":     {Set: map[string]string{"dev": "true"}},
		"changed": {
			File: write(t, "[[namespace]]\nname = \"a\"\nhistory_size = 1\nhistory_ttl = \"1h30m\"\n[[namespace]]\nname = \"default\"\npublish = \"anybody\"\n"),
			Set: map[string]string{
				"listen": ":1,unix:/run/a \"b\" \\c é.sock", "internal": "", "node_name": "n-1.example", "engine.drain": "1.5s",
				"engine.queue_bytes": "1048577", "http.allowed_origins": "//*.example.com,*", "http.idle_timeout": "1h",
			},
		},
		"changed dev": {File: write(t, "dev = true\nwebsocket.echo = false\n[[namespace]]\nname = \"a\"\nsubscribe = \"nobody\"\n")},
	} {
		t.Run(name, func(t *testing.T) {
			c := load(t, opts)
			var b bytes.Buffer
			if err := config.Print(&b, c); err != nil {
				t.Fatal(err)
			}
			again := load(t, config.LoadOptions{File: write(t, b.String())})
			if !reflect.DeepEqual(again, c) {
				t.Errorf("got %+v, want %+v, through:\n%s", again, c, b.String())
			}
		})
	}
}
