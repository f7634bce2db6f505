package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// WriteJSON writes the report so that Read gives it back.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Read reads a report. Fields that it does not know are those of a later version
// and are left out.
func Read(r io.Reader) (*Report, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var back *Report
	if err := json.Unmarshal(b, &back); err != nil {
		return nil, fmt.Errorf("not a report of a load test: %w", err)
	}
	if back == nil || back.empty() {
		return nil, errors.New("not a report of a load test: it has no phases, no samples and no tool")
	}
	return back, nil
}

// ReadFile reads a report from a file, which its errors name.
func ReadFile(path string) (*Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	r, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// empty tells other JSON from a report.
func (r *Report) empty() bool {
	return r.Tool == "" && len(r.Phases) == 0 && len(r.Samples) == 0
}
