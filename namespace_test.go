package throng_test

import (
	"testing"

	"throng"
)

func TestPermissionAllows(t *testing.T) {
	for _, c := range []struct {
		p                       throng.Permission
		anonymous, ann, granted bool
	}{
		{throng.Nobody, false, false, false},
		{throng.Token, false, false, true},
		{throng.Authenticated, false, true, true},
		{throng.Anybody, true, true, true},
		{throng.Permission(99), false, false, false},
	} {
		if got := c.p.Allows("", false); got != c.anonymous {
			t.Errorf("permission %d for an anonymous client: %v", c.p, got)
		}
		if got := c.p.Allows("ann", false); got != c.ann {
			t.Errorf("permission %d for ann: %v", c.p, got)
		}
		if got := c.p.Allows("", true); got != c.granted {
			t.Errorf("permission %d for one with a token: %v", c.p, got)
		}
	}
	var ns throng.Namespace
	if ns.Subscribe.Allows("ann", true) || ns.Publish.Allows("ann", true) || ns.ClientEvents != throng.EventDeny {
		t.Error("the zero namespace allows something")
	}
}

func TestPublicationExpired(t *testing.T) {
	for _, c := range []struct {
		deadline, now int64
		want          bool
	}{{0, 1 << 60, false}, {10, 9, false}, {10, 10, true}, {10, 11, true}} {
		p := throng.Publication{ExpiresAt: c.deadline}
		if got := p.Expired(c.now); got != c.want {
			t.Errorf("deadline %d at %d: %v", c.deadline, c.now, got)
		}
	}
}

func TestRetentionEnabled(t *testing.T) {
	for r, want := range map[throng.Retention]bool{
		{}: false, {Size: 1}: false, {TTL: 1}: false, {Size: 1, TTL: 1}: true, {Size: -1, TTL: 1}: false,
	} {
		if got := r.Enabled(); got != want {
			t.Errorf("%+v: %v", r, got)
		}
	}
}
