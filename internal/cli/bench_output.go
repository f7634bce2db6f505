package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"throng/internal/bench"
	"throng/internal/bench/report"
)

// outputs are the flags that say what becomes of a report.
type outputs struct {
	JSON  string `name:"json" help:"Write the report as JSON; - is stdout, instead of the table." placeholder:"FILE"`
	HTML  string `name:"html" help:"Write the report as one page." placeholder:"FILE"`
	Live  string `help:"Show the run as a page while it goes on, at this address." placeholder:"ADDR"`
	Quiet bool   `short:"q" help:"No progress on stderr."`
}

// write writes the report wherever it was asked for.
func (o *outputs) write(r *run, found *report.Report) error {
	if o.JSON == "-" {
		if err := found.WriteJSON(r.stdout); err != nil {
			return err
		}
	} else if err := found.WriteTable(r.stdout); err != nil {
		return err
	}
	if o.JSON != "" && o.JSON != "-" {
		if err := writeFile(o.JSON, found.WriteJSON); err != nil {
			return err
		}
	}
	if o.HTML != "" {
		return writeFile(o.HTML, found.WriteHTML)
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// watch is what can be seen of a run while it goes on.
type watch struct {
	live  *bench.Live
	lines io.Writer // nil: none
	width int       // of the line that stands there
}

func (o *outputs) watch(r *run) (*watch, error) {
	w := &watch{}
	if !o.Quiet {
		w.lines = r.stderr
	}
	if o.Live == "" {
		return w, nil
	}
	live, err := bench.ServeLive(o.Live)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(r.stderr, "live page: http://%s/\n", live.Addr())
	w.live = live
	return w, nil
}

// progress shows the newest second.
func (w *watch) progress(r *report.Report) {
	if w.live != nil {
		w.live.Show(r)
	}
	if w.lines == nil || len(r.Samples) == 0 {
		return
	}
	s := r.Samples[len(r.Samples)-1]
	line := fmt.Sprintf("%4.0f s  %-12s %d open, %d joined, %d sent, %d received", s.At, s.Phase, s.Open, s.Joined, s.Counts.Sent+s.Counts.Pushed, s.Counts.Received+s.Counts.Replies+s.Counts.Answers+s.Counts.Events)
	if s.Latency != nil {
		line += fmt.Sprintf(", p99 %.1f ms", float64(s.Latency.Quantile(0.99).Microseconds())/1000)
	}
	if s.Counts.Failed > 0 {
		line += fmt.Sprintf(", %d failed", s.Counts.Failed)
	}
	fmt.Fprintf(w.lines, "\r%s%s", line, strings.Repeat(" ", max(0, w.width-len(line))))
	w.width = len(line)
}

// end ends the line of progress.
func (w *watch) end() {
	if w.width > 0 {
		fmt.Fprintln(w.lines)
	}
}

func (w *watch) close() {
	if w.live != nil {
		w.live.Close()
	}
}

type benchShowCommand struct {
	File string `arg:"" help:"The report." type:"existingfile"`
	HTML string `name:"html" help:"Write a page instead of the table." placeholder:"FILE"`
}

// Run implements the command.
func (c *benchShowCommand) Run(r *run) error {
	found, err := report.ReadFile(c.File)
	if err != nil {
		return err
	}
	if c.HTML != "" {
		return writeFile(c.HTML, found.WriteHTML)
	}
	return found.WriteTable(r.stdout)
}

type benchCompareCommand struct {
	Before string `arg:"" help:"The report to compare with." type:"existingfile"`
	After  string `arg:"" help:"The report that is compared." type:"existingfile"`
	HTML   string `name:"html" help:"Write a page instead of the table." placeholder:"FILE"`
}

// Run implements the command.
func (c *benchCompareCommand) Run(r *run) error {
	before, err := report.ReadFile(c.Before)
	if err != nil {
		return err
	}
	after, err := report.ReadFile(c.After)
	if err != nil {
		return err
	}
	found := report.Compare(before, after)
	if c.HTML != "" {
		return writeFile(c.HTML, found.WriteHTML)
	}
	return found.WriteTable(r.stdout)
}
