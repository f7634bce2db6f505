//go:build linux

package front

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"throng/test/process"
)

// proxy is a HAProxy process.
type proxy struct {
	address string // with TLS
	cmd     *exec.Cmd
	said    bytes.Buffer // to be read when it has ended
}

// startHAProxy runs HAProxy by a file of deploy/, changed only in what this machine
// needs: addresses, the certificate, a lower limit of connections. From where the
// file has throng, to where it is; the health checks go to internal.
func startHAProxy(b testing.TB, name, from, to, internal, cert, key string) *proxy {
	b.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
	if err != nil {
		b.Fatal(err)
	}
	dir := shortDir(b)
	both := filepath.Join(dir, "both.pem")
	if err := os.WriteFile(both, slurp(b, cert, key), 0o600); err != nil {
		b.Fatal(err)
	}
	_, port, err := net.SplitHostPort(internal)
	if err != nil {
		b.Fatal(err)
	}
	addresses := process.FreeAddresses(b, 2)
	p := &proxy{address: addresses[0]}
	config := filepath.Join(dir, name)
	changed := replace(b, withoutComments(string(text)), "user haproxy\n", "\n", "group haproxy\n", "\n",
		"log /dev/log local0", "log stdout format raw local0 notice", "/run/haproxy/admin.sock", filepath.Join(dir, "admin.sock"),
		"maxconn 100000", "maxconn 8000", "/etc/haproxy/throng.pem", both,
		"bind :::80 v4v6", "bind "+addresses[1], "bind :::443 v4v6", "bind "+p.address, " "+from, " "+to, " port 9000", " port "+port)
	if err := os.WriteFile(config, []byte(changed), 0o600); err != nil {
		b.Fatal(err)
	}
	p.cmd = exec.Command(haproxyBinary(b), "-db", "-f", config)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		p.stop()
		if b.Failed() {
			b.Logf("HAProxy said:\n%s", &p.said)
		}
	})
	p.wait(b)
	return p
}

// wait waits until somebody listens.
func (p *proxy) wait(b testing.TB) {
	b.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", p.address); err == nil {
			c.Close()
			return
		}
	}
	b.Fatal("HAProxy does not listen")
}

func (p *proxy) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// collect has HAProxy give its pools back, which it does when asked to dump them.
func (p *proxy) collect() error { return p.cmd.Process.Signal(syscall.SIGQUIT) }

func haproxyBinary(b testing.TB) string {
	b.Helper()
	for _, name := range []string{"haproxy", "/usr/sbin/haproxy"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	b.Fatal("haproxy is missing: run make setup")
	return ""
}

// replace changes a text, old and new by turns; what is not there is a mistake.
func replace(b testing.TB, text string, turns ...string) string {
	b.Helper()
	for i := 0; i < len(turns); i += 2 {
		if !strings.Contains(text, turns[i]) {
			b.Fatalf("there is no %q", turns[i])
		}
		text = strings.ReplaceAll(text, turns[i], turns[i+1])
	}
	return text
}

// withoutComments leaves out what may name what is replaced.
func withoutComments(text string) string {
	var active strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			active.WriteString(line)
		}
	}
	return active.String()
}

func slurp(b testing.TB, names ...string) (all []byte) {
	b.Helper()
	for _, name := range names {
		one, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, one...)
	}
	return all
}
