package rate_test

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng/internal/rate"
)

const second = 1000 // Clock milliseconds

// start is a time on which nothing is round.
const start = 123_456_789

func TestBucketPassesABurstAndThenTheRate(t *testing.T) {
	b := rate.NewBucket(100)
	if n := passed(b, start, 1000); n != 100 {
		t.Errorf("%d at once, want 100", n)
	}
	wait := b.Take(start)
	if want := 10 * time.Millisecond; wait != want {
		t.Errorf("told to wait %v, want %v", wait, want)
	}
	if b.Take(start+wait.Milliseconds()) != 0 {
		t.Error("refused after the time it was told to wait")
	}
	if n := passed(b, start+second, 1000); n != 99 {
		t.Errorf("%d a second later, want 99 and the one before", n)
	}
}

func passed(b *rate.Bucket, now int64, tries int) (n int) {
	for range tries {
		if b.Take(now) == 0 {
			n++
		}
	}
	return n
}

func TestBucketIsSharedSafely(t *testing.T) {
	b := rate.NewBucket(500)
	var n atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { n.Add(int64(passed(b, start, 500))) })
	}
	if wg.Wait(); n.Load() != 500 {
		t.Errorf("%d passed, want 500", n.Load())
	}
}

func TestNilLimitsNothing(t *testing.T) {
	if rate.NewBucket(0).Take(start) != 0 || rate.NewAddresses(0).Take(netip.MustParseAddr("192.0.2.1"), start) != 0 {
		t.Error("no limit refuses")
	}
	var m rate.Meter
	if v, _ := m.Take(rate.NewRates(0, 0), start, 1<<40); v != rate.Pass {
		t.Error("no rates refuse")
	}
}

func TestAddressesAreLimitedEach(t *testing.T) {
	a := rate.NewAddresses(3)
	one, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for i := range 3 {
		if a.Take(one, start) != 0 {
			t.Fatalf("refused at the %d. time", i+1)
		}
	}
	wait := a.Take(one, start)
	if wait != 20*time.Second {
		t.Errorf("told to wait %v, want 20 s", wait)
	}
	if a.Take(netip.MustParseAddr("::ffff:192.0.2.1"), start) == 0 {
		t.Error("the same address in IPv6's clothes passed")
	}
	if a.Take(other, start) != 0 {
		t.Error("another address was refused")
	}
	if a.Take(one, start+wait.Milliseconds()) != 0 {
		t.Error("refused after the time it was told to wait")
	}
	if a.Take(one, start+wait.Milliseconds()) == 0 {
		t.Error("two passed after the time for one")
	}
}

func TestAHouseholdIsOneAddress(t *testing.T) {
	a := rate.NewAddresses(1)
	a.Take(netip.MustParseAddr("2001:db8::1"), start)
	if a.Take(netip.MustParseAddr("2001:db8::ffff:1"), start) == 0 {
		t.Error("another host of the /64 passed")
	}
	if a.Take(netip.MustParseAddr("2001:db8:0:1::1"), start) != 0 {
		t.Error("another /64 was refused")
	}
	for range 10 {
		if a.Take(netip.Addr{}, start) != 0 {
			t.Fatal("a Unix socket was refused")
		}
	}
}

// TestAccountsOutliveATurnOfGenerations: what was booked a moment before the
// generations turn is not forgotten.
func TestAccountsOutliveATurnOfGenerations(t *testing.T) {
	a := rate.NewAddresses(2)
	one := netip.MustParseAddr("192.0.2.1")
	begin := a.Take(one, start) // begins the generation
	late := int64(start + 59*second)
	a.Take(one, late)
	a.Take(one, late)
	if begin != 0 || a.Take(one, late) == 0 {
		t.Fatal("the third within a minute passed")
	}
	if a.Take(one, start+61*second) == 0 {
		t.Error("forgotten when the generations turned")
	}
	if a.Take(one, late+61*second) != 0 {
		t.Error("refused a minute later")
	}
}

func TestMemoryOfAddressesIsBounded(t *testing.T) {
	a := rate.NewAddresses(1)
	for i := range 3 << 20 {
		a.Take(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), start)
	}
	if n := a.Len(); n > 2<<20 {
		t.Errorf("%d accounts are kept", n)
	}
}

func TestMeter(t *testing.T) {
	const messages, bytes = 10, 1000
	r := rate.NewRates(messages, bytes)
	for _, c := range []struct {
		name       string
		n          int // bytes of each message
		pass, over int // at once
	}{
		{"by messages", 10, 20, 20},
		{"by bytes", 200, 10, 10},
		{"one giant", 1 << 30, 1, 1},
		{"empty", 0, 20, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := rate.NewMeter(start)
			got := fmt.Sprint(count(&m, r, c.n, rate.Pass), count(&m, r, c.n, rate.Over))
			if want := fmt.Sprint(c.pass, c.over); got != want && c.name != "one giant" {
				t.Errorf("%s passed and were refused before the flood, want %s", got, want)
			} else if c.name == "one giant" && got[:1] != "1" {
				t.Errorf("%s passed", got)
			}
		})
	}
}

// count sends at one time until the verdict is another one.
func count(m *rate.Meter, r *rate.Rates, bytes int, v rate.Verdict) (n int) {
	for probe := *m; n < 1000; n++ {
		if got, _ := probe.Take(r, start, bytes); got != v {
			return n
		}
		*m = probe
	}
	return n
}

func TestWhoWaitsPasses(t *testing.T) {
	r := rate.NewRates(10, 0)
	m := rate.NewMeter(start)
	now := int64(start)
	for i := range 1000 {
		v, wait := m.Take(r, now, 1)
		if v == rate.Over {
			now += wait.Milliseconds() + 1
			if v, _ := m.Take(r, now, 1); v != rate.Pass {
				t.Fatalf("verdict %v on message %d after the wait", v, i)
			}
		}
		if v == rate.Flood {
			t.Fatal("flood, although every wait was kept")
		}
	}
	if took := now - start; took < 95*second || took > 210*second {
		t.Errorf("1000 messages at 10 a second took %d ms", took)
	}
}

// TestRatesAreKept: over ten seconds as many pass as are allowed, whatever the rate
// and the size of messages.
func TestRatesAreKept(t *testing.T) {
	for _, c := range []struct{ messages, bytes, size int }{
		{7, 0, 1}, {100, 0, 1}, {3000, 0, 1}, {5400, 0, 1}, {10000, 0, 1},
		{0, 1000, 1}, {0, 256 << 10, 8}, {0, 1 << 20, 32}, {0, 1 << 20, 33}, {0, 10 << 20, 320}, {0, 64 << 10, 4000},
	} {
		r := rate.NewRates(c.messages, c.bytes)
		m := rate.NewMeter(start)
		passed := 0
		for now := int64(0); now < 10*second; now++ {
			for probe := m; ; probe = m {
				if v, _ := probe.Take(r, start+now, c.size); v != rate.Pass {
					break
				}
				m = probe
				passed++
			}
		}
		want := 12 * c.messages // ten seconds, and the burst
		if c.bytes > 0 {
			want = 12 * c.bytes / c.size
		}
		if off := float64(passed)/float64(want) - 1; off < -0.03 || off > 0.03 {
			t.Errorf("%+v: %d passed in 10 s, want %d", c, passed, want)
		}
	}
}

// TestClockOfDays: whatever the clock says, a fresh meter and one that was silent
// for a while pass.
func TestClockOfDays(t *testing.T) {
	r := rate.NewRates(1, 1000)
	const day = 24 * 3600 * second
	for hour := int64(0); hour < 24*30; hour++ {
		now := hour * 3600 * second
		m := rate.NewMeter(now)
		for _, silent := range []int64{0, second, 60 * second, 3600 * second, day} {
			now += silent
			if v, _ := m.Take(r, now, 1); v != rate.Pass {
				t.Fatalf("verdict %v at hour %d after %d ms", v, hour, silent)
			}
		}
	}
}

func BenchmarkMeter(b *testing.B) {
	r := rate.NewRates(1000, 1<<20)
	m := rate.NewMeter(0)
	b.ReportAllocs()
	for i := range b.N {
		m.Take(r, int64(i), 100)
	}
}

func BenchmarkAddresses(b *testing.B) {
	a := rate.NewAddresses(60)
	b.ReportAllocs()
	for i := range b.N {
		a.Take(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), int64(i))
	}
}
