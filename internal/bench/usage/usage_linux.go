package usage

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"throng/internal/bench/report"
)

// ticks is how many the kernel counts in a second: USER_HZ, the same on all
// systems that Go runs on (proc(5)).
const ticks = 100

// Of tells what a process has used until now.
func Of(pid int) (u report.Usage, ok bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, false
	}
	// The name is in brackets and may hold anything.
	at := bytes.LastIndexByte(stat, ')')
	f := strings.Fields(string(stat[at+1:]))
	if at < 0 || len(f) < 22 {
		return u, false
	}
	user, err1 := strconv.ParseFloat(f[11], 64)
	system, err2 := strconv.ParseFloat(f[12], 64)
	pages, err3 := strconv.ParseInt(f[21], 10, 64)
	u.CPU = (user + system) / ticks
	u.RSS = pages * int64(os.Getpagesize())
	return u, err1 == nil && err2 == nil && err3 == nil
}

// Self tells what this process has used.
func Self() report.Usage {
	u, _ := Of(os.Getpid())
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) == nil { // finer
		u.CPU = float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
	}
	return u
}

// Idle tells how busy the machine has been.
func Idle() (s Spare) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return s
	}
	line, _, _ := strings.Cut(string(b), "\n")
	for i, field := range strings.Fields(line) {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil || i > 8 { // guests are counted as users too
			continue
		}
		s.All += n
		if i == 4 || i == 5 { // idle, waiting for disks
			s.Idle += n
		}
	}
	return s
}

// Machine describes this machine.
func Machine() report.Machine {
	m := report.Machine{System: "linux", Cores: runtime.NumCPU()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.System += " " + unix.ByteSliceToString(u.Release[:])
	}
	m.CPU = field("/proc/cpuinfo", "model name")
	if kb, err := strconv.ParseInt(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 10, 64); err == nil {
		m.Memory = kb << 10
	}
	return m
}

// field finds "name : value" in a file of lines.
func field(path, name string) string {
	b, _ := os.ReadFile(path)
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
