package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// defaultPorts is how many Linux's default range (32768 to 60999) has.
const defaultPorts = 28_232

const (
	rangeName    = "net.ipv4.ip_local_port_range"
	reservedName = "net.ipv4.ip_local_reserved_ports"
)

// portRange is where the kernel takes the ports of outgoing connections from.
func (m *Machine) portRange() (first, last int64, err error) {
	r, err := m.numbers(sysctlPath(rangeName), 2)
	if err == nil && (r[0] < 1 || r[1] < r[0] || r[1] > 65535) {
		err = cause(sysctlPath(rangeName), errGarbage)
	}
	if err != nil {
		return 0, 0, err
	}
	return r[0], r[1], nil
}

// perPair is how many connections there may be from one source address to one
// destination.
func (e *examination) perPair() int64 {
	first, last, err := e.m.portRange()
	if err != nil {
		return defaultPorts
	}
	ports := last - first + 1
	if reserved, err := e.m.reserved(); err == nil {
		for _, r := range reserved {
			ports -= max(0, min(last, r[1])-max(first, r[0])+1)
		}
	}
	return max(1, ports)
}

// ports: outgoing connections, of a proxy on this machine to throng say, are told
// apart by their source port. Whether that suffices is the proxy's matter.
func (e *examination) ports() {
	first, last, err := e.m.portRange()
	if err != nil {
		e.add(unread(rangeName, err))
		return
	}
	pair := e.perPair()
	sources := (e.s.Target + pair - 1) / pair
	e.add(Check{
		Name: rangeName, Is: fmt.Sprintf("%d %d", first, last), Needs: "-", Verdict: OK,
		Why: fmt.Sprintf("%d ports for each source address and destination: a proxy needs %s towards throng, with a Unix socket none",
			pair, plural(sources, "source address", "source addresses")),
	})
	e.reservedPorts(first, last)
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// reserved are ranges of ports that the kernel gives to no outgoing connection.
func (m *Machine) reserved() (ranges [][2]int64, err error) {
	text, err := m.text(sysctlPath(reservedName))
	if err != nil || text == "" {
		return nil, err
	}
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		a, err := number(from)
		b, err2 := number(to)
		if err != nil || err2 != nil || b < a {
			return nil, cause(sysctlPath(reservedName), errGarbage)
		}
		ranges = append(ranges, [2]int64{a, b})
	}
	return ranges, nil
}

// reservedPorts: where the range reaches the ports that throng listens on, an
// outgoing connection of anybody may sit on one when throng starts.
func (e *examination) reservedPorts(first, last int64) {
	reserved, err := e.m.reserved()
	if err != nil {
		e.add(unread(reservedName, err))
		return
	}
	var open []string
	for _, p := range slices.Sorted(slices.Values(e.s.Ports)) {
		port := int64(p)
		covered := slices.ContainsFunc(reserved, func(r [2]int64) bool { return r[0] <= port && port <= r[1] })
		if port >= first && port <= last && !covered {
			open = append(open, strconv.Itoa(p))
		}
	}
	text, _ := e.m.text(sysctlPath(reservedName))
	c := Check{Name: reservedName, Is: text, Needs: "-", Verdict: OK, Why: "no port that throng listens on is in the range"}
	if text == "" {
		c.Is = "none"
	}
	if len(open) > 0 {
		ports := strings.Join(open, ",")
		c.Needs, c.Verdict = ports, Wrong
		c.Why = "throng listens there, and any outgoing connection may take it before"
		c.mend = []mend{sysctl(reservedName, strings.Trim(text+","+ports, ","))}
	}
	e.add(c)
}
