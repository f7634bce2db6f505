package doctor_test

import (
	"errors"
	"strings"
	"testing"

	"throng/internal/doctor"
)

// io_uring is tried where it is asked for, and missed only where it is insisted on.
func TestRing(t *testing.T) {
	forbidden := errors.New("io_uring_setup: operation not permitted")
	for name, test := range map[string]struct {
		engine  string
		pid     int
		err     error
		is      string
		verdict doctor.Verdict
	}{
		"works":            {"auto", 0, nil, "works", doctor.OK},
		"forbidden":        {"auto", 0, forbidden, "not permitted", doctor.OK},
		"insisted on":      {"io_uring", 0, forbidden, "not permitted", doctor.Wrong},
		"not asked for":    {"epoll", 0, forbidden, "not asked for", doctor.OK},
		"of another":       {"auto", 77, forbidden, "not tried", doctor.OK},
		"goroutine engine": {"goroutine", 0, nil, "not asked for", doctor.OK},
	} {
		t.Run(name, func(t *testing.T) {
			m, s := machine(tree(t, "debian")), subject(100)
			m.PID, m.Ring = test.pid, func() error { return test.err }
			s.Engine, s.Goroutines = test.engine, test.engine == "goroutine"
			c := find(t, doctor.Examine(m, s).Checks, "io_uring")
			if !strings.Contains(c.Is, test.is) || c.Verdict != test.verdict {
				t.Errorf("%s, %s: %s", c.Is, c.Verdict, c.Why)
			}
		})
	}
}
