package doctor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"throng/internal/doctor"
)

// The names of the fields are a promise: docs/doctor.md lists them.
func TestJSONFields(t *testing.T) {
	var b bytes.Buffer
	s := subject(madeFor)
	r := doctor.Examine(machine(tree(t, "debian", "container")), s, read(t, "haproxy.cfg", deployed(t, "haproxy.cfg"), s))
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var all struct {
		Checks []map[string]any
		Memory map[string]any
		Mend   []map[string]any
	}
	var top map[string]any
	if err := errors.Join(json.Unmarshal(b.Bytes(), &all), json.Unmarshal(b.Bytes(), &top)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what string
		got  map[string]any
		want string
	}{
		{"report", top, "allows checks memory mend process system target verdict"},
		{"check", all.Checks[slices.IndexFunc(all.Checks, func(c map[string]any) bool { return c["check"] == "memory.max" })],
			"allows check is needs verdict where why"},
		{"memory", all.Memory, "available kernel kernel_total limit per_connection process proxy proxy_total server_total sockets total"},
		{"remedy", all.Mend[0], "lines path"},
	} {
		if got := strings.Join(slices.Sorted(maps.Keys(test.got)), " "); got != test.want {
			t.Errorf("%s: %s, want %s", test.what, got, test.want)
		}
	}
}

func TestEmptyMendIsAList(t *testing.T) {
	var b bytes.Buffer
	if err := doctor.Examine(machine(tree(t, "debian")), subject(1000)).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"mend": []`) {
		t.Error(b.String())
	}
}

func TestMemory(t *testing.T) {
	for _, test := range []struct {
		name            string
		tls, goroutines bool
		total           int64
	}{
		{"plain", false, false, 32<<20 + 100_000*(1_000+4_100)},
		{"TLS", true, false, 32<<20 + 100_000*(9_400+4_100)},
		{"TLS on goroutines", true, true, 32<<20 + 100_000*(36_200+4_100)},
	} {
		s := subject(100_000)
		s.TLS, s.Goroutines = test.tls, test.goroutines
		m := doctor.Examine(machine(tree(t, "debian")), s).Memory
		if m.Total != test.total || m.Total != m.ServerTotal+m.KernelTotal+m.ProxyTotal {
			t.Errorf("%s: %+v, want %d", test.name, m, test.total)
		}
	}
}

func TestText(t *testing.T) {
	var b strings.Builder
	if err := doctor.Examine(machine(tree(t, "debian", "container")), subject(madeFor)).Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"For 100000 connections, by the limits of this process.\n",
		"\nlow      pids.max  ", "\nThe narrowest of these allows 46055 connections.\n",
		"\n# /etc/systemd/system/throng.service.d/90-throng.conf\n[Service]\nMemoryMax=",
		"\n  together   543.6 MB\n", "\nThen: systemctl daemon-reload",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWriteFails(t *testing.T) {
	r := doctor.Examine(machine(tree(t, "debian")), subject(1000))
	if r.Write(broken{}) == nil || r.WriteJSON(broken{}) == nil {
		t.Error("that nothing could be written was not said")
	}
}
