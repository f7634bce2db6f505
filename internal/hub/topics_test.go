package hub_test

import (
	"fmt"
	"runtime"
	"testing"
)

// Channels that are empty again leave no memory behind, though others stay.
func TestEmptyChannelsLeaveNothing(t *testing.T) {
	const many, few = 50_000, 50
	names := make([]string, many)
	for i := range names {
		names[i] = fmt.Sprint("channel:", i)
	}
	h, _ := benchHub(2)
	subs := make([]null, many)
	before := heap()
	for i := range subs {
		h.Table(i%2).Add(names[i], &subs[i], 0, false)
	}
	grown := heap() - before
	for i := range subs[few:] {
		h.Table(i%2).Remove(names[few+i], subs[few+i].Index())
	}
	if left := int64(heap()) - int64(before); left > int64(grown)/20 {
		t.Errorf("%d bytes of %d are left for %d channels of %d", left, grown, few, many)
	}
	if n := h.Channels(); n != few {
		t.Errorf("%d channels are left, not %d", n, few)
	}
	runtime.KeepAlive(names)
}
