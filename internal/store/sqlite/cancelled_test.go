package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"

	"throng"
	"throng/internal/store/sqlite"
)

// fading is a context that ends when it is looked at for the n-th time.
type fading struct {
	context.Context
	end  context.CancelFunc
	left atomic.Int32
}

func (f *fading) Done() <-chan struct{} {
	if f.left.Add(-1) == 0 {
		f.end()
	}
	return f.Context.Done()
}

// TestCancelled ends the contexts of flushes at each moment that anybody looks at them,
// very often: who looks are several goroutines, of which the driver's may be fast or
// slow. Whatever comes of a flush, the ones after it have the file.
func TestCancelled(t *testing.T) {
	s := open(t, sqlite.Options{File: filepath.Join(t.TempDir(), "visits.db")})
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	f := throng.VisitFlush{Sequence: 1, At: lease.Now}
	const looks, rounds = 8, 4000 // the first few are before and at BEGIN
	cancelled := 0
	for i := range looks * rounds {
		ctx := new(fading)
		ctx.Context, ctx.end = context.WithCancel(t.Context())
		ctx.left.Store(int32(1 + i%looks))
		_, err := s.Flush(ctx, lease, &f)
		ctx.end()
		switch {
		case errors.Is(err, context.Canceled):
			cancelled++
		case err != nil:
			t.Fatalf("flush %d: %v", i, err)
		}
	}
	if cancelled < rounds {
		t.Errorf("%d flushes of %d were cancelled", cancelled, looks*rounds)
	}
	if _, err := s.Flush(t.Context(), lease, &throng.VisitFlush{Sequence: 2, At: lease.Now}); err != nil {
		t.Error(err)
	}
}
