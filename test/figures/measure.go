//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// measure runs a scenario against servers, and keeps report and page under a name
// if it has one.
func (f *figures) measure(s *scenario.Scenario, name string, servers []*server, more ...string) (*report.Report, error) {
	return f.measureUnder(nil, s, name, servers, more...)
}

// measureUnder is measure with a command that runs the bench.
func (f *figures) measureUnder(under []string, s *scenario.Scenario, name string, servers []*server, more ...string) (*report.Report, error) {
	file := filepath.Join(f.dir, s.Name+".toml")
	text, err := s.TOML()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	result := filepath.Join(f.dir, s.Name+".json")
	args := append(slices.Clone(under), f.throng, "bench", file, "--quiet", "--json", result)
	if name != "" {
		args = append(args, "--html", filepath.Join(f.out, name+".html"))
	}
	for _, s := range servers {
		args = append(args, "--target", s.url(), "--pid", fmt.Sprint(s.cmd.Process.Pid))
	}
	args = append(args, more...)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	if err != nil { // what was wrong is in the table
		fmt.Fprintf(os.Stderr, "%s", out)
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return report.ReadFile(result)
}

// phase finds a phase of a report.
func phase(r *report.Report, name string) *report.Phase {
	for i := range r.Phases {
		if r.Phases[i].Name == name {
			return &r.Phases[i]
		}
	}
	return &report.Phase{}
}

// millis writes a quantile in milliseconds.
func millis(h *report.Histogram, q float64) string { return three(milliseconds(h, q)) }

// milliseconds is a quantile; NaN if nothing was measured.
func milliseconds(h *report.Histogram, q float64) float64 {
	if h == nil {
		return math.NaN()
	}
	return float64(h.Quantile(q).Microseconds()) / 1000
}
