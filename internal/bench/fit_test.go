package bench

import (
	"slices"
	"strings"
	"testing"

	"throng/internal/bench/scenario"
)

func TestFit(t *testing.T) {
	t.Parallel()
	const local, remote = "ws://127.0.0.1:8000/socket", "ws://example.com/socket"
	for name, test := range map[string]struct {
		users, processes, limit, ports int
		targets, sources               []string
		want                           int // processes
		addrs                          int // sources
		err                            string
	}{
		"few":                 {users: 10, limit: 1024, ports: 28000, want: 1},
		"exactly":             {users: 984, limit: 1024, ports: 28000, want: 1},
		"one more":            {users: 985, limit: 1024, ports: 28000, want: 2},
		"chosen":              {users: 10, processes: 3, limit: 1024, ports: 28000, want: 3},
		"more than users":     {users: 2, processes: 9, limit: 1024, ports: 28000, want: 2},
		"too few":             {users: 2000, processes: 2, limit: 1024, ports: 28000, err: "use --processes 3, raise the limit (ulimit -n), or have at most 1968 users"},
		"negative":            {users: 10, processes: -1, limit: 1024, ports: 28000, err: "-1 processes"},
		"no descriptors":      {users: 1, limit: 3, ports: 28000, err: "need 41 descriptors each, and a process may have 3"},
		"addresses here":      {users: 60000, limit: 100000, ports: 28000, want: 1, addrs: 6},
		"localhost":           {users: 60000, limit: 100000, ports: 28000, targets: []string{"ws://localhost/"}, want: 1, addrs: 6},
		"two targets":         {users: 60000, limit: 100000, ports: 28000, targets: []string{local, "ws://127.0.0.1:8001/"}, want: 1, addrs: 3},
		"one target twice":    {users: 60000, limit: 100000, ports: 28000, targets: []string{local, local}, want: 1, addrs: 6},
		"many addresses":      {users: 600, limit: 100000, ports: 1, want: 1, addrs: 600},
		"no ports":            {users: 2, limit: 1024, ports: 0, want: 1, addrs: 2},
		"elsewhere":           {users: 60000, limit: 100000, ports: 28000, targets: []string{remote}, err: "name 3 source addresses with --source, or have at most 25200 users"},
		"elsewhere, enough":   {users: 60000, limit: 100000, ports: 28000, targets: []string{remote}, sources: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, want: 1, addrs: 3},
		"too few sources":     {users: 60000, limit: 100000, ports: 28000, sources: []string{"127.0.0.1"}, err: "name 3 source addresses"},
		"unknown port range":  {users: 2, limit: 1024, ports: -5, want: 1, addrs: 2},
		"fewer than targets":  {users: 1, limit: 1024, ports: 28000, targets: []string{local, remote}, want: 1},
		"odd number of users": {users: 3, limit: 1024, ports: 2, targets: []string{local, "ws://127.0.0.1:8001/"}, want: 1, addrs: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.targets == nil {
				test.targets = []string{local}
			}
			s, err := scenario.Builtin("connect", scenario.Options{Targets: test.targets, Users: test.users})
			if err != nil {
				t.Fatal(err)
			}
			s.Sources = test.sources
			o := &Options{Scenario: s, Processes: test.processes}
			err = o.fit(test.limit, test.ports)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want %q", err, test.err)
				}
				return
			}
			if err != nil || o.Processes != test.want || len(s.Sources) != test.addrs {
				t.Errorf("%d processes, %d addresses, %v", o.Processes, len(s.Sources), err)
			}
			addrs := slices.Clone(s.Sources)
			slices.Sort(addrs)
			if len(slices.Compact(addrs)) != test.addrs {
				t.Errorf("an address twice: %v", addrs)
			}
			if err := s.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	if d, p := descriptors(), ports(); d < 10 || p < 1 {
		t.Errorf("%d descriptors, %d ports", d, p)
	}
}
