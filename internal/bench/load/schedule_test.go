package load

import (
	"testing"
	"time"
)

// phoenix.js, socket.js: reconnectAfterMs.
func TestScheduleOfPhoenix(t *testing.T) {
	t.Parallel()
	s := scheduleOf("phoenix")
	for failures, want := range []time.Duration{10, 50, 100, 150, 200, 250, 500, 1000, 2000, 5000, 5000, 5000} {
		if wait, again := s.after(failures); !again || wait != want*time.Millisecond {
			t.Errorf("after %d failures: %v, %v; want %d ms", failures, wait, again, want)
		}
	}
	if wait, again := s.after(255); !again || wait != 5*time.Second {
		t.Error(wait, again)
	}
}

func TestOtherSchedules(t *testing.T) {
	t.Parallel()
	fast := scheduleOf("fast")
	for failures, want := range []time.Duration{10, 100, 100} {
		if wait, again := fast.after(failures); !again || wait != want*time.Millisecond {
			t.Errorf("after %d failures: %v, %v", failures, wait, again)
		}
	}
	if _, again := scheduleOf("never").after(0); again {
		t.Error("never tries again")
	}
}
