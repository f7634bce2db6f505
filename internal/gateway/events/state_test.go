package events_test

import (
	"testing"

	"throng/internal/gateway/events"
)

// Three of these are states, the others are not.
var states = []struct {
	text string
	good bool
}{
	{`{"session":{"client":"00000000000000000000000000000001","class":0}}`, true},
	{`{"session":{"client":"00000000000000000000000000000001","class":2,"subs":[{"channel":"hist:a","class":1,"wire_flags":1,"positioned":true,"position":{"offset":5,"epoch":"e"}}]}}`, true},
	{`{"session":{"client":"00000000000000000000000000000001","class":1,"subs":[{"channel":"@user:a","class":1,"wire_flags":3,"server":true,"position":{"offset":0,"epoch":""}}]}}`, true},
	{`{"session":{"class":1,"subs":[{"channel":"@user:a","class":1,"wire_flags":3,"server":true,"positioned":true}]}}`, false},
	{``, false}, {`{}x`, false}, {`null 1`, false}, {`{"other":1}`, false},
	{`{"session":{"client":"01","class":0}}`, false},
	{`{"session":{"class":1,"subs":[{"channel":"a","class":2}]}}`, false},
	{`{"session":{"class":2,"subs":[{"channel":"a","class":1},{"channel":"b","class":1}]}}`, false},
	{`{"session":{"class":1,"subs":[{"channel":"a","class":1,"tag":"1"}]}}`, false},
	{`{"session":{"class":1,"subs":[{"channel":"a","class":1,"wire_flags":2}]}}`, false},
	{`{"session":{"class":1,"subs":[{"channel":"a\n","class":1}]}}`, false},
	{`{"session":{"class":1,"subs":[{"channel":"a","class":1,"request":{"channel":"a"}}]}}`, false},
}

// TestState: only what Capture writes is restored.
func TestState(t *testing.T) {
	g := events.New(events.Options{})
	for _, test := range states {
		if _, err := g.Restore([]byte(test.text)); (err == nil) != test.good {
			t.Errorf("%s: %v", test.text, err)
		}
	}
}

// FuzzState: any bytes are a state or an error.
func FuzzState(f *testing.F) {
	for _, test := range states {
		f.Add([]byte(test.text))
	}
	g := events.New(events.Options{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if open, err := g.Restore(b); (open == nil) == (err == nil) {
			t.Errorf("%v", err)
		}
	})
}
