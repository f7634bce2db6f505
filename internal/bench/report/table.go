package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

// factIndent is where the values of facts stand.
const factIndent = 9

// WriteTable writes the report for a terminal.
func (r *Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	wrapped(&b, r.heading(), "")
	for _, f := range r.facts() {
		b.WriteString(f.Name + strings.Repeat(" ", max(1, factIndent-len(f.Name))))
		wrapped(&b, f.Value, strings.Repeat(" ", factIndent))
	}
	for i, warning := range r.Warnings {
		if i == 0 {
			b.WriteByte('\n')
		}
		wrapped(&b, "warning: "+warning, "  ")
	}
	for _, g := range r.grids() {
		g.write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// heading says what was done.
func (r *Report) heading() string { return cmp.Or(r.Title, r.Name, "A load test") }

// fact is a line about the run.
type fact struct{ Name, Value string }

// facts say what was measured, from where, and when.
func (r *Report) facts() []fact {
	var facts []fact
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, fact{name, value})
		}
	}
	add("targets", several(r.Targets, 3))
	add("machine", r.Machine.String())
	if r.Agents > 1 {
		add("agents", whole(int64(r.Agents)))
	}
	if !r.Began.IsZero() {
		add("began", r.Began.UTC().Format(time.DateTime)+" UTC")
	}
	if r.Seconds > 0 {
		add("lasted", seconds(r.Seconds)+" s")
	}
	add("tool", r.Tool)
	return facts
}

// several lists the first few of many.
func several(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}

// String describes the machine in a line.
func (m Machine) String() string {
	var parts []string
	for _, part := range []string{m.System, m.CPU} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if m.Cores > 0 {
		parts = append(parts, fmt.Sprintf("%d cores", m.Cores))
	}
	if m.Memory > 0 {
		parts = append(parts, binary(m.Memory))
	}
	return strings.Join(parts, ", ")
}
