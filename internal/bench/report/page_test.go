package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"throng/internal/bench/report"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s is not what was written (see with: go test -update, git diff):\n%s", path, difference(string(want), string(got)))
	}
}

// difference shows the first line that is another.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return "want " + w[i] + "\ngot  " + g[i]
		}
	}
	return "one is longer"
}

// written is what a method wrote.
func written(t *testing.T, write func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func html(t *testing.T, r *report.Report) string {
	t.Helper()
	return string(written(t, func(b *bytes.Buffer) error { return r.WriteHTML(b) }))
}

func TestGolden(t *testing.T) {
	r, other := usual(), synthetic(shape{Samples: 40, Server: true, Slower: 1.3})
	other.Machine.Cores, other.Phases = 4, other.Phases[:3]
	c := report.Compare(r, other)
	golden(t, "report.txt", written(t, func(b *bytes.Buffer) error { return r.WriteTable(b) }))
	golden(t, "comparison.txt", written(t, func(b *bytes.Buffer) error { return c.WriteTable(b) }))
	if runtime.GOARCH != "amd64" { // others round a multiplication with an addition once: places differ by a tenth
		return
	}
	golden(t, "report.html", []byte(html(t, r)))
	golden(t, "comparison.html", written(t, func(b *bytes.Buffer) error { return c.WriteHTML(b) }))
}

// A page is one file: nothing in it makes a browser ask for another.
func TestPageNeedsNothingElse(t *testing.T) {
	page := html(t, usual())
	for _, what := range []string{`<script src`, `<link`, `<img`, `@import`, `url(`, `<iframe`} {
		if strings.Contains(page, what) {
			t.Errorf("the page has %q", what)
		}
	}
}

// Titles, reasons, phases and scenarios come from elsewhere and are text, on a
// page and in a terminal.
func TestTextStaysText(t *testing.T) {
	const bad = `"><script>alert(1)</script>` + "\x1b[31m\x07"
	r := usual()
	r.Title, r.Scenario, r.Tool, r.Machine.CPU = bad, bad+"</pre>", bad, bad
	r.Targets, r.Command, r.Warnings = []string{bad}, []string{bad}, []string{bad}
	r.Failures = map[string]int64{bad: 1}
	r.Phases[0].Name = bad
	r.Phases[1].Latencies[bad] = r.Phases[1].Latencies[report.Reply]
	r.Asserts = append(r.Asserts, report.Verdict{Text: bad, Note: bad})
	pages := map[string]string{"page": html(t, r),
		"live":       string(written(t, func(b *bytes.Buffer) error { return r.WriteLive(b) })),
		"comparison": string(written(t, func(b *bytes.Buffer) error { return report.Compare(r, r).WriteHTML(b) }))}
	for name, page := range pages {
		if strings.Contains(page, "<script>alert") {
			t.Errorf("%s: a script got in", name)
		}
		if !strings.Contains(page, "&lt;script&gt;alert") {
			t.Errorf("%s: the text is not there", name)
		}
	}
	tables := string(written(t, func(b *bytes.Buffer) error { return r.WriteTable(b) })) +
		string(written(t, func(b *bytes.Buffer) error { return report.Compare(r, r).WriteTable(b) }))
	if strings.ContainsAny(tables, "\x1b\x07") {
		t.Error("a terminal would obey what a server said")
	}
	if !strings.Contains(tables, "<script>alert") {
		t.Error("a terminal may show it all the same")
	}
}

// Every chart has words for who can't see it, every table has headers.
func TestPageIsAccessible(t *testing.T) {
	page := html(t, usual())
	charts := regexp.MustCompile(`<svg [^>]*role="img" aria-label="[^"]+: [^"]+"`).FindAllString(page, -1)
	if len(charts) != strings.Count(page, "<figure>") || len(charts) < 10 {
		t.Errorf("%d charts with words of %d", len(charts), strings.Count(page, "<figure>"))
	}
	if !strings.Contains(page, `aria-label="Connections: open 0 to 15,000; joined`) {
		t.Error("the words of the first chart don't tell its range")
	}
	if tables := strings.Count(page, "<table>"); tables != 6 || strings.Count(page, `<thead><tr><th scope="col"`) != tables {
		t.Errorf("%d tables, not all with headers", tables)
	}
}

// What was not measured is left out, not drawn as nothing.
func TestPageWithoutServer(t *testing.T) {
	with, without := html(t, usual()), html(t, synthetic(shape{Samples: 60, Slower: 1}))
	for _, what := range []string{"Server memory per connection", "CPU µs each", "server CPU a delivery", "bytes/conn"} {
		if !strings.Contains(with, what) {
			t.Errorf("with a server: no %q", what)
		}
		if strings.Contains(without, what) {
			t.Errorf("without a server: %q", what)
		}
	}
	if !strings.Contains(without, "Processors in use") {
		t.Error("the bench's processors were measured all the same")
	}
}

var number = regexp.MustCompile(`NaN|Inf|%!`)

// Runs of any length can be shown.
func TestPageOfAnyLength(t *testing.T) {
	one := usual()
	one.Samples = one.Samples[30:31]
	long := usual()
	for len(long.Samples) < 5000 {
		s := long.Samples[len(long.Samples)%60]
		s.At = float64(len(long.Samples))
		long.Samples = append(long.Samples, s)
	}
	none := usual()
	none.Samples = nil
	for name, r := range map[string]*report.Report{"one sample": one, "5,000 samples": long, "no samples": none, "nothing": {}} {
		page := html(t, r)
		if bad := number.FindString(page); bad != "" {
			t.Errorf("%s: the page has %q", name, bad)
		}
		if len(page) > 700_000 {
			t.Errorf("%s: %d bytes", name, len(page))
		}
	}
	if !strings.Contains(html(t, one), "h0\"") {
		t.Error("one sample is no dot")
	}
	if strings.Contains(html(t, none), "Over time") {
		t.Error("without samples there is nothing over time")
	}
}

// The live page asks for the fragment, which is the page's body.
func TestLive(t *testing.T) {
	r := usual()
	live := string(written(t, func(b *bytes.Buffer) error { return report.LivePage(b) }))
	if !strings.Contains(live, `fetch("fragment"`) || !strings.Contains(live, "<main>") {
		t.Error("the live page does not fetch")
	}
	fragment := string(written(t, func(b *bytes.Buffer) error { return r.WriteLive(b) }))
	if strings.Contains(fragment, "<html") || strings.Contains(fragment, "<script") {
		t.Error("a fragment is no page")
	}
	if !strings.Contains(html(t, r), fragment) {
		t.Error("the page does not contain the fragment")
	}
}
