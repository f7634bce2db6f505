package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
)

// Machine is where a server runs or will run.
type Machine struct {
	Root   fs.FS  // where proc and sys are
	System string // as runtime.GOOS has it
	// PID is the process whose limits are looked at; 0 for this one.
	PID int
	// Descriptors is the limit of this process, for where /proc does not tell.
	Descriptors int64
	// Env is the environment of this process.
	Env []string
	// Ring tries io_uring in this process; nil: it can't be tried.
	Ring func() error
	// Page is the size of a page of memory; 0 for this machine's.
	Page int64
}

func (m *Machine) linux() bool { return m.System == "linux" }

func (m *Machine) page() int64 {
	if m.Page > 0 {
		return m.Page
	}
	return int64(os.Getpagesize())
}

// maxFile is more than any file of the kernel's that is read here has.
const maxFile = 1 << 20

func (m *Machine) text(path string) (string, error) {
	f, err := m.Root.Open(path)
	if err != nil {
		return "", cause(path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return "", cause(path, err)
	}
	return string(bytes.TrimSpace(b)), nil
}

// cause names a file as it is called on the machine.
func cause(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("/%s: %w", path, err)
}

// errGarbage is that a file does not hold what the kernel writes there.
var errGarbage = errors.New("not the numbers that belong there")

// numbers reads a file of so many numbers.
func (m *Machine) numbers(path string, count int) ([]int64, error) {
	text, err := m.text(path)
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(text)
	if len(fields) != count {
		return nil, cause(path, errGarbage)
	}
	numbers := make([]int64, count)
	for i, f := range fields {
		if numbers[i], err = number(f); err != nil {
			return nil, cause(path, errGarbage)
		}
	}
	return numbers, nil
}

func (m *Machine) number(path string) (int64, error) {
	n, err := m.numbers(path, 1)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// number reads a number without a sign. One that is a way to say that there is no
// limit, or too large for anything, is unlimited; so sums don't overflow.
func number(s string) (int64, error) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, errGarbage
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil { // nothing but the range is left
		n = unlimited
	}
	return min(n, unlimited), nil
}

// sysctlPath is where the kernel shows a setting.
func sysctlPath(key string) string { return "proc/sys/" + strings.ReplaceAll(key, ".", "/") }

// proc is a file of the process.
func (m *Machine) proc(name string) string {
	if m.PID == 0 {
		return "proc/self/" + name
	}
	return fmt.Sprintf("proc/%d/%s", m.PID, name)
}

// process says whose limits are looked at.
func (m *Machine) process() string {
	name := "this process"
	if m.PID != 0 {
		name = fmt.Sprintf("process %d", m.PID)
	}
	if unit := m.unitName(); unit != "" {
		name += ", " + unit
	}
	return name
}

// unitName is the systemd unit of the process, or "".
func (m *Machine) unitName() string {
	if !m.linux() {
		return ""
	}
	path := m.groupPath("")
	if path == "" || path == "/" {
		path = m.groupPath("name=systemd")
	}
	for parts := strings.Split(path, "/"); len(parts) > 0; parts = parts[:len(parts)-1] {
		last := parts[len(parts)-1]
		if strings.HasSuffix(last, ".service") || strings.HasSuffix(last, ".scope") {
			return last
		}
	}
	return ""
}

// meminfo is a line of /proc/meminfo, in bytes.
func (m *Machine) meminfo(name string) (int64, error) {
	const path = "proc/meminfo"
	text, err := m.text(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == name+":" && f[2] == "kB" {
			if n, err := number(f[1]); err == nil && n < math.MaxInt64/1024 {
				return n * 1024, nil
			}
		}
	}
	return 0, cause(path, fmt.Errorf("no %s", name))
}

// processors counts those that are online, as in "0-3,6".
func (m *Machine) processors() (int64, error) {
	const path = "sys/devices/system/cpu/online"
	text, err := m.text(path)
	if err != nil {
		return 0, err
	}
	count := int64(0)
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := number(first)
		to, err2 := number(last)
		if err != nil || err2 != nil || to < from || to > 1<<16 {
			return 0, cause(path, errGarbage)
		}
		count += to - from + 1
	}
	return count, nil
}
