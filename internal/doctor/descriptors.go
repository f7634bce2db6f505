package doctor

import (
	"fmt"
	"strconv"
	"strings"
)

const descriptorsName = "descriptors"

// openFiles are the limits of the process on descriptors.
func (m *Machine) openFiles() (soft, hard int64, err error) {
	if !m.linux() {
		return m.Descriptors, m.Descriptors, nil
	}
	path := m.proc("limits")
	text, err := m.text(path)
	if err != nil {
		if m.PID == 0 && m.Descriptors > 0 {
			return m.Descriptors, m.Descriptors, nil
		}
		return 0, 0, err
	}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "Max open files")
		if f := strings.Fields(rest); ok && len(f) >= 2 {
			soft, err = limit(f[0])
			if err == nil {
				hard, err = limit(f[1])
			}
			if err == nil {
				return soft, hard, nil
			}
		}
	}
	return 0, 0, cause(path, errGarbage)
}

func limit(s string) (int64, error) {
	if s == "unlimited" {
		return unlimited, nil
	}
	return number(s)
}

// unlimited is where a figure is a way to say that there is no limit: cgroups and
// file-max write numbers near the largest.
const unlimited = 1 << 62

// figure writes a number, or that there is none.
func figure(n int64) string {
	if n >= unlimited {
		return "no limit"
	}
	return strconv.FormatInt(n, 10)
}

// processDescriptors: the limit of the process itself, which the server derives
// its own from.
func (e *examination) processDescriptors() {
	soft, hard, err := e.m.openFiles()
	if err != nil {
		e.add(unread(descriptorsName, err))
		return
	}
	needs := e.s.descriptors()
	c := Check{
		Name: descriptorsName, Is: figure(soft), Needs: figure(needs), Verdict: judge(soft, needs),
		Allows: e.s.Within(soft),
		Why:    "of " + e.m.process() + ": one for each connection, and some are kept back",
		mend:   []mend{e.m.unit(fmt.Sprintf("LimitNOFILE=%d", roundUp(needs)))},
	}
	if hard != soft {
		c.Is += ", hard " + figure(hard)
	}
	e.add(c)
	if e.m.linux() {
		e.ceiling(roundUp(needs), c.Failed())
	}
}

// ceiling: fs.nr_open is what no process's limit can be raised above.
func (e *examination) ceiling(needs int64, raise bool) {
	const name = "fs.nr_open"
	is, err := e.m.number(sysctlPath(name))
	if err != nil {
		e.add(unread(name, err))
		return
	}
	c := Check{
		Name: name, Is: figure(is), Needs: figure(needs), Verdict: judge(is, needs),
		Why:  "no process's limit on descriptors can be raised above it",
		mend: []mend{sysctl(name, figure(needs))},
	}
	if !raise {
		c.Needs, c.Verdict = "-", OK
	}
	e.add(c)
}

// systemDescriptors: fs.file-max is for all processes together. A proxy on the
// same machine has two for each client.
func (e *examination) systemDescriptors() {
	const name = "fs.file-max"
	is, err := e.m.number(sysctlPath(name))
	if err != nil {
		e.add(unread(name, err))
		return
	}
	each, whose := int64(1), "all processes together"
	if e.beside() {
		each, whose = 3, "all processes together, and the proxy has two for each client"
	}
	used, rest := int64(0), e.s.descriptors()-e.s.Target
	if n, err := e.m.numbers(sysctlPath("fs.file-nr"), 3); err == nil {
		used = n[0]
	}
	needs := used + rest + each*e.s.Target
	e.add(Check{
		Name: name, Is: figure(is), Needs: figure(needs), Verdict: judge(is, needs),
		Allows: max(1, (is-used-rest)/each),
		Why:    whose + fmt.Sprintf("; %d are in use", used),
		mend:   []mend{sysctl(name, figure(roundUp(needs)))},
	})
}

// watches: what an epoll waits for is counted by user.
func (e *examination) watches() {
	const name = "fs.epoll.max_user_watches"
	is, err := e.m.number(sysctlPath(name))
	if err != nil {
		e.add(unread(name, err))
		return
	}
	const rest = 1000 // the user's other processes
	needs := e.s.Target + rest
	e.add(Check{
		Name: name, Is: figure(is), Needs: figure(needs), Verdict: judge(is, needs),
		Allows: max(1, is-rest),
		Why:    "one for each connection, of all processes of the user",
		mend:   []mend{sysctl(name, figure(roundUp(needs)))},
	})
}
