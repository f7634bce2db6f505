package report

import (
	"fmt"
	"slices"
	"strings"
)

// Check holds the assertion against a report. What was not measured does not
// hold.
func (a Assert) Check(r *Report) Verdict {
	v := Verdict{Text: a.text}
	if a.metric.of == nil {
		v.Note = "nothing is asserted"
		return v
	}
	value, note := a.measure(r)
	if !known(value) {
		v.Note = "not measured: " + note
		return v
	}
	v.Value = value / a.unit.size
	v.OK = holds(v.Value, a.op, a.bound)
	return v
}

// measure finds the phase and the latency that are meant.
func (a Assert) measure(r *Report) (float64, string) {
	if a.name == "" {
		return a.metric.of(r, nil)
	}
	if p := r.phase(a.name); p != nil {
		return a.metric.of(r, p)
	}
	if a.read == "" {
		return unknown, r.noPhase(a.name)
	}
	// Not a phase: a latency of all phases, or of one.
	i := strings.LastIndexByte(a.name, '.')
	name, ok := latencyName(a.name[i+1:])
	if !ok {
		return unknown, r.noPhase(a.name)
	}
	m, _ := latency(a.read, name)
	if i < 0 {
		return m.of(r, nil)
	}
	p := r.phase(a.name[:i])
	if p == nil {
		return unknown, r.noPhase(a.name[:i])
	}
	return m.of(r, p)
}

// latencyName allows for a shell that does not like spaces.
func latencyName(s string) (string, bool) {
	switch s {
	case "round-trip", "roundtrip", "reply":
		return Reply, true
	}
	for _, prefix := range []string{answerTo, eventOf} {
		if event, ok := strings.CutPrefix(s, strings.ReplaceAll(prefix, " ", "-")); ok && event != "" {
			return prefix + event, true
		}
		if strings.HasPrefix(s, prefix) && s != prefix {
			return s, true
		}
	}
	return s, slices.Contains([]string{Connect, Join, Reply, Delivery, Last, Comeback, Lateness}, s)
}

// noPhase says which phases there are instead.
func (r *Report) noPhase(name string) string {
	var all []string
	for i := range r.Phases {
		all = append(all, r.Phases[i].Name)
	}
	if len(all) == 0 {
		return "the run had no phases"
	}
	return fmt.Sprintf("there is no phase %q%s; there were %s", name, meant(name, all), strings.Join(all, ", "))
}

func holds(value float64, op string, bound float64) bool {
	switch op {
	case "<":
		return value < bound
	case "<=":
		return value <= bound
	case ">":
		return value > bound
	case ">=":
		return value >= bound
	}
	return value == bound
}
