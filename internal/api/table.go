package api

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"throng"
)

// table writes lines in a format for other programs. What it holds back is bounded.
type table interface {
	begin(h http.Header)
	row(l line) error
	flush() error
}

// line is one of a table: a JSON object, and the cells of a row.
type line interface {
	cells(to []string) []string
}

// newTable makes a table of a name, whose heading is that of its rows.
func newTable(w io.Writer, format, name string, heading []string) (table, *throng.Error) {
	switch format {
	case "", "csv":
		return &csvTable{out: csv.NewWriter(w), name: name, heading: heading}, nil
	case "jsonl":
		b := bufio.NewWriterSize(w, 32<<10)
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		return &lineTable{name, b, e}, nil
	}
	return nil, bad("format: it is csv or jsonl")
}

// csvTable is RFC 4180 with a heading. Times are those of UTC.
type csvTable struct {
	out     *csv.Writer
	name    string
	heading []string
	begun   bool
	record  []string
}

// begin implements table.
func (t *csvTable) begin(h http.Header) {
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="`+t.name+`.csv"`)
	h.Set("X-Content-Type-Options", "nosniff")
}

// row implements table.
func (t *csvTable) row(l line) error {
	if err := t.head(); err != nil {
		return err
	}
	t.record = l.cells(t.record[:0])
	return t.out.Write(t.record)
}

func (t *csvTable) head() error {
	if t.begun {
		return nil
	}
	t.begun = true
	return t.out.Write(t.heading)
}

// flush implements table.
func (t *csvTable) flush() error {
	if err := t.head(); err != nil { // of an empty table too
		return err
	}
	t.out.Flush()
	return t.out.Error()
}

const (
	// formulaStarts are the first bytes of what a spreadsheet takes for a formula.
	formulaStarts = "=+-@"
	// cellEnds are the bytes behind which it may begin a new cell, the comma apart, for
	// which cells are quoted.
	cellEnds = ";\t\r\n"
)

// harmless puts a quote before what a spreadsheet would take for a formula: names
// come from whoever chose them, and a formula can send the table elsewhere. Where a
// country writes decimals with a comma, spreadsheets also end a cell at a semicolon,
// and some do at a tab or a line end, whatever stands around it.
func harmless(cell string) string {
	begins := cell != "" && strings.IndexByte(formulaStarts+"\t\r\n", cell[0]) >= 0
	if !begins && !strings.ContainsAny(cell, cellEnds) {
		return cell
	}
	var b strings.Builder
	if begins {
		b.WriteByte('\'')
	}
	for i := range len(cell) {
		if i > 0 && strings.IndexByte(formulaStarts, cell[i]) >= 0 && endsCell(cell[:i]) {
			b.WriteByte('\'')
		}
		b.WriteByte(cell[i])
	}
	return b.String()
}

// endsCell reports whether a spreadsheet may begin a new cell behind s. Blanks and
// quotes that stand before the new one's text don't hide it.
func endsCell(s string) bool {
	s = strings.TrimRight(s, " \"")
	return s != "" && strings.IndexByte(cellEnds, s[len(s)-1]) >= 0
}

func stamp(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

// lineTable writes a JSON object for each, and nothing else.
type lineTable struct {
	name string
	out  *bufio.Writer
	json *json.Encoder
}

// begin implements table.
func (t *lineTable) begin(h http.Header) {
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Content-Disposition", `attachment; filename="`+t.name+`.jsonl"`)
	h.Set("X-Content-Type-Options", "nosniff")
}

// row implements table.
func (t *lineTable) row(l line) error { return t.json.Encode(l) }

// flush implements table.
func (t *lineTable) flush() error { return t.out.Flush() }
