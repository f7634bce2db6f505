//go:build unix

package bench

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
	"throng/test/process"
)

// small is what makes the built-in scenarios small and short.
func small() map[string]string {
	return map[string]string{
		"connect":   "--users 100 --arrival 200",
		"idle":      "--users 50 --for 1s",
		"heartbeat": "--users 40 --rate 40 --times 2",
		"fanout":    "--users 60 --rate 20",
		"burst":     "--users 30 --rate 5 --times 5 --burst 16",
		"channels":  "--users 60 --size 10 --rate 100 --for 2s",
		"roundtrip": "--users 20 --for 1s --burst 2",
		"echo":      "--users 20 --for 1s --payload 5000",
		"reconnect": "--users 60",
		"room":      "--users 30 --senders 5 --rate 50 --times 5",
		"rooms":     "--users 60 --channels 3 --rate 50 --for 1s",
		"servers":   "--users 60 --channels 4 --rate 50 --for 1s",
		"chat":      "--users 60 --for 4s",
	}
}

// TestBench runs everything with one build of the program.
func TestBench(t *testing.T) {
	binary := process.Build(t, "./cmd/throng")
	for name, test := range map[string]func(*testing.T, *world){
		"processes":        processes,
		"agents":           agents,
		"wrong key":        wrongKey,
		"asserts":          asserts,
		"server ends":      serverEnds,
		"interrupt":        interrupt,
		"interrupt agents": interruptAgents,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t, binary))
		})
	}
	names, _ := scenario.Builtins()
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "mission" {
				mission(t, binary)
				return
			}
			builtin(t, start(t, binary), name)
		})
	}
}

// builtin wants a built-in scenario to find nothing wrong with throng.
func builtin(t *testing.T, w *world, name string) {
	args := append([]string{name, "-q", "--target", w.url(name)}, strings.Fields(small()[name])...)
	if small()[name] == "" {
		t.Error("it is not tested")
	}
	if name == "servers" {
		args = append(args, "--target", start(t, w.binary).url(name))
	}
	r := w.begin(t, args...)
	found := r.sound()
	if strings.TrimSpace(r.stderr()) != "" {
		t.Errorf("with -q it says %q", r.stderr())
	}
	if !strings.Contains(r.out.String(), found.Title) {
		t.Error("no table on stdout")
	}
	if main := found.Phases[len(found.Phases)-1]; name != "idle" && main.Exchange().Count == 0 {
		t.Errorf("nothing happened: %+v", main)
	}
}

// room is a scenario whose figures are known, and finding says what is wrong with
// them.
func room(w *world, more ...string) []string {
	return append([]string{"room", "--target", w.url("room"), "--users", "30", "--senders", "3", "--rate", "30", "--times", "5"}, more...)
}

func (r *run) finding() report.Phase {
	r.t.Helper()
	found := r.sound()
	messages := found.Phases[len(found.Phases)-1]
	if c := messages.Counts; c.Sent != 15 || c.Received != 15*30 || found.Checks.Expected != 15*30 {
		r.t.Errorf("%+v %+v", c, found.Checks)
	}
	if n := messages.Latencies[report.Last].Count(); n != 15 {
		r.t.Errorf("%d messages reached the last one", n)
	}
	if !strings.Contains(r.stderr(), "30 joined") {
		r.t.Errorf("no progress: %q", r.stderr())
	}
	return messages
}

func processes(t *testing.T, w *world) {
	messages := w.begin(t, room(w, "--processes", "3", "--pid", strconv.Itoa(w.server.PID()))...).finding()
	if messages.Server == nil || messages.Server.RSS == 0 {
		t.Errorf("usage of the server: %+v", messages.Server)
	}
}

func agents(t *testing.T, w *world) {
	agent := w.agent(t, "k")
	messages := w.begin(t, room(w, "--agent", agent, "--agent", w.agent(t, "k"), "--key", "k")...).finding()
	if messages.Server != nil {
		t.Errorf("usage of the server: %+v", messages.Server)
	}
	w.begin(t, room(w, "--agent", agent, "--key", "k")...).finding() // it takes one bench after the other
}

func wrongKey(t *testing.T, w *world) {
	r := w.begin(t, room(w, "--agent", w.agent(t, "k"), "--key", "guess")...)
	if code := r.end(); code != 1 || !strings.Contains(r.stderr(), "agent 127.0.0.1") {
		t.Errorf("exit code %d", code)
	}
}

// What is asserted decides the exit code; a report can be shown and compared later.
func asserts(t *testing.T, w *world) {
	args := []string{"connect", "-q", "--target", w.url("connect"), "--users", "20"}
	holds := w.begin(t, append(args, "--assert", "joins==20", "--assert", "p99<60s")...)
	if v := holds.sound().Asserts; len(v) != 2 || !v[0].OK || !v[1].OK {
		t.Errorf("%+v", v)
	}
	fails := w.begin(t, append(args, "--assert", "joins==20", "--assert", "joins>1000")...)
	if code := fails.end(); code != 1 || !strings.Contains(fails.stderr(), "1 of 2 assertions don't hold") {
		t.Errorf("exit code %d", code)
	}
	if v := fails.report().Asserts; len(v) != 2 || !v[0].OK || v[1].OK {
		t.Errorf("%+v", v)
	}
	show := exec.Command(w.binary, "bench", "show", holds.path)
	if out, err := show.Output(); err != nil || string(out) != holds.out.String() {
		t.Errorf("shown again it is another table: %v\n%s\n%s", err, out, holds.out.String())
	}
	compare := exec.Command(w.binary, "bench", "compare", holds.path, fails.path)
	if out, err := compare.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// A server that goes away in the middle is counted, and nothing hangs.
func serverEnds(t *testing.T, w *world) {
	r := w.begin(t, "chat", "--target", w.url("chat"), "--users", "40", "--for", "7s")
	r.await("s  chat ") // all are there: else nobody would have got in
	if err := w.server.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := r.end(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	closed := int64(0)
	found := r.report()
	for reason, n := range found.Failures {
		if strings.HasPrefix(reason, "closed: ") {
			closed += n
		}
	}
	if closed < 20 || len(found.Phases) != 2 || found.Checks.Duplicates+found.Checks.Foreign > 0 {
		t.Errorf("%v, %+v", found.Failures, found.Checks)
	}
}

// ^C ends a run with the report of what was done.
func interrupt(t *testing.T, w *world) { interrupted(t, w, "--processes", "2") }

func interruptAgents(t *testing.T, w *world) {
	interrupted(t, w, "--agent", w.agent(t, "k"), "--key", "k")
}

func interrupted(t *testing.T, w *world, more ...string) {
	args := []string{"room", "--target", w.url("room"), "--users", "20", "--senders", "5", "--times", "100000", "--rate", "50"}
	r := w.begin(t, append(args, more...)...)
	r.await("messages")
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := r.end(); code != 1 || !strings.Contains(r.stderr(), "interrupted: the report is of what was done until then") {
		t.Errorf("exit code %d", code)
	}
	if found := r.report(); len(found.Phases) != 3 || found.Phases[0].Counts.Joins != 20 || len(found.Failures) > 0 {
		t.Errorf("%+v", found)
	}
}
