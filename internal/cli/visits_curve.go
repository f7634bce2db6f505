package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

type visitsCurveCommand struct {
	asking
	Channel string `help:"In this channel. Without it, in all." placeholder:"CHANNEL"`
	Node    string `help:"On this node. Without it, on all." placeholder:"NAME"`
	visitsSpan
	Connections bool `help:"Draw connections instead of users."`
	Width       int  `help:"How many columns are drawn." placeholder:"N" default:"64"`
	Height      int  `help:"How many rows." placeholder:"N" default:"10"`
}

// curve is what visits_curve answers.
type curve struct {
	From, To int64
	Points   []struct{ At, Connections, Users int64 }
}

// Run implements the command.
func (c *visitsCurveCommand) Run(r *run) error {
	c.Width, c.Height = min(max(c.Width, 8), 1000), min(max(c.Height, 1), 100)
	request := map[string]any{"channel": c.Channel, "node": c.Node, "points": c.Width}
	if c.JSON {
		delete(request, "points")
	}
	c.visitsSpan.into(request)
	answer, err := c.call(r, "visits_curve", request)
	if err != nil || c.JSON {
		return orWrite(r, answer, err)
	}
	var all curve
	if err := json.Unmarshal(answer, &all); err != nil {
		return err
	}
	if len(all.Points) == 0 {
		_, err := fmt.Fprintf(r.stdout, "nothing was recorded from %s to %s\n", at(all.From), at(all.To))
		return err
	}
	return all.draw(r.stdout, c.Width, c.Height, c.Connections)
}

// draw writes the curve as columns of characters over its axes.
func (c *curve) draw(w io.Writer, width, height int, connections bool) error {
	columns, top := c.columns(width, connections)
	scale := fmt.Sprint(top)
	margin := max(len(scale), 1)
	for line := height; line > 0; line-- {
		label := ""
		if line == height {
			label = scale
		}
		cells := make([]rune, width)
		for i, v := range columns {
			cells[i] = block(v, top, line, height)
		}
		if _, err := fmt.Fprintf(w, "%*s │%s\n", margin, label, strings.TrimRight(string(cells), " ")); err != nil {
			return err
		}
	}
	begin, end := at(c.From), at(c.To)
	gap := max(width-len(begin)-len(end), 1)
	_, err := fmt.Fprintf(w, "%*s └%s\n%*s  %s%*s%s\n", margin, "0", strings.Repeat("─", width), margin, "", begin, gap, "", end)
	return err
}

// columns are the highest values of each part of the period, -1 where nothing was
// recorded, and the highest of all. A gap of a few columns between two points is
// filled: points are recorded at an interval.
func (c *curve) columns(width int, connections bool) (columns []int64, top int64) {
	const few = 3
	columns = make([]int64, width)
	for i := range columns {
		columns[i] = -1
	}
	last := -1
	for _, p := range c.Points {
		i := int((p.At - c.From) * int64(width) / max(c.To-c.From, 1))
		if i < 0 || i > width {
			continue
		}
		i = min(i, width-1)
		v := p.Users
		if connections {
			v = p.Connections
		}
		for gap := last + 1; last >= 0 && i-last <= few && gap < i; gap++ {
			columns[gap] = columns[last]
		}
		columns[i], top, last = max(columns[i], v), max(top, v), i
	}
	return columns, top
}

// block is the character of a value in a line, counted from 1 at the foot.
func block(v, top int64, line, height int) rune {
	if v < 0 {
		return ' '
	}
	const eighths = " ▁▂▃▄▅▆▇█"
	full := int(v * int64(height) * 8 / max(top, 1))
	if v > 0 {
		full = max(full, 1) // somebody is never nobody
	}
	return []rune(eighths)[min(max(full-(line-1)*8, 0), 8)]
}
