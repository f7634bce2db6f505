package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Assert is a condition that a run has to meet: [phase.][latency.]metric, an
// operator, a bound with a unit. docs/benchmarks/report-format.md has the
// grammar.
type Assert struct {
	text   string
	name   string  // as it was written, without the metric: "messages.delivery"
	metric metric  // unused for latencies until the report tells what name means
	read   string  // of a latency: "p99"
	op     string  // one of operators
	bound  float64 // in the unit
	unit   unit    // size 1 where there is none
}

// operators, those first that others begin with.
func operators() []string { return []string{"<=", ">=", "==", "<", ">", "="} }

// ParseAssert reads an assertion.
func ParseAssert(text string) (Assert, error) {
	left, op, right, ok := split(text)
	if !ok {
		return Assert{}, fmt.Errorf("assertion %q: want a metric, one of < <= > >= ==, and a bound, such as p99<50ms", text)
	}
	a := Assert{text: strings.TrimSpace(text), op: op}
	if err := a.parseMetric(left); err != nil {
		return Assert{}, fmt.Errorf("assertion %q: %w", text, err)
	}
	if err := a.parseBound(left, right); err != nil {
		return Assert{}, fmt.Errorf("assertion %q: %w", text, err)
	}
	return a, nil
}

// String returns the assertion as it was written.
func (a Assert) String() string { return a.text }

// split cuts at the first operator.
func split(text string) (left, op, right string, ok bool) {
	i := strings.IndexAny(text, "<>=")
	if i < 0 {
		return "", "", "", false
	}
	for _, op = range operators() {
		if right, ok = strings.CutPrefix(text[i:], op); ok {
			break
		}
	}
	left, right = strings.TrimSpace(text[:i]), strings.TrimSpace(right)
	if op == "=" {
		op = "=="
	}
	return left, op, right, left != "" && right != ""
}

// parseMetric cuts the metric from the end: a quantile may have a point of its
// own (p99.9), and a phase's name too.
func (a *Assert) parseMetric(left string) error {
	for i := 0; i >= 0; i = next(left, i) {
		if m, ok := latency(left[i:], ""); ok {
			a.read, a.metric, a.name = left[i:], m, strings.TrimSuffix(left[:i], ".")
			return nil
		}
	}
	i := strings.LastIndexByte(left, '.') + 1
	m, ok := metrics()[left[i:]]
	if !ok {
		names := metricNames()
		return fmt.Errorf("there is no metric %q%s; there are %s", left[i:], meant(left[i:], names), strings.Join(names, " "))
	}
	a.metric, a.name = m, strings.TrimSuffix(left[:i], ".")
	if m.whole && a.name != "" {
		return fmt.Errorf("%s is counted over the whole run: leave %q out", left[i:], left[:i])
	}
	return nil
}

// next returns where the next part of a dotted name begins, or -1.
func next(name string, i int) int {
	dot := strings.IndexByte(name[i:], '.')
	if dot < 0 || i+dot+1 >= len(name) {
		return -1
	}
	return i + dot + 1
}

// parseBound reads a number and its unit.
func (a *Assert) parseBound(left, right string) error {
	end := strings.LastIndexAny(right, "0123456789.") + 1
	digits, name := strings.ReplaceAll(right[:end], "_", ""), strings.TrimSpace(right[end:])
	bound, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsNaN(bound) || math.IsInf(bound, 0) {
		return fmt.Errorf("%q is not a number with a unit", right)
	}
	a.bound, a.unit = bound, unit{size: 1}
	units := a.metric.kind.units()
	switch {
	case name == "" && (a.metric.kind != duration || bound == 0):
		return nil
	case name == "":
		return fmt.Errorf("%s is a duration: say %sms or another of the units %s", left, right, list(units))
	case len(units) == 0:
		return fmt.Errorf("%s is a number: leave the unit %q out", left, name)
	}
	for _, u := range units {
		if u.name == name {
			a.unit = u
			return nil
		}
	}
	return fmt.Errorf("%s has no unit %q%s; there are %s", left, name, meant(name, names(units)), list(units))
}

func names(units []unit) []string {
	var all []string
	for _, u := range units {
		if u.name != "μs" { // the other way to write micro
			all = append(all, u.name)
		}
	}
	return all
}

func list(units []unit) string { return strings.Join(names(units), " ") }
