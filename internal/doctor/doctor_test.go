package doctor_test

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"throng/internal/doctor"
)

type found map[string]doctor.Verdict

func TestMachines(t *testing.T) {
	for _, test := range []struct {
		name   string
		files  []string
		target int64
		env    []string
		want   found
		allows int64
	}{
		{"Debian", []string{"debian"}, 100_000, nil, found{}, 523_288},
		{"Debian for a million", []string{"debian"}, 1_000_000, nil, found{"descriptors": "low", "net.ipv4.tcp_mem": "low"}, 523_288},
		{"Debian for three", []string{"debian"}, 3_000_000, nil, found{
			"descriptors": "low", "fs.nr_open": "low", "fs.epoll.max_user_watches": "low", "net.ipv4.tcp_mem": "low", "memory available": "low",
		}, 523_288},
		{"tuned", []string{"debian", "tuned"}, 1_000_000, nil, found{}, 1_199_000},
		{"tuned for two", []string{"debian", "tuned"}, 2_000_000, nil, found{
			"descriptors": "low", "fs.nr_open": "low", "fs.file-max": "low", "net.netfilter.nf_conntrack_max": "low",
		}, 1_199_000},
		{"container", []string{"debian", "container"}, 100_000, []string{"GOMAXPROCS=8", "GOMEMLIMIT=1GiB"}, found{
			"memory.max": "low", "memory.high": "low", "pids.max": "low", "cpu.max": "wrong", "GOMEMLIMIT": "wrong",
		}, 46_055},
		{"container, hints that fit", []string{"debian", "container"}, 40_000, []string{"GOMAXPROCS=2", "GOMEMLIMIT=200MiB"}, found{"pids.max": "low"}, 46_055},
		{"small GOMEMLIMIT", []string{"debian"}, 100_000, []string{"GOMEMLIMIT=64MiB"}, found{"GOMEMLIMIT": "low"}, 523_288},
		{"GOMEMLIMIT that Go refuses", []string{"debian"}, 100_000, []string{"GOMEMLIMIT=64MB"}, found{"GOMEMLIMIT": "wrong"}, 523_288},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := doctor.Examine(machine(tree(t, test.files...), test.env...), subject(test.target))
			if got := verdicts(r.Checks); !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if r.Allows != test.allows {
				t.Errorf("it allows %d, want %d", r.Allows, test.allows)
			}
			if len(test.want) == 0 && (r.Verdict != doctor.OK || len(r.Mend) != 0) {
				t.Errorf("verdict %s, remedies %v", r.Verdict, r.Mend)
			}
		})
	}
}

func TestVersion1(t *testing.T) {
	fsys := tree(t, "debian")
	for name := range fsys {
		if strings.HasPrefix(name, "sys/fs/cgroup/") {
			delete(fsys, name)
		}
	}
	maps.Copy(fsys, tree(t, "version1"))
	r := doctor.Examine(machine(fsys, "GOMAXPROCS=4"), subject(100_000))
	want := found{"memory.max": "low", "cpu.max": "wrong"}
	if got := verdicts(r.Checks); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if c := find(t, r.Checks, "memory.max"); c.Where != "/sys/fs/cgroup/memory/apps/memory.limit_in_bytes" {
		t.Errorf("it was found in %s", c.Where)
	}
	if r.Memory.Limit != 256<<20 || r.Process != "this process, throng.service" {
		t.Errorf("limit %d of %s", r.Memory.Limit, r.Process)
	}
}

// What goes round the web: figures of a machine with far more memory, or bytes.
func TestTCPMemory(t *testing.T) {
	const file = "proc/sys/net/ipv4/tcp_mem"
	for _, test := range []struct {
		text string
		want doctor.Verdict
	}{
		{"94410 125882 188820", "ok"},
		{"94410 125882 90000", "wrong"},
		{"50576 64768 98152", "low"},
		{"786432 1697152 1945728", "ok"},       // 8 GB, all of the machine but some
		{"786432 2097152 3145728", "wrong"},    // 12 GB
		{"65536 131072 262144000", "wrong"},    // 256 MB in bytes
		{"8388608 12582912 16777216", "wrong"}, // 8, 12, 16 MB in bytes
		{"4096 87380 16777216", "wrong"},       // tcp_rmem's
		{"1 2", "unknown"},
		{"a b c", "unknown"},
		{"-1 2 300000", "unknown"},
		{"", "unknown"},
	} {
		fsys := set(tree(t, "debian"), file, test.text)
		c := find(t, doctor.Examine(machine(fsys), subject(100_000)).Checks, "net.ipv4.tcp_mem")
		if c.Verdict != test.want {
			t.Errorf("%q: %s (%s), want %s", test.text, c.Verdict, c.Why, test.want)
		}
	}
}

func TestReservedPorts(t *testing.T) {
	const file = "proc/sys/net/ipv4/ip_local_reserved_ports"
	wide := set(tree(t, "debian"), "proc/sys/net/ipv4/ip_local_port_range", "1024\t65535")
	for _, test := range []struct {
		reserved, mend string
		want           doctor.Verdict
	}{
		{"", "net.ipv4.ip_local_reserved_ports = 8000,9000", "wrong"},
		{"7000-8000,53", "net.ipv4.ip_local_reserved_ports = 7000-8000,53,9000", "wrong"},
		{"8000-9000", "", "ok"},
		{"9000-8000", "", "unknown"},
	} {
		r := doctor.Examine(machine(set(wide, file, test.reserved)), subject(1000))
		c := find(t, r.Checks, "net.ipv4.ip_local_reserved_ports")
		mend := ""
		if len(r.Mend) == 1 {
			mend = strings.Join(r.Mend[0].Lines, "|")
		}
		if c.Verdict != test.want || mend != test.mend {
			t.Errorf("%q: %s, %q; want %s, %q", test.reserved, c.Verdict, mend, test.want, test.mend)
		}
	}
}

func TestConntrack(t *testing.T) {
	const name, max, count = "net.netfilter.nf_conntrack_max", "proc/sys/net/netfilter/nf_conntrack_max", "proc/sys/net/netfilter/nf_conntrack_count"
	for _, test := range []struct {
		max, count string
		want       doctor.Verdict
		allows     int64
	}{
		{"262144", "144", "ok", 262_000},
		{"65536", "536", "low", 65_000},
		{"65536", "0", "unknown", 0}, // the module is there, and nobody uses it
		{"65536", "x", "unknown", 0},
	} {
		fsys := set(set(tree(t, "debian"), max, test.max), count, test.count)
		c := find(t, doctor.Examine(machine(fsys), subject(100_000)).Checks, name)
		if c.Verdict != test.want || c.Allows != test.allows {
			t.Errorf("%+v: %s, %d", test, c.Verdict, c.Allows)
		}
	}
}

// SYN cookies decide whether the queue of handshakes can be too short.
func TestHandshakes(t *testing.T) {
	fsys := set(tree(t, "debian"), "proc/sys/net/ipv4/tcp_syncookies", "0")
	if c := find(t, doctor.Examine(machine(fsys), subject(100_000)).Checks, "net.ipv4.tcp_max_syn_backlog"); c.Verdict != doctor.Low {
		t.Errorf("%+v", c)
	}
}

// Of another process the limits and two variables are read.
func TestAnotherProcess(t *testing.T) {
	fsys := tree(t, "debian")
	fsys = set(fsys, "proc/77/limits", "Max open files 2000 4000 files\n")
	fsys = set(fsys, "proc/77/cgroup", "0::/system.slice/live.service\n")
	fsys = set(fsys, "proc/77/environ", "SECRET=hush\x00GOMEMLIMIT=1MiB\x00")
	m := machine(fsys, "GOMEMLIMIT=off")
	m.PID = 77
	r := doctor.Examine(m, subject(100_000))
	if c := find(t, r.Checks, "descriptors"); c.Is != "2000, hard 4000" || c.Allows != 1000 {
		t.Errorf("%+v", c)
	}
	if c := find(t, r.Checks, "GOMEMLIMIT"); c.Verdict != doctor.Low {
		t.Errorf("%+v", c)
	}
	if r.Process != "process 77, live.service" || r.Mend[0].Path != "/etc/systemd/system/live.service.d/90-throng.conf" {
		t.Errorf("%s, %s", r.Process, r.Mend[0].Path)
	}
	delete(fsys, "proc/77/environ") // another user's
	if c := find(t, doctor.Examine(m, subject(100_000)).Checks, "GOMEMLIMIT"); c.Verdict != doctor.Unknown {
		t.Errorf("%+v", c)
	}
}

func TestBounds(t *testing.T) {
	m := machine(tree(t, "debian", "container"))
	if short := doctor.Bounds(m, subject(40_000)); len(short) != 0 {
		t.Errorf("%+v", short)
	}
	short := doctor.Bounds(m, subject(60_000))
	if len(short) != 1 || short[0].Name != "memory.high" || short[0].Allows != 46_055 {
		t.Errorf("%+v", short)
	}
}

func TestOtherSystems(t *testing.T) {
	m := &doctor.Machine{Root: fstest.MapFS{}, System: "darwin", Descriptors: 10_240}
	r := doctor.Examine(m, subject(100_000))
	if len(r.Checks) != 1 || r.Checks[0].Verdict != doctor.Low || r.Allows != 9240 {
		t.Errorf("%+v", r.Checks)
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil || !strings.Contains(b.String(), "on darwin; the rest is Linux only") {
		t.Errorf("%v\n%s", err, &b)
	}
	if len(doctor.Bounds(m, subject(100_000))) != 1 {
		t.Error("the short form does not know the descriptors")
	}
}
