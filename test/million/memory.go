package million

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
)

// Memory is what the process takes, in bytes.
type Memory struct {
	// Live is the heap after a collection, Resident what the system counts,
	// Heap what the runtime asked the system for; Resident is 0 where the system
	// doesn't tell. Peak is the most that was ever resident.
	Live, Resident, Heap, Peak int64
}

// Fresh gives all that can be had back to the system and says what is left: where
// a benchmark begins.
func Fresh() Memory {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak counts from here; Linux only
	return Collected()
}

// Now is the memory as it is, without a collection; Live is not known then.
func Now() (m Memory) {
	m.Resident, m.Peak = status("VmRSS:"), status("VmHWM:")
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m.Heap = int64(s.HeapSys - s.HeapReleased)
	return m
}

// Collected is the memory after a collection.
func Collected() Memory {
	runtime.GC()
	runtime.GC() // what the first one only freed of finalizers
	m := Now()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m.Live = int64(s.HeapAlloc)
	return m
}

// Report reports what each of n took since before: as it is now, and live after
// the collection that Report makes.
func Report(b *testing.B, before Memory, n int, what string) {
	b.Helper()
	now := Now()
	live := Collected().Live
	per := func(grown int64, unit string) {
		b.ReportMetric(float64(grown)/float64(n), unit+"/"+what)
	}
	per(live-before.Live, "live-B")
	per(now.Heap-before.Heap, "heap-B")
	if before.Resident > 0 {
		per(now.Resident-before.Resident, "resident-B")
		per(now.Peak-before.Resident, "peak-B")
	}
}

// status reads a line of /proc/self/status in kB; 0 where there is none.
func status(name string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, found := bytes.Cut(text, []byte(name))
	line, _, ended := bytes.Cut(rest, []byte(" kB"))
	kB, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if !found || !ended || err != nil {
		return 0
	}
	return kB << 10
}
