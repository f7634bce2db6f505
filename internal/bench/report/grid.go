package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// width is how many columns of a terminal a report takes.
const width = 100

// grid is a table before it is known where it is shown: in a terminal or on a
// page.
type grid struct {
	Title   string
	Columns []column
	Rows    [][]string
}

type column struct {
	Name string
	Text bool // stands left; numbers stand right
}

// text and number name columns.
func text(name string) column   { return column{name, true} }
func number(name string) column { return column{name, false} }

// trim leaves out columns that say nothing in any row.
func (g grid) trim() grid {
	keep := make([]bool, len(g.Columns))
	for i, c := range g.Columns {
		keep[i] = i == 0 && c.Text
		for _, row := range g.Rows {
			keep[i] = keep[i] || row[i] != none && row[i] != ""
		}
	}
	out := grid{Title: g.Title}
	for i, c := range g.Columns {
		if keep[i] {
			out.Columns = append(out.Columns, c)
		}
	}
	for _, row := range g.Rows {
		var kept []string
		for i, cell := range row {
			if keep[i] {
				kept = append(kept, cell)
			}
		}
		out.Rows = append(out.Rows, kept)
	}
	return out
}

// write writes the grid for a terminal. What does not fit beside each other
// follows below, with the first column again.
func (g grid) write(b *strings.Builder) {
	if len(g.Rows) == 0 {
		return
	}
	b.WriteString("\n" + cut(printable(strings.ToUpper(g.Title)), width) + "\n")
	widths := g.widths()
	for from := 1; ; {
		shown, used, to := []int{0}, widths[0], from
		for to < len(widths) && (to == from || used+2+widths[to] <= width) {
			shown, used, to = append(shown, to), used+2+widths[to], to+1
		}
		g.block(b, shown, widths)
		if to >= len(widths) {
			return
		}
		from = to
	}
}

func (g grid) block(b *strings.Builder, shown, widths []int) {
	head := make([]string, len(g.Columns))
	for i, c := range g.Columns {
		head[i] = c.Name
	}
	g.line(b, head, shown, widths)
	for _, row := range g.Rows {
		g.line(b, row, shown, widths)
	}
}

func (g grid) line(b *strings.Builder, row []string, shown, widths []int) {
	var l strings.Builder
	for at, i := range shown {
		if at > 0 {
			l.WriteString("  ")
		}
		cell := cut(printable(row[i]), widths[i])
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if g.Columns[i].Text {
			l.WriteString(cell + pad)
		} else {
			l.WriteString(pad + cell)
		}
	}
	b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
}

func (g grid) widths() []int {
	widths := make([]int, len(g.Columns))
	for i, c := range g.Columns {
		widths[i] = utf8.RuneCountInString(c.Name)
		for _, row := range g.Rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(printable(row[i])))
		}
		most := 24
		switch {
		case len(g.Columns) <= 4:
			most = 60
		case len(g.Columns) == 5:
			most = 40
		}
		widths[i] = min(widths[i], most)
	}
	return widths
}

// cut shortens text to so many characters.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// printable replaces what a terminal would obey instead of showing it: reasons
// and titles come from servers.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			return r
		}
		return '?'
	}, s)
}

// wrapped writes text in lines that fit, the later ones indented.
func wrapped(b *strings.Builder, s, indent string) {
	used := len(indent) // the first line may have a label before it
	first := true
	for _, word := range strings.Fields(s) {
		word = cut(printable(word), width-len(indent))
		n := utf8.RuneCountInString(word)
		switch {
		case first:
		case used+1+n > width:
			b.WriteString("\n" + indent)
			used = len(indent)
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used, first = used+n, false
	}
	b.WriteByte('\n')
}
