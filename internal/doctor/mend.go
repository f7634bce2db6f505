package doctor

import (
	"slices"
	"strings"
)

// mend is a line of a file that makes a check pass.
type mend struct{ file, line string }

// Remedy is a file, or what belongs into one.
type Remedy struct {
	Path  string   `json:"path"`
	Lines []string `json:"lines"`
}

// sysctlFile is read last of those that distributions bring.
const sysctlFile = "/etc/sysctl.d/90-throng.conf"

func sysctl(key, value string) mend { return mend{sysctlFile, key + " = " + value} }

// unit is a line of the section [Service] of the process's unit.
func (m *Machine) unit(line string) mend {
	name := m.unitName()
	if !strings.HasSuffix(name, ".service") {
		name = "throng.service"
	}
	return mend{"/etc/systemd/system/" + name + ".d/90-throng.conf", line}
}

// remedies gathers the lines of failed checks by file.
func remedies(checks []Check) []Remedy {
	all := []Remedy{} // an empty list in JSON
	for _, c := range checks {
		if !c.Failed() {
			continue
		}
		for _, m := range c.mend {
			i := slices.IndexFunc(all, func(r Remedy) bool { return r.Path == m.file })
			if i < 0 {
				i = len(all)
				all = append(all, Remedy{Path: m.file})
				if strings.HasPrefix(m.file, "/etc/systemd/") {
					all[i].Lines = []string{"[Service]"}
				}
			}
			if !slices.Contains(all[i].Lines, m.line) {
				all[i].Lines = append(all[i].Lines, m.line)
			}
		}
	}
	return all
}

// roundUp makes a figure that people like to read.
func roundUp(n int64) int64 {
	step := int64(1000)
	for n > 1000*step {
		step *= 10
	}
	return (n + step - 1) / step * step
}
