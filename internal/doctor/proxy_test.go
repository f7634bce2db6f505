package doctor_test

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"throng/internal/doctor"
)

// deployed is a file of deploy/, with changes: old and new text in turn.
func deployed(t *testing.T, name string, changes ...string) string {
	t.Helper()
	b, err := os.ReadFile("../../deploy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for i := 0; i+1 < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("%s has no %q", name, changes[i])
		}
		text = strings.ReplaceAll(text, changes[i], changes[i+1])
	}
	return text
}

func read(t *testing.T, name, text string, s *doctor.Subject) doctor.Proxy {
	t.Helper()
	var p doctor.Proxy
	var err error
	if strings.HasPrefix(name, "nginx") {
		p, err = doctor.ReadNginx(fstest.MapFS{name: {Data: []byte(text)}}, name, s)
	} else {
		p, err = doctor.ReadHAProxy("/"+name, text, s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// madeFor is how many clients the files of deploy/ are made for, on four cores.
const madeFor = 100_000

func TestDeployed(t *testing.T) {
	for _, test := range []struct {
		name   string
		allows int64
		checks int // at least so many are about the proxy
	}{
		{"nginx.conf", 112_928, 8},
		{"haproxy.cfg", 100_000, 5},
		{"haproxy-tcp.cfg", 100_000, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := subject(madeFor)
			r := doctor.Examine(machine(tree(t, "debian")), s, read(t, test.name, deployed(t, test.name), s))
			want := found{"net.ipv4.tcp_mem": "low"} // the proxy sends all once more, and the machine has 8 GB
			if got := verdicts(r.Checks); !maps.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			about := 0
			for _, c := range r.Checks {
				if strings.HasPrefix(c.Where, "/"+test.name+":") {
					about++
				}
			}
			if about < test.checks || r.Allows != test.allows {
				t.Errorf("%d checks, it allows %d", about, r.Allows)
			}
			if r.Memory.Sockets != 3 || r.Memory.Proxy == 0 {
				t.Errorf("the proxy is on the same machine: %+v", r.Memory)
			}
		})
	}
}

// mistake is a change of a deployed file and what the doctor says of it.
type mistake struct {
	name, old, new string
	check          string
	want           doctor.Verdict
}

func (m mistake) run(t *testing.T, file string) {
	t.Run(m.name, func(t *testing.T) {
		s := subject(madeFor)
		r := doctor.Examine(machine(tree(t, "debian")), s, read(t, file, deployed(t, file, m.old, m.new), s))
		if c := find(t, r.Checks, m.check); c.Verdict != m.want {
			t.Errorf("%+v, want %s", c, m.want)
		}
	})
}

func TestNginx(t *testing.T) {
	for _, m := range []mistake{
		{"few connections", "worker_connections 65536;", "", "nginx worker_connections", "low"},
		{"one worker", "worker_processes auto;", "", "nginx worker_connections", "low"},
		{"workers by variable", "worker_processes auto;", "worker_processes x;", "nginx worker_connections", "unknown"},
		{"no descriptors", "worker_rlimit_nofile 70000;", "", "nginx worker_rlimit_nofile", "low"},
		{"few descriptors", "worker_rlimit_nofile 70000;", "worker_rlimit_nofile 65536;", "nginx worker_rlimit_nofile", "low"},
		{"HTTP/1.0", "proxy_http_version 1.1;", "", "nginx proxy_http_version", "wrong"},
		{"no Upgrade", "proxy_set_header Upgrade $http_upgrade;", "", "nginx upgrade headers", "wrong"},
		{"no Connection", "proxy_set_header Connection $connection_upgrade;", "", "nginx upgrade headers", "wrong"},
		{"headers not inherited", "proxy_next_upstream_tries 2;", "proxy_set_header X-A b;", "nginx upgrade headers", "wrong"},
		{"default timeout", "proxy_read_timeout 90s;", "", "nginx proxy_read_timeout", "low"},
		{"short timeout", "proxy_read_timeout 90s;", "proxy_read_timeout 30s;", "nginx proxy_read_timeout", "wrong"},
		{"long timeout", "proxy_read_timeout 90s;", "proxy_read_timeout 1h 1m;", "nginx proxy_read_timeout", "ok"},
		{"one source", "proxy_bind $source;", "", "nginx proxy_bind", "low"},
		{"same source", "127.0.0.3;", "127.0.0.2;", "nginx proxy_bind", "low"},
		{"source that can't be followed", "proxy_bind $source;", "proxy_bind $other;", "nginx proxy_bind", "unknown"},
		{"transparent", "proxy_bind $source;", "proxy_bind $remote_addr transparent;", "nginx proxy_bind", "ok"},
		{"Unix socket, one source", "server 127.0.0.1:8000", "server unix:/run/throng/throng.sock", "nginx proxy_bind", "ok"},
		{"no keepalive", "keepalive 64;", "", "nginx keepalive", "low"},
		{"other path", "location = /socket/websocket", "location = /live", "nginx location", "wrong"},
		{"other path, Perl's expression", "location = /socket/websocket", "location ~ (?<!x)/socket", "nginx location", "unknown"},
		{"under a condition", "            proxy_pass http://websocket;", "if ($a) { proxy_pass http://websocket; }", "nginx location", "unknown"},
		{"missing include", "server_tokens off;", "include none;", "nginx include", "unknown"},
	} {
		m.run(t, "nginx.conf")
	}
}

func TestHAProxy(t *testing.T) {
	for _, m := range []mistake{
		{"global", "    maxconn 100000\n    # One", "    maxconn 2000\n    # One", "haproxy maxconn (global)", "low"},
		{"no global", "    maxconn 100000\n    # One", "    # One", "haproxy maxconn (global)", "unknown"},
		{"variable", "    maxconn 100000\n    # One", "    maxconn ${MAX}\n    # One", "haproxy maxconn (global)", "unknown"},
		{"frontend", "    maxconn 100000\n\n", "    maxconn 2000\n\n", "haproxy maxconn (public)", "low"},
		{"no frontend", "    maxconn 100000\n\n", "\n", "haproxy maxconn (public)", "ok"},
		{"servers", "maxconn 27000", "maxconn 24000", "haproxy maxconn (servers of websocket)", "low"},
		{"backup", "source 127.0.0.5 maxconn", "source 127.0.0.5 backup maxconn", "haproxy maxconn (servers of websocket)", "low"},
		{"ulimit-n", "    user haproxy\n", "    ulimit-n 150000\n", "haproxy ulimit-n", "low"},
		{"enough ulimit-n", "    user haproxy\n", "    ulimit-n 210000\n", "haproxy ulimit-n", "ok"},
		{"no tunnel", "    timeout tunnel       90s\n", "", "haproxy timeouts (public, websocket)", "low"},
		{"milliseconds", "timeout tunnel       90s", "timeout tunnel 90", "haproxy timeouts (public, websocket)", "wrong"},
		{"not a time", "timeout tunnel       90s", "timeout tunnel soon", "haproxy timeouts (public, websocket)", "unknown"},
		{"no sources", "source 127.0.0.", "#", "haproxy source", "low"},
		{"named ports", "source 127.0.0.2", "source 127.0.0.2:1025-2024", "haproxy source", "low"},
		{"backend by an expression", "default_backend websocket", "use_backend %[path]", "haproxy backend", "unknown"},
		{"no backend", "default_backend websocket", "", "haproxy backend", "wrong"},
	} {
		m.run(t, "haproxy.cfg")
	}
	for _, m := range []mistake{
		{"TCP", "unix@/run/throng/throng.sock", "10.0.0.1:8000", "haproxy source", "low"},
		{"transparent", "unix@/run/throng/throng.sock", "10.0.0.1:8000 source 0.0.0.0 usesrc clientip", "haproxy source", "ok"},
		{"no timeouts", "timeout client     90s\n    timeout server     90s\n    timeout tunnel     90s\n", "", "haproxy timeouts (public, throng)", "ok"},
		{"server shorter than client", "timeout client     90s\n    timeout server     90s\n    timeout tunnel     90s\n", "timeout client 90s\n timeout server 10s\n", "haproxy timeouts (public, throng)", "wrong"},
		{"client shorter than server", "timeout client     90s\n    timeout server     90s\n    timeout tunnel     90s\n", "timeout client 10s\n timeout server 90s\n", "haproxy timeouts (public, throng)", "wrong"},
		{"short client", "timeout client     90s\n    timeout server     90s\n    timeout tunnel     90s\n", "timeout client 10s\n", "haproxy timeouts (public, throng)", "wrong"},
	} {
		m.run(t, "haproxy-tcp.cfg")
	}
}

// A proxy that may not have two descriptors for each of its clients does not start.
func TestHAProxyDescriptors(t *testing.T) {
	s := subject(1000)
	fsys := set(tree(t, "debian"), "proc/sys/fs/nr_open", "65536")
	r := doctor.Examine(machine(fsys), s, read(t, "haproxy.cfg", deployed(t, "haproxy.cfg"), s))
	if c := find(t, r.Checks, "haproxy descriptors"); c.Verdict != doctor.Low {
		t.Errorf("%+v", c)
	}
}

// On two cores the workers of deploy/nginx.conf carry less; both lines that mend it
// are named, and mend it.
func TestNginxWorkers(t *testing.T) {
	s := subject(madeFor)
	fsys := set(tree(t, "debian"), "sys/devices/system/cpu/online", "0-1")
	r := doctor.Examine(machine(fsys), s, read(t, "nginx.conf", deployed(t, "nginx.conf"), s))
	c := find(t, r.Checks, "nginx worker_connections")
	if c.Is != "2 × 65536" || c.Needs != "2 × 100000" || c.Allows != 65_536 || c.Verdict != doctor.Low {
		t.Errorf("%+v", c)
	}
	lines := r.Mend[len(r.Mend)-1].Lines
	if len(lines) != 2 {
		t.Fatalf("remedies %v", r.Mend)
	}
	mended := deployed(t, "nginx.conf", "worker_connections 65536;", lines[0], "worker_rlimit_nofile 70000;", lines[1])
	got := verdicts(doctor.Examine(machine(fsys), s, read(t, "nginx.conf", mended, s)).Checks)
	if want := (found{"net.ipv4.tcp_mem": "low"}); !maps.Equal(got, want) {
		t.Errorf("afterwards: %v", got)
	}
}

// A proxy on the same machine has two descriptors for each client, and over TCP an
// entry of conntrack more. Reserved ports are not for its connections.
func TestProxyBeside(t *testing.T) {
	s := subject(10_000)
	fsys := set(tree(t, "debian"), "proc/sys/fs/file-max", "25000")
	fsys = set(set(fsys, "proc/sys/net/netfilter/nf_conntrack_max", "15000"), "proc/sys/net/netfilter/nf_conntrack_count", "5")
	fsys = set(fsys, "proc/sys/net/ipv4/ip_local_reserved_ports", "1-32767,40000-40099,60999-65000")
	for _, test := range []struct {
		file    string
		want    found
		sources string
	}{
		{"", found{}, ""},
		{"haproxy.cfg", found{"fs.file-max": "low", "net.netfilter.nf_conntrack_max": "low"}, "112524 ports from 4 source addresses"},
		{"haproxy-tcp.cfg", found{"fs.file-max": "low"}, "Unix socket"},
	} {
		var proxies []doctor.Proxy
		if test.file != "" {
			proxies = append(proxies, read(t, test.file, deployed(t, test.file), s))
		}
		r := doctor.Examine(machine(fsys), s, proxies...)
		if got := verdicts(r.Checks); !maps.Equal(got, test.want) {
			t.Errorf("%q: %v, want %v", test.file, got, test.want)
		}
		if test.file != "" {
			if c := find(t, r.Checks, "haproxy source"); c.Is != test.sources {
				t.Errorf("%q: %s, want %s", test.file, c.Is, test.sources)
			}
		}
	}
	far := read(t, "haproxy.cfg", deployed(t, "haproxy.cfg", "127.0.0.1:8000", "10.0.0.9:8000"), s)
	if r := doctor.Examine(machine(fsys), s, far); r.Memory.Sockets != 1 {
		t.Error("a proxy that goes to another machine is not beside")
	}
}

// What the doctor says mends it, mends it.
func TestRemediesMend(t *testing.T) {
	for _, target := range []int64{1000, 100_000, 900_000, 3_000_000} {
		t.Run(fmt.Sprint(target), func(t *testing.T) {
			fsys := tree(t, "debian")
			for name, text := range map[string]string{
				"proc/meminfo":                                       "MemTotal: 99999999 kB\nMemAvailable: 99999999 kB\n",
				"proc/sys/fs/file-max":                               "1500",
				"proc/sys/fs/epoll/max_user_watches":                 "900",
				"proc/sys/net/core/somaxconn":                        "128",
				"proc/sys/net/ipv4/tcp_syncookies":                   "0",
				"proc/sys/net/ipv4/tcp_mem":                          "8388608 12582912 167772160",
				"proc/sys/net/ipv4/tcp_rmem":                         "4096 1 0",
				"proc/sys/net/ipv4/tcp_wmem":                         "4096 1 16",
				"proc/sys/net/ipv4/ip_local_port_range":              "1024 65535",
				"proc/sys/net/netfilter/nf_conntrack_max":            "1000",
				"proc/sys/net/netfilter/nf_conntrack_count":          "900",
				"proc/self/limits":                                   "Max open files 1024 1024 files\n",
				"sys/fs/cgroup/system.slice/memory.max":              "1048576",
				"sys/fs/cgroup/system.slice/memory.high":             "1048576",
				"sys/fs/cgroup/system.slice/throng.service/pids.max": "10",
			} {
				fsys = set(fsys, name, text)
			}
			r := doctor.Examine(machine(fsys), subject(target))
			if len(r.Failed()) < 12 {
				t.Fatalf("only %v", verdicts(r.Checks))
			}
			for _, m := range r.Mend {
				for _, line := range m.Lines {
					fsys = apply(t, fsys, line)
				}
			}
			r = doctor.Examine(machine(fsys), subject(target))
			if got := verdicts(r.Checks); len(got) > 0 {
				t.Errorf("afterwards: %v", got)
			}
		})
	}
}

// apply does what a line of a remedy says.
func apply(t *testing.T, fsys fstest.MapFS, line string) fstest.MapFS {
	t.Helper()
	var n int64
	const group = "sys/fs/cgroup/system.slice/"
	key, value, isSysctl := strings.Cut(line, " = ")
	switch {
	case line == "[Service]":
	case isSysctl:
		return set(fsys, "proc/sys/"+strings.ReplaceAll(key, ".", "/"), value)
	case scan(line, "LimitNOFILE=%d", &n):
		return set(fsys, "proc/self/limits", fmt.Sprintf("Max open files %d %d files\n", n, n))
	case scan(line, "MemoryMax=%dM", &n):
		return set(fsys, group+"memory.max", fmt.Sprint(n<<20))
	case scan(line, "MemoryHigh=%dM", &n):
		return set(fsys, group+"memory.high", fmt.Sprint(n<<20))
	case scan(line, "TasksMax=%d", &n):
		return set(fsys, group+"throng.service/pids.max", fmt.Sprint(n))
	default:
		t.Errorf("what does %q do?", line)
	}
	return fsys
}

func scan(line, format string, n *int64) bool {
	got, err := fmt.Sscanf(line, format, n)
	return err == nil && got == 1
}
