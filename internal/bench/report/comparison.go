package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// WriteTable writes the comparison for a terminal.
func (c *Comparison) WriteTable(w io.Writer) error {
	var b strings.Builder
	for _, s := range c.sides() {
		label := s.Name + "  "
		b.WriteString(label)
		wrapped(&b, s.Heading, strings.Repeat(" ", len(label)))
		for _, f := range s.Facts {
			b.WriteString("   " + f.Name + strings.Repeat(" ", max(1, factIndent-len(f.Name))))
			wrapped(&b, f.Value, strings.Repeat(" ", factIndent+3))
		}
	}
	for i, warning := range c.Warnings {
		if i == 0 {
			b.WriteByte('\n')
		}
		wrapped(&b, "warning: "+warning, "  ")
	}
	for _, g := range c.grids() {
		g.write(&b)
	}
	b.WriteByte('\n')
	wrapped(&b, c.note(), "")
	_, err := io.WriteString(w, b.String())
	return err
}

// side is one of the two runs.
type side struct {
	Name, Heading string
	Facts         []fact
}

func (c *Comparison) sides() []side {
	return []side{{"A", c.A.heading(), c.A.facts()}, {"B", c.B.heading(), c.B.facts()}}
}

// note says what the marks mean.
func (c *Comparison) note() string {
	return fmt.Sprintf("%s and %s mark figures that differ by more than %s.", wordBetter, wordWorse, share(c.Noise))
}

// grids is a table for each phase, and one for the run.
func (c *Comparison) grids() []grid {
	var all []grid
	for _, p := range c.Phases {
		if len(p.Figures) > 0 {
			all = append(all, c.grid(p.Name, p.Figures))
		}
	}
	if len(c.Run) > 0 {
		all = append(all, c.grid("Whole run", c.Run))
	}
	return all
}

func (c *Comparison) grid(title string, figures []Figure) grid {
	g := grid{Title: title, Columns: []column{text("figure"), number("A"), number("B"), number("B/A"), text("mark")}}
	for _, f := range figures {
		g.Rows = append(g.Rows, []string{f.Name, f.text(f.A), f.text(f.B), ratio(f), c.word(f)})
	}
	return g
}

func (c *Comparison) word(f Figure) string {
	switch c.Mark(f) {
	case Better:
		return wordBetter
	case Worse:
		return wordWorse
	}
	return ""
}

func (f Figure) text(v float64) string {
	if f.Count && known(v) {
		return whole(int64(v))
	}
	return figure(v)
}

func ratio(f Figure) string {
	r := f.Ratio()
	switch {
	case math.IsInf(r, 0):
		return "∞"
	case math.IsNaN(r):
		return none
	case math.Abs(r) >= 100 || math.Abs(r) < 0.01:
		return figure(r)
	}
	return strconv.FormatFloat(r, 'f', 2, 64)
}

// WriteHTML writes the comparison as one page that needs nothing else.
func (c *Comparison) WriteHTML(w io.Writer) error {
	p := struct {
		assets
		Heading, Note string
		Sides         []side
		Warnings      []string
		Charts        []drawing
		Grids         []sheet
	}{
		assets: inlined(), Heading: "Two load tests compared", Note: c.note(), Sides: c.sides(), Warnings: c.Warnings,
		Charts: drawn(c.overlays()),
	}
	for _, g := range c.grids() {
		p.Grids = append(p.Grids, g.sheet())
	}
	return pages.ExecuteTemplate(w, "comparison", p)
}

// overlays are the percentile curves of both runs, a chart for each latency.
func (c *Comparison) overlays() []chart {
	var all []chart
	for _, p := range c.Phases {
		for _, name := range latencyNames(p.A, p.B) {
			a, b := p.A.Latencies[name], p.B.Latencies[name]
			all = append(all, distribution(p.Name+": "+name, []line{curve("A", 1, a).dashed(), curve("B", 2, b)}, max(a.Count(), b.Count())))
		}
	}
	return all
}
