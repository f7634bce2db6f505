package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"throng/internal/bench/report"
)

// pressed is a run in which 10,000 users claimed something at once.
func pressed() *report.Report {
	r := &report.Report{Tool: "throng test", Seconds: 9, Phases: []report.Phase{{
		Name: "press", Start: 1, Seconds: 8, Counts: report.Counts{Pushed: 10_001, Answers: 10_001, Events: 10_000, Heartbeat: 20_000},
		Latencies: map[string]*report.Histogram{}, Server: &report.Usage{CPU: 0.5},
		Answers: map[string]*report.Answers{
			"claim": {From: 5, To: 5.25, Said: map[string]int64{"exhausted": 9990, "won": 10}},
			"watch": {From: 2, To: 2, Said: map[string]int64{"ok": 1}},
		},
	}}}
	for name, of := range map[string]struct{ ms, times int }{
		report.AnswerTo("claim"): {30, 100}, report.AnswerTo("watch"): {2, 1}, report.EventOf("offer"): {70, 5}, report.Connect: {500, 5},
	} {
		h := report.NewHistogram()
		for range of.times {
			h.Record(time.Duration(of.ms) * time.Millisecond)
		}
		r.Phases[0].Latencies[name] = h
	}
	return r
}

func TestAnswersAreTold(t *testing.T) {
	t.Parallel()
	r := pressed()
	var table, page, text bytes.Buffer
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	rows := strings.Join(strings.Fields(table.String()), " ")
	for _, want := range []string{
		"press claim exhausted 9,990 250 40,000", "press claim won 10 – –", "press watch ok 1 0 –",
		"press answer to claim 100 30.0", "press event offer 5 70.1", "press answer 1,250",
	} {
		if !strings.Contains(rows, want) {
			t.Errorf("no row %q in\n%s", want, table.String())
		}
	}
	if err := r.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	back, err := report.Read(&text)
	if err != nil {
		t.Fatal(err)
	}
	if a := back.Phases[0].Answers["claim"]; a == nil || a.Count() != 10_000 || a.Rate() != 40_000 {
		t.Errorf("%+v", a)
	}
	if err := r.WriteHTML(&page); err != nil || !strings.Contains(page.String(), "exhausted") {
		t.Errorf("the page does not have them: %v", err)
	}
}

func TestAssertOnAnswers(t *testing.T) {
	t.Parallel()
	r := pressed()
	for text, want := range map[string]bool{
		"answer-to-claim.p99<40ms":       true,
		"answer-to-claim.p99<20ms":       false,
		"press.event-offer.p50>60ms":     true,
		"press.answer to watch.max<10ms": true,
		"p99<40ms":                       true, // of the most frequent answers
		"p99>20ms":                       true,
		"answers==10001":                 true,
		"press.events==10000":            true,
		"press.pushed>10001":             false,
		"rate>1250":                      true,
		"answer-to-.p99<1s":              false,
		"event-other.p99<1s":             false,
	} {
		a, err := report.ParseAssert(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if v := a.Check(r); v.OK != want {
			t.Errorf("%s: %+v", text, v)
		}
	}
}
