package proxies

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"throng/test/process"
)

// patience is how long a step may take before the test fails.
const patience = 30 * time.Second

// front is a proxy in front of throng.
type front struct {
	args  []string
	plain string // host:port without and with TLS
	tls   string

	dir string // with its certificate, logs and sockets

	cmd    *exec.Cmd
	exited chan struct{}
	out    journal
}

// journal is what a process has said so far.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// newFront prepares a proxy without starting it.
func newFront(t *testing.T) *front {
	t.Helper()
	dir, err := os.MkdirTemp("", "front") // t.TempDir's are too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	writeCertificate(t, dir)
	addresses := process.FreeAddresses(t, 2)
	return &front{dir: dir, plain: addresses[0], tls: addresses[1]}
}

// nginx starts nginx before a throng on TCP.
func nginx(t *testing.T, b backend) *front {
	t.Helper()
	f := newFront(t)
	temp := func(kind string) string { return kind + "_temp_path " + filepath.Join(f.dir, kind) + ";\n" }
	config := f.configure(t, "nginx.conf",
		"user www-data;", "user root;", // workers write below a directory that is ours
		"pid /run/nginx.pid;", "pid "+f.path("pid")+";",
		"worker_rlimit_nofile 70000;", "worker_rlimit_nofile 4096;",
		"worker_connections 65536;", "worker_connections 1024;",
		"/var/log/nginx/", f.dir+"/",
		"/etc/ssl/certs/throng.pem", f.path("cert.pem"),
		"/etc/ssl/private/throng.key", f.path("key.pem"),
		"listen 80 ", "listen "+f.plain+" ",
		"listen 443 ", "listen "+f.tls+" ",
		"listen [::]:80 reuseport backlog=4096;", "",
		"listen [::]:443 ssl reuseport backlog=4096;", "",
		"buffer=64k flush=5s", "",
		"http {", "http {\n"+temp("client_body")+temp("proxy")+temp("fastcgi")+temp("uwsgi")+temp("scgi"),
		" 127.0.0.1:8000", " "+b.public,
		"127.0.0.1:9000", b.internal,
	)
	f.args = []string{requireTool(t, "nginx"), "-c", config, "-e", f.path("error.log"), "-g", "daemon off;"}
	f.start(t)
	return f
}

// haproxy starts HAProxy before a throng: on TCP with haproxy.cfg, on a Unix
// socket with haproxy-tcp.cfg.
func haproxy(t *testing.T, name string, b backend) *front {
	t.Helper()
	f := newFront(t)
	_, port, err := net.SplitHostPort(b.internal)
	if err != nil {
		t.Fatal(err)
	}
	there := "127.0.0.1:8000"
	if strings.HasPrefix(b.public, "unix") {
		there = "unix@/run/throng/throng.sock"
	}
	config := f.configure(t, name,
		"    user haproxy\n", "",
		"    group haproxy\n", "",
		"log /dev/log local0", "log stdout format raw local0",
		"/run/haproxy/admin.sock", f.path("admin.sock"),
		"maxconn 100000", "maxconn 500",
		"/etc/haproxy/throng.pem", f.path("both.pem"),
		"bind :::80 v4v6", "bind "+f.plain,
		"bind :::443 v4v6", "bind "+f.tls,
		" "+there, " "+b.public,
		" port 9000", " port "+port,
	)
	f.args = []string{requireTool(t, "haproxy"), "-db", "-f", config}
	f.start(t)
	return f
}

// path is that of a file of the proxy.
func (f *front) path(name string) string { return filepath.Join(f.dir, name) }

// configure writes a configuration of deploy/ with replacements, old and new by
// turns. Each has to be of use: the file is what is tested.
func (f *front) configure(t *testing.T, name string, replace ...string) (path string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	var active strings.Builder // without comments, which may name what is replaced
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			active.WriteString(line)
		}
	}
	text := active.String()
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("deploy/%s has no %q", name, replace[i])
		}
		text = strings.ReplaceAll(text, replace[i], replace[i+1])
	}
	path = f.path(name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start runs the proxy until it answers. It is killed when the test ends.
func (f *front) start(t *testing.T) {
	t.Helper()
	f.cmd = exec.Command(f.args[0], f.args[1:]...)
	f.cmd.Stdout, f.cmd.Stderr = &f.out, &f.out
	// A group of its own, which nginx's workers belong to.
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(f.cmd, f.exited)
	t.Cleanup(func() {
		f.kill()
		if t.Failed() {
			t.Logf("%s\n%s", strings.Join(f.args, " "), f.log())
		}
	})
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if r, err := client().Get("http://" + f.plain + "/"); err == nil {
			r.Body.Close()
			return
		}
		select {
		case <-f.exited:
			t.Fatalf("%s ended at once\n%s", f.args[0], f.log())
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not answer\n%s", f.args[0], f.log())
		}
	}
}

// kill ends the proxy as kill -9 does, with its workers.
func (f *front) kill() {
	_ = syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL)
	<-f.exited
}

// log is all that the proxy has written: HAProxy to stdout, nginx to files.
func (f *front) log() string {
	all := f.out.String()
	for _, name := range []string{"access.log", "error.log"} {
		b, _ := os.ReadFile(f.path(name)) // HAProxy has none
		all += string(b)
	}
	return all
}

// client is a client that leaves nothing open.
func client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
}

// requireTool fails rather than skips: a green run must mean that the proxies ran.
func requireTool(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	t.Fatalf("%s is missing: run make setup", name)
	return ""
}

// waitFor polls a condition that other processes make true.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// backend is a throng as proxies know it.
type backend struct {
	public   string // host:port, or unix@/path
	internal string
}
