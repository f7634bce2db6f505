package cli_test

import (
	"net"
	"os"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"throng/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"throng": func() { os.Exit(cli.Main(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs testdata/*.txtar. Every script is a user at a shell: stdout,
// stderr and exit code are what is promised.
func TestScripts(t *testing.T) {
	reference, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0") // or every command waits a second under -race
			return os.WriteFile(e.WorkDir+"/configuration.md", reference, 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": await, "books": books, "exits": exits, "internal": internal, "occupy": occupy, "term": term, "visit": visit, "hup": hup,
		},
	})
}

// await FILE REGEXP waits until the file has a match.
func await(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: await FILE REGEXP")
	}
	re := regexp.MustCompile(args[1])
	var b []byte
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if b, _ = os.ReadFile(ts.MkAbs(args[0])); re.Match(b) {
			return
		}
	}
	ts.Fatalf("%s never matched %s:\n%s", args[0], args[1], b)
}

// exits CODE COMMAND [ARG...] runs a command that must end with the exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := "0"
	var ee interface{ ExitCode() int }
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var ok bool
		if ee, ok = err.(interface{ ExitCode() int }); !ok {
			ts.Fatalf("%v", err)
		}
		code = string(rune('0' + ee.ExitCode()))
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

// occupy sets ADDR to an address that somebody listens on.
func occupy(ts *testscript.TestScript, _ bool, _ []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = ln.Close() })
	ts.Setenv("ADDR", ln.Addr().String())
}

// term sends SIGTERM to what runs in the background.
func term(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// hup sends SIGHUP to what runs in the background.
func hup(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGHUP))
	}
}
