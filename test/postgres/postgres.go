// Package postgres runs PostgreSQL servers for tests: private ones, in a temporary
// folder, on a free port, gone when the test ends. The programs are those that
// tools/setup.sh installs.
package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a step may take before the test fails.
const patience = 60 * time.Second

// User and Password are those of the servers' owner, over TCP.
const (
	User     = "throng"
	Password = "of the tests"
)

// Server is a running PostgreSQL.
type Server struct {
	programs string // the folder of initdb and postgres
	home     string // has data, log, and the socket
	port     int

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
}

// Start makes a server and waits until it answers. Settings are such as
// "max_connections=20". It does not sync to the disk, so that tests are fast.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := &Server{programs: programs(t), home: home(t)}
	password := filepath.Join(s.home, "password")
	if err := os.WriteFile(password, []byte(Password), 0o644); err != nil {
		t.Fatal(err)
	}
	s.run(t, "initdb", "--pgdata", s.data(), "--username", User, "--pwfile", password,
		"--auth-local", "trust", "--auth-host", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync")
	// The port was free a moment ago; somebody may take it before us.
	for attempt := 1; ; attempt++ {
		s.port = freePort(t)
		s.launch(t, settings)
		if s.ready() {
			break
		}
		s.Kill()
		if attempt == 3 {
			t.Fatalf("postgres does not start:\n%s", s.Log())
		}
	}
	t.Cleanup(s.Kill)
	return s
}

// Restart starts a server that was stopped, on the same port.
func (s *Server) Restart(t testing.TB, settings ...string) {
	t.Helper()
	s.launch(t, settings)
	if !s.ready() {
		t.Fatalf("postgres does not start again:\n%s", s.Log())
	}
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "t_" + strings.ToLower(rand.Text()[:12])
	s.run(t, "createdb", "--host", s.home, "--port", strconv.Itoa(s.port), "--username", User, name)
	return s.URL(name)
}

// Schema makes an empty schema in a database, and returns the URL with which names are
// looked up in it. That takes a fraction of what a database does.
func (s *Server) Schema(t testing.TB, database string) string {
	t.Helper()
	name := "s_" + strings.ToLower(rand.Text()[:12])
	s.Query(t, database, "CREATE SCHEMA "+name)
	return database + "&search_path=" + name
}

// URL is that of a database, whether there is one or not.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(User, Password), Host: s.Addr(),
		Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Addr is where the server listens.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Query runs SQL with psql, as an operator would, and returns what it prints, unaligned
// and without headers.
func (s *Server) Query(t testing.TB, database, sql string) string {
	t.Helper()
	if u, err := url.Parse(database); err == nil && u.Scheme != "" {
		database = strings.TrimPrefix(u.Path, "/")
	}
	return s.run(t, "psql", "--host", s.home, "--port", strconv.Itoa(s.port), "--username", User,
		"--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--command", sql, database)
}

// Log is what the server said.
func (s *Server) Log() string {
	b, _ := os.ReadFile(filepath.Join(s.home, "log")) // there is none before the first launch
	return string(b)
}

func (s *Server) data() string { return filepath.Join(s.home, "data") }

// ready waits until the server answers; false if it ended.
func (s *Server) ready() bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for ctx.Err() == nil {
		ask := exec.CommandContext(ctx, filepath.Join(s.programs, "pg_isready"),
			"--quiet", "--host", s.home, "--port", strconv.Itoa(s.port), "--dbname", "postgres", "--username", User)
		if ask.Run() == nil {
			return true
		}
		select {
		case <-s.exited:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

// run runs one of PostgreSQL's programs to its end.
func (s *Server) run(t testing.TB, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(s.programs, program), args...)
	cmd.Dir, cmd.Env = s.home, []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	unprivileged(t, cmd)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", program, err, out.Bytes(), complaints.Bytes())
	}
	return strings.TrimSpace(out.String())
}

// programs finds the newest PostgreSQL, where Debian puts it or on the path.
func programs(t testing.TB) string {
	t.Helper()
	newest := 0
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is good
	for _, initdb := range dirs {
		if v, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb)))); err == nil {
			newest = max(newest, v)
		}
	}
	if newest > 0 {
		return fmt.Sprintf("/usr/lib/postgresql/%d/bin", newest)
	}
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		t.Fatal("PostgreSQL is missing: make setup installs it")
	}
	return filepath.Dir(initdb)
}

// home makes a folder that the server's user may use. It is not t.TempDir: others may
// not enter that one, and a socket's path must be short.
func home(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "throng-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	hand(t, dir)
	return dir
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
