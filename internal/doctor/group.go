package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strings"
)

// groupRoot is where control groups are; with version 1 each controller has a
// hierarchy of its own below.
const groupRoot = "sys/fs/cgroup"

// groupPath is the process's group in the hierarchy of a controller of version 1,
// or for "" in that of version 2; "" if there is none.
func (m *Machine) groupPath(controller string) string {
	text, err := m.text(m.proc("cgroup"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(text) { // 4:memory:/path, 0::/path
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for c := range strings.SplitSeq(parts[1], ",") {
			if c == controller && (c != "" || parts[0] == "0") {
				return path.Clean("/" + parts[2])
			}
		}
	}
	return ""
}

// bound is the narrowest limit of a process's groups. value is at least unlimited
// where there is none.
type bound struct {
	value int64
	path  string
}

// unified says whether version 2 has the controllers.
func (m *Machine) unified() bool {
	_, err := fs.Stat(m.Root, groupRoot+"/cgroup.controllers")
	return err == nil
}

// inGroups calls look with the directories of the process's group and of all those
// above it, the group itself first. In a container the path may be the host's, and
// only the top is there.
func (m *Machine) inGroups(controller string, look func(dir string) error) error {
	root, at := groupRoot+"/"+controller, m.groupPath(controller)
	if m.unified() {
		root, at = groupRoot, m.groupPath("")
	}
	if at == "" {
		at = "/"
	}
	for ; ; at = path.Dir(at) {
		err := look(path.Join(root, at))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if at == "/" {
			return nil
		}
	}
}

// narrowest is the smallest limit in a file of the groups.
func (m *Machine) narrowest(controller, file string) (bound, error) {
	least := bound{value: unlimited}
	err := m.inGroups(controller, func(dir string) error {
		name := path.Join(dir, file)
		text, err := m.text(name)
		if err != nil || text == "max" {
			return err
		}
		n, err := number(text)
		if err != nil {
			return cause(name, errGarbage)
		}
		if n < least.value {
			least = bound{n, name}
		}
		return nil
	})
	return least, err
}

// memoryLimit is memory.max or memory.high. Version 1 has no high.
func (m *Machine) memoryLimit(file string) (bound, error) {
	switch {
	case m.unified():
		return m.narrowest("memory", file)
	case file == "memory.max":
		return m.narrowest("memory", "memory.limit_in_bytes")
	}
	return bound{value: unlimited}, nil
}

// processorLimit is how many processors' time the groups may use, +Inf for no
// bound.
func (m *Machine) processorLimit() (float64, error) {
	least := math.Inf(1)
	err := m.inGroups("cpu", func(dir string) error {
		name := path.Join(dir, "cpu.max")
		text, err := m.text(name)
		if !m.unified() {
			name = path.Join(dir, "cpu.cfs_quota_us")
			var period string
			if text, err = m.text(name); err == nil {
				period, err = m.text(path.Join(dir, "cpu.cfs_period_us"))
			}
			text = strings.Replace(text, "-1", "max", 1) + " " + period
		}
		if err != nil {
			return err
		}
		quota, period, _ := strings.Cut(text, " ")
		if quota == "max" {
			return nil
		}
		q, err := number(quota)
		p, err2 := number(period)
		if err != nil || err2 != nil || p == 0 {
			return cause(name, errGarbage)
		}
		least = min(least, float64(q)/float64(p))
		return nil
	})
	return least, err
}

// enoughThreads is what Go's runtime takes with a thread for each processor and
// those that wait in the system: connections have none.
const enoughThreads = 128

// groups are the limits of control groups beside memory.
func (e *examination) groups() {
	const name = "pids.max"
	l, err := e.m.narrowest("pids", name)
	if err != nil {
		e.add(unread(name, err))
		return
	}
	e.add(Check{
		Name: name, Is: figure(l.value), Needs: figure(enoughThreads), Verdict: judge(l.value, enoughThreads),
		Why:  "threads; their number does not grow with connections",
		mend: []mend{e.m.unit(fmt.Sprintf("TasksMax=%d", 4*enoughThreads))},
	})
}
