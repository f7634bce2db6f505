package server_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/server"
)

// Every metric is in docs/operation.md, and everything there exists, with the
// labels that it has.
func TestMetricsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/operation.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(throng_[a-z_]+)` \\| ([a-z]+) \\|([^|]*)\\|").FindAllStringSubmatch(string(doc), -1) {
		documented[m[1]] = m[2] + " " + strings.Trim(m[3], "` ")
	}

	cert, key := gatewaytest.Certificate(t)
	s := start(t, server.Options{Config: configured(t, map[string]string{
		"tls.listen": "127.0.0.1:0", "tls.cert_files": cert, "tls.key_files": key,
		"store.file": filepath.Join(t.TempDir(), "visits.db"), // which has metrics, whether it can be opened or not
	})})
	status, _, body := get(t, s.Internal(), "/metrics")
	if status != 200 {
		t.Fatalf("GET /metrics: %d", status)
	}
	scraped := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (throng_[a-z_]+) ([a-z]+)$`).FindAllStringSubmatch(body, -1) {
		name, kind := m[1], m[2]
		label := ""
		if l := regexp.MustCompile(`(?m)^` + name + `\{([a-z_]+)=`).FindStringSubmatch(body); l != nil && kind != "histogram" {
			label = l[1]
		}
		scraped[name] = kind + " " + label
		if !strings.Contains(body, "# HELP "+name+" ") {
			t.Errorf("%s has no help", name)
		}
	}
	if len(scraped) < 20 {
		t.Fatalf("only %d metrics in:\n%s", len(scraped), body)
	}
	for _, name := range slices.Sorted(maps.Keys(scraped)) {
		if documented[name] == "" {
			t.Errorf("%s (%s) is not in docs/operation.md", name, scraped[name])
		} else if documented[name] != scraped[name] {
			t.Errorf("%s is a %s, documented as %s", name, scraped[name], documented[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(documented)) {
		if scraped[name] == "" {
			t.Errorf("docs/operation.md has %s, the server has not", name)
		}
	}
}
