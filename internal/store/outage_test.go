package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/store"
)

// said is what an outage logs: each line with the second it came in.
type said struct {
	began time.Time
	lines []string
}

func (s *said) Write(line []byte) (int, error) {
	s.lines = append(s.lines, fmt.Sprintf("%d %s", int(time.Since(s.began).Seconds()), bytes.TrimSpace(line)))
	return len(line), nil
}

func (s *said) want(t *testing.T, lines ...string) {
	t.Helper()
	got := s.lines
	s.lines = nil
	if strings.Join(got, "\n") != strings.Join(lines, "\n") {
		t.Errorf("said\n\t%s\nnot\n\t%s", strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
	}
}

// outage tests one in virtual time. Its lines are without hints.
func outage(t *testing.T, f func(t *testing.T, o *store.Outage, s *said)) {
	synctest.Test(t, func(t *testing.T) {
		s := &said{began: time.Now()}
		log := slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == "time" || a.Key == "hint" {
				return slog.Attr{}
			}
			return a
		}}))
		f(t, &store.Outage{Log: log, Clock: throng.NewClock(), Level: slog.LevelWarn, Away: "away", Back: "back"}, s)
	})
}

var errLine = errors.New("cut")

// An outage of ten minutes, in which there is an attempt a second, is a dozen lines: the
// first at once, and then one a minute.
func TestOutageIsSaidSeldom(t *testing.T) {
	outage(t, func(t *testing.T, o *store.Outage, s *said) {
		for range 600 {
			o.Failed(errLine, "verb", "read")
			time.Sleep(time.Second)
		}
		o.Over("waiting", 3)
		o.Over()
		line := func(at, failures int, away string) string {
			return fmt.Sprintf("%d level=WARN msg=away error=cut failures=%d away=%s verb=read", at, failures, away)
		}
		s.want(t, line(0, 1, "0s"), line(5, 6, "5s"), line(15, 16, "15s"), line(35, 36, "35s"), line(75, 76, "1m15s"), line(135, 136, "2m15s"),
			line(195, 196, "3m15s"), line(255, 256, "4m15s"), line(315, 316, "5m15s"), line(375, 376, "6m15s"), line(435, 436, "7m15s"),
			line(495, 496, "8m15s"), line(555, 556, "9m15s"), "600 level=INFO msg=back away=10m0s failures=600 waiting=3")
	})
}

// Another reason is said when it comes up: each once, and not without end.
func TestOutageSaysEachReason(t *testing.T) {
	outage(t, func(t *testing.T, o *store.Outage, s *said) {
		full := &store.Error{Msg: "full", Hint: "make room"}
		for i := range 20 {
			o.Failed(errLine)
			o.Failed(fmt.Errorf("wrapped %d: %w", i, full))
			time.Sleep(10 * time.Millisecond)
		}
		s.want(t, "0 level=WARN msg=away error=cut failures=1 away=0s", `0 level=WARN msg=away error="wrapped 0: full" failures=2 away=0s`)
		for i := range 100 {
			o.Failed(fmt.Errorf("port %d", i))
		}
		if n := len(s.lines); n == 0 || n > 10 {
			t.Errorf("100 reasons were said in %d lines", n)
		}
	})
}

// A store that answers every other time is not said to be away and back each time; when
// all was well for a minute, the next outage is said at once.
func TestOutageThatComesAndGoes(t *testing.T) {
	outage(t, func(t *testing.T, o *store.Outage, s *said) {
		for range 600 {
			o.Failed(errLine)
			time.Sleep(500 * time.Millisecond)
			o.Over()
			time.Sleep(500 * time.Millisecond)
		}
		if away, back := count(s.lines, "away"), count(s.lines, "back"); away != 13 || back != 13 {
			t.Errorf("in ten minutes it was %d times said to be away, %d times to be back:\n%s", away, back, strings.Join(s.lines, "\n"))
		}
		s.lines = nil
		time.Sleep(2 * time.Minute)
		o.Failed(errLine)
		o.Over()
		s.want(t, "720 level=WARN msg=away error=cut failures=1 away=0s", "720 level=INFO msg=back away=0s failures=1")
	})
}

// A store that is full is read from as ever: that is no reason to say that it is back.
func TestOutageOfWritesAlone(t *testing.T) {
	outage(t, func(t *testing.T, o *store.Outage, s *said) {
		for range 120 {
			o.Failed(errLine)
			o.ReadOver()
			time.Sleep(time.Second)
		}
		if away, back := count(s.lines, "away"), count(s.lines, "back"); away != 5 || back != 0 {
			t.Errorf("in two minutes it was %d times said to be away, %d times to be back:\n%s", away, back, strings.Join(s.lines, "\n"))
		}
		s.lines = nil
		o.Over()
		s.want(t, "120 level=INFO msg=back away=2m0s failures=120")
		// Where nothing is to be written any more, questions that are answered are enough.
		o.Failed(errLine)
		time.Sleep(2 * time.Minute)
		s.lines = nil
		o.ReadOver()
		s.want(t)
		o.ReadFailed(errLine)
		o.ReadOver()
		s.want(t, "240 level=WARN msg=away error=cut failures=1 away=0s", "240 level=INFO msg=back away=0s failures=1")
	})
}

func count(lines []string, msg string) (n int) {
	for _, line := range lines {
		if strings.Contains(line, "msg="+msg) {
			n++
		}
	}
	return n
}

// An operator is told what to do: what the database's error says, or in general.
func TestOutageHints(t *testing.T) {
	for want, err := range map[string]error{"make room": &store.Error{Msg: "full", Hint: "make room"}, "see that the database is there": errLine} {
		var text bytes.Buffer
		o := store.Outage{Log: slog.New(slog.NewTextHandler(&text, nil)), Clock: throng.NewClock()}
		o.Failed(err)
		if !strings.Contains(text.String(), `hint="`+want) {
			t.Error(text.String())
		}
	}
}
