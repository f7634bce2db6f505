//go:build !windows

package guide

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"throng/test/process"
)

const (
	patience = time.Minute     // for a command
	all      = 5 * time.Minute // and for all of them
)

// TestGuide does what docs/guide-bonus-site.md says, file by file and command by command,
// and holds what the commands say against what stands there.
func TestGuide(t *testing.T) {
	steps := read(t, "../../docs/guide-bonus-site.md")
	dir := t.TempDir()
	modules, err := filepath.Abs("../node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "phoenix")); err != nil {
		t.Fatalf("%v: run make setup", err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	// The ports of the text may be taken here.
	var replace []string
	for i, address := range process.FreeAddresses(t, 3) {
		_, port, _ := net.SplitHostPort(address)
		replace = append(replace, []string{"8000", "9000", "3000"}[i], port)
	}
	ports := strings.NewReplacer(replace...)
	s := begin(t, dir, filepath.Dir(process.Build(t, "./cmd/throng")))
	commands := 0
	for _, step := range steps {
		if step.file != "" {
			if err := os.WriteFile(filepath.Join(dir, step.file), []byte(ports.Replace(step.text)), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if strings.HasPrefix(step.command, "npm install") { // they are here
			continue
		}
		said := s.run(t, ports.Replace(step.command))
		if got, want := plain(said), plain(ports.Replace(step.text)); got != want {
			t.Errorf("line %d: %s\nsaid:\n%swant:\n%s", step.line, step.command, said, step.text)
		}
		commands++
	}
	if commands < 25 {
		t.Errorf("only %d commands were found in the guide", commands)
	}
}

// step is a file to save, or a command and what it says.
type step struct {
	line          int
	file, command string
	text          string
}

var saveAs = regexp.MustCompile("(?:Save as|and as|Save it as) `([\\w.-]+)`:$")

// read takes the guide apart. A block behind "Save as `name`:" is a file, one of the kind
// console has commands, each behind a $, and what they say.
func read(t *testing.T, path string) (steps []step) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var name, kind string
	inside := false
	for i, line := range strings.Split(string(text), "\n") {
		last := len(steps) - 1
		switch fence, found := strings.CutPrefix(line, "```"); {
		case found && inside:
			inside, name = false, ""
		case found:
			inside, kind = true, fence
			if name != "" {
				steps = append(steps, step{line: i + 1, file: name})
			} else if kind != "console" {
				t.Errorf("line %d: a block of kind %q that is neither a file nor commands", i+1, kind)
			}
		case !inside:
			if m := saveAs.FindStringSubmatch(line); m != nil {
				name = m[1]
			}
		case name == "" && strings.HasPrefix(line, "$ "):
			steps = append(steps, step{line: i + 1, command: line[2:]})
		default:
			steps[last].text += line + "\n"
		}
	}
	return steps
}

// plain takes out what differs from run to run: times, lengths of time, epochs.
func plain(text string) string {
	for _, one := range []struct{ is, as string }{
		{`\b1[789]\d{11}\b`, "TIME"},
		{`"ms":\d+`, `"ms":N`},
		{`"epoch":"[^"]+"`, `"epoch":"E"`},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`, "MOMENT"},
	} {
		text = regexp.MustCompile(one.is).ReplaceAllString(text, one.as)
	}
	return text
}

// shell is a bash that runs command after command.
type shell struct {
	in   *os.File
	out  *os.File
	rest []byte
}

// begin starts one in a folder, with the program in its path. Everything that it started
// ends with the test.
func begin(t *testing.T, dir, bin string) *shell {
	t.Helper()
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), all)
	cmd := exec.CommandContext(ctx, "bash", "--norc", "--noprofile")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, inR, outW, outW
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = inR.Close(), outW.Close()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		cancel()
		_, _ = inW.Close(), outR.Close()
		if log, err := os.ReadFile(filepath.Join(dir, "throng.log")); err == nil && t.Failed() {
			t.Logf("throng said:\n%s", log)
		}
	})
	return &shell{in: inW, out: outR}
}

// run runs a command and returns what it said, on stdout and stderr.
func (s *shell) run(t *testing.T, command string) string {
	t.Helper()
	const end = "\x1eend of a command\x1e\n"
	if _, err := fmt.Fprintf(s.in, "%s\nprintf '%%s' '\x1eend of a command\x1e\n'\n", command); err != nil {
		t.Fatal(err)
	}
	_ = s.out.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, 4096)
	for {
		if before, after, found := bytes.Cut(s.rest, []byte(end)); found {
			s.rest = after
			return string(before)
		}
		n, err := s.out.Read(buf)
		s.rest = append(s.rest, buf[:n]...)
		if err != nil {
			t.Fatalf("%s: %v; it said\n%s", command, err, s.rest)
		}
	}
}
