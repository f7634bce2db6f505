package usage_test

import (
	"math"
	"os"
	"runtime"
	"testing"
	"time"

	"throng/internal/bench/usage"
)

// known skips where the system tells nothing.
func known(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
}

// work uses processor time and memory until the first has been counted.
func work(t *testing.T, until func() bool) {
	t.Helper()
	x := 1.0
	for end := time.Now().Add(time.Minute); !until(); {
		if time.Now().After(end) {
			t.Fatal("a minute of work was not counted")
		}
		for range 1_000_000 {
			x = math.Sqrt(x + 1)
		}
	}
	_ = x
}

func TestWorkIsCounted(t *testing.T) {
	known(t)
	before, ok := usage.Of(os.Getpid())
	if !ok || before.RSS < 1<<20 || before.RSS > 1<<36 {
		t.Fatalf("%+v, %v", before, ok)
	}
	self := usage.Self()
	memory := make([]byte, 32<<20)
	for i := range memory {
		memory[i] = 1
	}
	work(t, func() bool { u, _ := usage.Of(os.Getpid()); return u.CPU >= before.CPU+0.05 })
	after, _ := usage.Of(os.Getpid())
	if after.RSS < before.RSS+16<<20 {
		t.Errorf("32 MB more, and %d became %d", before.RSS, after.RSS)
	}
	if now := usage.Self(); now.CPU <= self.CPU || math.Abs(now.CPU-after.CPU) > 0.5 {
		t.Errorf("%v became %v, and from outside %v", self.CPU, now.CPU, after.CPU)
	}
	runtime.KeepAlive(memory)
}

func TestSum(t *testing.T) {
	known(t)
	none := usage.Sum(nil)
	if none.CPU != 0 || none.RSS != 0 {
		t.Errorf("%+v", none)
	}
	const nobody = 1<<31 - 1
	if _, ok := usage.Of(nobody); ok {
		t.Error("there is such a process")
	}
	one, two := usage.Sum([]int{os.Getpid(), nobody}), usage.Sum([]int{os.Getpid(), os.Getpid()})
	if one.RSS == 0 || two.RSS < one.RSS*3/2 {
		t.Errorf("%+v, twice %+v", one, two)
	}
}

func TestIdle(t *testing.T) {
	known(t)
	before := usage.Idle()
	if before.All == 0 || before.Idle > before.All {
		t.Fatalf("%+v", before)
	}
	work(t, func() bool { return usage.Idle().All > before.All })
	if share := usage.Idle().Since(before); share < 0 || share > 1 {
		t.Errorf("%v", share)
	}
	if share := before.Since(before); share != -1 {
		t.Errorf("no time passed, and %v of it was idle", share)
	}
}

func TestMachine(t *testing.T) {
	t.Parallel()
	if m := usage.Machine(); m.Cores < 1 || m.System == "" || runtime.GOOS == "linux" && m.Memory < 1<<20 {
		t.Errorf("%+v", m)
	}
}
