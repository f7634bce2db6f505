package loop

import (
	"testing"
	"time"
)

// A lag is in the first bucket whose bound is above it.
func TestLagBuckets(t *testing.T) {
	for i := range LagBuckets - 1 {
		bound := uint32(LagBound(i) / time.Microsecond)
		if below, at := lagBucket(bound-1), lagBucket(bound); below != i || at != i+1 {
			t.Errorf("%d µs: buckets %d and %d, want %d and %d", bound, below, at, i, i+1)
		}
	}
	if b := lagBucket(0); b != 0 {
		t.Errorf("0 is in bucket %d", b)
	}
	if b := lagBucket(1<<32 - 1); b != LagBuckets-1 {
		t.Errorf("the longest is in bucket %d", b)
	}
}
