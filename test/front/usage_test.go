//go:build linux

package front

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what the processes used of something.
type usage struct {
	throng, proxy float64
	proxied       bool // there is a proxy whose share is known
}

func (u usage) since(begin usage) usage {
	return usage{u.throng - begin.throng, u.proxy - begin.proxy, u.proxied}
}

func (u usage) per(n int) usage { return usage{u.throng / float64(n), u.proxy / float64(n), u.proxied} }

// each asks both processes.
func (w *world) each(ask func(pid int) float64) usage {
	u := usage{throng: ask(w.throng.PID())}
	if w.proxy != nil {
		u.proxy, u.proxied = ask(w.proxy.cmd.Process.Pid), true
	}
	return u
}

// cpu returns the processor time in nanoseconds. The clock of a process
// (clock_getcpuclockid(3)) is exact, where /proc counts in ticks of 10 ms.
func (w *world) cpu() usage {
	return w.each(func(pid int) float64 {
		const scheduled = 2 // CPUCLOCK_SCHED of the kernel
		var ts unix.Timespec
		if err := unix.ClockGettime(int32(^pid<<3|scheduled), &ts); err != nil {
			w.b.Fatalf("processor time of %d: %v", pid, err)
		}
		return float64(ts.Nano())
	})
}

// resident returns the resident memory in bytes. smaps_rollup walks over the pages;
// the kernel's cheaper counters are off by what each core has not yet booked.
func (w *world) resident() usage {
	return w.each(func(pid int) float64 {
		for line := range strings.Lines(string(slurp(w.b, fmt.Sprintf("/proc/%d/smaps_rollup", pid)))) {
			if f := strings.Fields(line); f[0] == "Rss:" {
				return 1024 * w.number(f[1])
			}
		}
		w.b.Fatal("no Rss in smaps_rollup")
		return 0
	})
}

// live returns what throng's heap and stacks hold, after a collection.
func (w *world) live() usage {
	var heap, stacks float64
	for line := range strings.Lines(w.ask("/debug/pprof/heap?gc=1&debug=1")) {
		line = strings.TrimSpace(line)
		if value, ok := strings.CutPrefix(line, "# HeapAlloc = "); ok {
			heap = w.number(value)
		}
		if value, ok := strings.CutPrefix(line, "# Stack = "); ok {
			value, _, _ = strings.Cut(value, " ")
			stacks = w.number(value)
		}
	}
	if heap == 0 || stacks == 0 {
		w.b.Fatal("the heap profile does not tell what is in use")
	}
	return usage{throng: heap + stacks}
}

// collect has the processes give back what they can.
func (w *world) collect() {
	w.live()
	w.live() // pools are emptied by the second collection
	if w.proxy != nil {
		if err := w.proxy.collect(); err != nil {
			w.b.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// sent returns how many bytes throng has sent, before they are encrypted.
func (w *world) sent() (u usage) {
	for lines := bufio.NewScanner(bytes.NewBufferString(w.ask("/metrics"))); lines.Scan(); {
		if series, value, _ := strings.Cut(lines.Text(), " "); strings.HasPrefix(series, "throng_sent_bytes_total") {
			u.throng += w.number(value)
		}
	}
	return u
}

// ask asks throng's internal listener.
func (w *world) ask(path string) string {
	w.b.Helper()
	r, err := http.Get("http://" + w.throng.Internal() + path)
	if err != nil {
		w.b.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.b.Fatal(err)
	}
	return string(body)
}

func (w *world) number(s string) float64 {
	w.b.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		w.b.Fatal(err)
	}
	return v
}
