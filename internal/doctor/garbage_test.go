package doctor_test

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"throng/internal/doctor"
)

// Where nothing can be read nothing is judged, and nothing is made up.
func TestNothing(t *testing.T) {
	r := doctor.Examine(machine(fstest.MapFS{}), subject(100_000))
	for _, c := range r.Checks {
		if c.Failed() || c.Allows != 0 {
			t.Errorf("%+v", c)
		}
	}
	if got := find(t, r.Checks, "fs.file-max").Why; got != "/proc/sys/fs/file-max: file does not exist" {
		t.Error(got)
	}
	if r.Verdict != doctor.Unknown || len(r.Mend) != 0 {
		t.Errorf("%s %v", r.Verdict, r.Mend)
	}
}

// helpers are files that only help to judge another one.
var helpers = []string{
	"proc/sys/net/ipv4/tcp_syncookies", "proc/sys/fs/file-nr", "sys/devices/system/cpu/online",
	"sys/fs/cgroup/cgroup.controllers", "proc/self/cgroup",
}

// Garbage in any file is said where it lies.
func TestGarbage(t *testing.T) {
	whole := tree(t, "debian")
	for _, name := range slices.Sorted(maps.Keys(whole)) {
		for _, garbage := range []string{"x", "-5", "1 x 3", "\x00\xff", strings.Repeat("9", 400) + "z", ":\n::\n5:a"} {
			r := doctor.Examine(machine(set(whole, name, garbage)), subject(100_000))
			said := slices.ContainsFunc(r.Checks, func(c doctor.Check) bool {
				return c.Verdict == doctor.Unknown && strings.Contains(c.Why, "/"+name)
			})
			if !said && !slices.Contains(helpers, name) {
				t.Errorf("%s: %q was believed", name, garbage)
			}
			if r.Verdict == doctor.Wrong {
				t.Errorf("%s: %q made it wrong: %v", name, garbage, verdicts(r.Checks))
			}
		}
	}
}

func FuzzExamine(f *testing.F) {
	whole := tree(f, "debian", "tuned", "container")
	names := slices.Sorted(maps.Keys(whole))
	for i := range names {
		f.Add(uint8(i), string(whole[names[i]].Data), "GOMEMLIMIT=1GiB", int64(100_000))
	}
	f.Fuzz(func(t *testing.T, file uint8, text, env string, target int64) {
		if target < 1 || target > 100_000_000 {
			return
		}
		fsys := set(whole, names[int(file)%len(names)], text)
		r := doctor.Examine(machine(fsys, env), subject(target))
		if err := r.Write(io.Discard); err != nil {
			t.Error(err)
		}
	})
}
