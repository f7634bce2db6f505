package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The size of a chart in its own units, and the margins around its plot.
const (
	chartWidth  = 560.0
	chartHeight = 260.0
	marginLeft  = 62.0
	marginRight = 14.0
	marginTop   = 24.0
	marginFoot  = 30.0
)

// chart is lines over an axis, with phases as bands behind them.
type chart struct {
	title string
	unit  string // of what its lines show, for the read-out: "ms", "/s"
	tail  bool   // x is nines of a quantile, not seconds
	log   bool
	x     axis
	label func(float64) string // on the y axis
	lines []line
	bands []band
}

// band is a stretch of the x axis with a name.
type band struct {
	name     string
	from, to float64
}

// drawing is a chart as the template takes it: text and places only.
type drawing struct {
	Title, Label        string
	Width, Height       string
	Left, Right         string // the plot
	Top, Foot, XLabel   string
	XTicks, YTicks      []mark
	Bands               []stripe
	Lines               []stroke
	Readout             string // JSON for the page's script
	PlotWidth, PlotHigh string
}

type mark struct {
	At, Label string
	Last      bool // so near to the edge that there is no room beside it
}

type stripe struct {
	X, Width, Name string
	Odd            bool
}

type stroke struct {
	Name   string
	Class  string
	Path   string
	Summed string
}

// draw places everything. It returns false if there is nothing to see.
func (c chart) draw() (drawing, bool) {
	var lines []line
	for _, l := range c.lines {
		l.points = thin(clean(l.points, c.log), most)
		if _, _, ok := extent([]line{l}); ok {
			lines = append(lines, l)
		}
	}
	lo, hi, ok := extent(lines)
	if !ok {
		return drawing{}, false
	}
	y := amounts(lo, hi, c.label)
	if c.log {
		y = magnitudes(lo, hi, c.label)
	}
	d := drawing{
		Title: c.title, Width: place(chartWidth), Height: place(chartHeight),
		Left: place(marginLeft), Right: place(chartWidth - marginRight), Top: place(marginTop), Foot: place(chartHeight - marginFoot),
		XLabel: place(chartHeight - 9), PlotWidth: place(chartWidth - marginLeft - marginRight),
		PlotHigh: place(chartHeight - marginTop - marginFoot),
	}
	for _, t := range c.x.ticks {
		d.XTicks = append(d.XTicks, mark{place(c.across(t.value)), t.label, c.x.at(t.value) > 0.97})
	}
	for _, t := range y.ticks {
		d.YTicks = append(d.YTicks, mark{At: place(up(y, t.value)), Label: t.label})
	}
	d.Bands = c.stripes()
	for _, l := range lines {
		d.Lines = append(d.Lines, stroke{Name: l.Name, Class: l.class(), Path: c.path(y, l.points), Summed: c.summed(l)})
	}
	d.Label, d.Readout = c.describe(d.Lines), c.readout(y, lines)
	return d, true
}

// across and up turn values into places.
func (c chart) across(v float64) float64 {
	return marginLeft + c.x.at(v)*(chartWidth-marginLeft-marginRight)
}

func up(y axis, v float64) float64 {
	return chartHeight - marginFoot - y.at(v)*(chartHeight-marginTop-marginFoot)
}

// place writes a coordinate.
func place(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

func (l line) class() string {
	class := fmt.Sprintf("s%d", l.Colour)
	if l.Dashed {
		class += " dashed"
	}
	if l.Under {
		class += " under"
	}
	return class
}

// path is the line in the words of SVG. A point without neighbours becomes a
// stroke without length, which round ends make a dot.
func (c chart) path(y axis, points []point) string {
	var b strings.Builder
	pen, started := false, false
	for i, p := range points {
		if math.IsNaN(p.y) {
			pen = false
			continue
		}
		if started {
			b.WriteByte(' ')
		}
		command := "M"
		if pen {
			command = "L"
		}
		b.WriteString(command + place(c.across(p.x)) + " " + place(up(y, p.y)))
		if last := i+1 == len(points) || math.IsNaN(points[i+1].y); last && !pen {
			b.WriteString("h0")
		}
		pen, started = true, true
	}
	return b.String()
}

func (c chart) stripes() []stripe {
	var all []stripe
	for i, s := range c.bands {
		if !known(s.from) || !known(s.to) {
			continue
		}
		from, to := c.across(s.from), c.across(s.to)
		if to <= from {
			continue
		}
		all = append(all, stripe{place(from), place(to - from), s.name, i%2 == 1})
	}
	return all
}

// summed tells the range of a line to who can't see it.
func (c chart) summed(l line) string {
	lo, hi, _ := extent([]line{l})
	return fmt.Sprintf("%s %s to %s%s", l.Name, figure(lo), figure(hi), spaced(c.unit))
}

func spaced(unit string) string {
	if unit == "" || strings.HasPrefix(unit, "/") {
		return unit
	}
	return " " + unit
}

func (c chart) describe(lines []stroke) string {
	var all []string
	for _, l := range lines {
		all = append(all, l.Summed)
	}
	return c.title + ": " + strings.Join(all, "; ")
}

// readout is what the page's script shows under the pointer.
func (c chart) readout(y axis, lines []line) string {
	type series struct {
		Name   string      `json:"name"`
		Class  string      `json:"class"`
		Points [][]float64 `json:"points"` // x, y, value
	}
	out := struct {
		Unit  string    `json:"unit"`
		Tail  bool      `json:"tail"`
		X     []float64 `json:"x"` // place and value of the left end, of the right end
		Lines []series  `json:"lines"`
	}{Unit: spaced(c.unit), Tail: c.tail, X: []float64{marginLeft, c.x.lo, chartWidth - marginRight, c.x.hi}}
	for _, l := range lines {
		s := series{Name: l.Name, Class: l.class()}
		for _, p := range l.points {
			if !math.IsNaN(p.y) {
				s.Points = append(s.Points, []float64{tenth(c.across(p.x)), tenth(up(y, p.y)), significant(p.y)})
			}
		}
		out.Lines = append(out.Lines, s)
	}
	b, err := json.Marshal(out)
	if err != nil { // numbers are finite here
		return ""
	}
	return string(b)
}

func tenth(v float64) float64 { return math.Round(v*10) / 10 }

// significant keeps the digits that a read-out shows.
func significant(v float64) float64 {
	s, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
	return s
}
