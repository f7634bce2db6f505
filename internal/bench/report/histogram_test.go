package report_test

import (
	"encoding/json"
	"testing"
	"time"

	"throng/internal/bench/report"
)

// What was written and read again has the same quantiles and can be added to.
func TestHistogramSurvivesJSON(t *testing.T) {
	h := report.NewHistogram()
	for i := range 10_000 {
		h.Record(time.Duration(i*i) * time.Microsecond)
	}
	h.Record(0)
	h.Record(time.Hour)
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var back report.Histogram
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if back.Count() != h.Count() {
		t.Errorf("%d durations came back of %d", back.Count(), h.Count())
	}
	for _, q := range []float64{0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		if back.Quantile(q) != h.Quantile(q) {
			t.Errorf("quantile %v: %v became %v", q, h.Quantile(q), back.Quantile(q))
		}
	}
	back.Merge(h)
	if back.Count() != 2*h.Count() || back.Quantile(0.5) != h.Quantile(0.5) {
		t.Errorf("merged: %d, %v", back.Count(), back.Quantile(0.5))
	}
	back.Compact()
	if back.Count() != 2*h.Count() || back.Quantile(0.99) != h.Quantile(0.99) || back.Max() != h.Max() || back.Mean() != h.Mean() {
		t.Errorf("compact: %d, %v, %v, %v", back.Count(), back.Quantile(0.99), back.Max(), back.Mean())
	}
	back.Record(time.Second)
	if back.Count() != 2*h.Count()+1 || back.Quantile(0.5) != h.Quantile(0.5) {
		t.Errorf("after it was compact: %d, %v", back.Count(), back.Quantile(0.5))
	}
	if err := json.Unmarshal([]byte(`[[1]]`), &back); err != nil {
		t.Errorf("a short pair: %v", err)
	}
	if err := json.Unmarshal([]byte(`{"a":1}`), &back); err == nil {
		t.Error("an object is no histogram")
	}
}

// A histogram that is not there, or was never made, is an empty one.
func TestNoHistogram(t *testing.T) {
	var zero report.Histogram
	for _, h := range []*report.Histogram{nil, &zero, report.NewHistogram()} {
		if h.Count() != 0 || h.Quantile(0.5) != 0 || h.Max() != 0 || h.Mean() != 0 {
			t.Errorf("%d, %v, %v, %v", h.Count(), h.Quantile(0.5), h.Max(), h.Mean())
		}
	}
	sum := report.NewHistogram()
	sum.Merge(nil)
	sum.Merge(&zero)
	zero.Record(time.Second)
	sum.Merge(&zero)
	if sum.Count() != 1 {
		t.Errorf("%d", sum.Count())
	}
}
