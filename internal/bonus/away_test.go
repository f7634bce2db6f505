package bonus_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throng/internal/bonus"
)

// TestAwayIsSaidSeldom: a store that is away for ten minutes is a dozen lines of the log,
// and one when it is back; each call that failed is counted.
func TestAwayIsSaidSeldom(t *testing.T) {
	var log bytes.Buffer
	o := bonus.Options{Look: time.Second, Log: slog.New(slog.NewTextHandler(&log, nil))}
	bubbleOf(t, o, func(w *world) {
		time.Sleep(10 * time.Second)
		w.journal.set(refuses)
		time.Sleep(10 * time.Minute)
		w.journal.set(works)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		away, back := strings.Count(log.String(), "does not answer"), strings.Count(log.String(), "answers again")
		if failed := w.Stats().Errors.Load(); away < 10 || away > 15 || back != 1 || failed < 500 {
			t.Errorf("said %d times to be away, %d times to be back; %d calls failed\n%s", away, back, failed, &log)
		}
	})
}
