package doctor

import "fmt"

// What a connection takes, in bytes, with nothing collected by force.
// docs/performance.md has the measurements: up to 878 bytes for plain ones, 9.4 kB with
// TLS on a loop, 36.2 kB with TLS on goroutines.
const (
	plainBytes      = 1_000
	tlsBytes        = 9_400
	goroutinesBytes = 36_200 - tlsBytes // more, where goroutines carry connections
	// kernelBytes is what Linux keeps for the server's end of an idle
	// connection: 4.1 KB, whatever the server (measured with 15,000 of them).
	kernelBytes = 4_100
	// proxyBytes is what a proxy that ends TLS keeps for an idle client:
	// the same, HAProxy 21.0 kB with throng's 0.6 in it. nginx is taken for the same.
	proxyBytes = 20_500
	// processBytes is what a throng without connections takes.
	processBytes = 32 << 20
)

// Memory is what the connections take, in bytes. The names of the JSON fields are
// stable.
type Memory struct {
	PerConnection int64 `json:"per_connection"` // in the server
	Kernel        int64 `json:"kernel"`         // for one socket
	Sockets       int64 `json:"sockets"`        // on this machine for a client: 1, or 3 with a proxy
	Proxy         int64 `json:"proxy"`          // in a proxy on this machine, for a client
	Process       int64 `json:"process"`        // the server without connections
	ServerTotal   int64 `json:"server_total"`
	KernelTotal   int64 `json:"kernel_total"`
	ProxyTotal    int64 `json:"proxy_total"`
	Total         int64 `json:"total"`
	Available     int64 `json:"available,omitempty"` // of the machine; 0: unknown
	Limit         int64 `json:"limit,omitempty"`     // of the control group; 0: none, or unknown
}

// footprint is the memory for the target.
func (e *examination) footprint() Memory {
	m := Memory{PerConnection: plainBytes, Kernel: kernelBytes, Sockets: 1, Process: processBytes}
	if e.s.TLS {
		m.PerConnection = tlsBytes
	}
	if e.s.Goroutines {
		m.PerConnection += goroutinesBytes
	}
	if e.beside() {
		m.Sockets, m.Proxy = 3, proxyBytes
	}
	m.ServerTotal = m.Process + m.PerConnection*e.s.Target
	m.KernelTotal = m.Kernel * m.Sockets * e.s.Target
	m.ProxyTotal = m.Proxy * e.s.Target
	m.Total = m.ServerTotal + m.KernelTotal + m.ProxyTotal
	if e.m.linux() {
		m.Available, _ = e.m.meminfo("MemAvailable")
		if l, err := e.m.memoryLimit("memory.max"); err == nil && l.value < unlimited {
			m.Limit = l.value
		}
	}
	return m
}

// own is what the server's control group is charged with: the kernel's memory
// for its sockets too, but not a proxy's.
func (m *Memory) own() int64 { return m.ServerTotal + m.KernelTotal/m.Sockets }

func (e *examination) machineMemory() {
	const name = "memory available"
	is, err := e.m.meminfo("MemAvailable")
	if err != nil {
		e.add(unread(name, err))
		return
	}
	f := e.footprint()
	e.add(Check{
		Name: name, Is: size(is), Needs: size(f.Total), Verdict: judge(is, f.Total),
		Allows: max(1, (is-f.Process)/(f.PerConnection+f.Kernel*f.Sockets+f.Proxy)),
		Why:    "idle connections, in the server and in the kernel; messages and history come on top",
	})
}

// groupMemory: over memory.max a process of the group is killed, over memory.high
// they are slowed down.
func (e *examination) groupMemory() {
	f := e.footprint()
	for _, name := range []string{"memory.max", "memory.high"} {
		l, err := e.m.memoryLimit(name)
		switch {
		case err != nil:
			e.add(unread(name, err))
			continue
		case l.value >= unlimited:
			e.add(Check{Name: name, Is: "no limit", Needs: "-", Verdict: OK, Why: "no control group of the process bounds its memory"})
			continue
		}
		why := "over it the kernel kills the process"
		key := "MemoryMax"
		if name == "memory.high" {
			why, key = "over it the kernel slows the process down", "MemoryHigh"
		}
		needs := f.own()
		e.add(Check{
			Name: name, Is: size(l.value), Needs: size(needs), Verdict: judge(l.value, needs), Where: "/" + l.path,
			Allows: max(1, (l.value-f.Process)/(f.PerConnection+f.Kernel)),
			Why:    why + "; the kernel's memory for sockets counts",
			mend:   []mend{e.m.unit(fmt.Sprintf("%s=%dM", key, needs>>20+needs>>22))}, // and a quarter
		})
	}
}

// size writes bytes for people.
func size(n int64) string {
	const (
		kB = 1000
		MB = 1000 * kB
		GB = 1000 * MB
	)
	switch {
	case n >= unlimited:
		return "no limit"
	case n >= GB:
		return fmt.Sprintf("%.1f GB", float64(n)/GB)
	case n >= MB:
		return fmt.Sprintf("%.1f MB", float64(n)/MB)
	case n >= kB:
		return fmt.Sprintf("%.1f kB", float64(n)/kB)
	}
	return fmt.Sprintf("%d B", n)
}
