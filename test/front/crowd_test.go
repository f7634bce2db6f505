//go:build linux

package front

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// crowd is the client process.
type crowd struct {
	b   testing.TB
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Scanner
}

func startCrowd(b testing.TB, binary string, args []string) *crowd {
	b.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	c := &crowd{b, cmd, in, bufio.NewScanner(out)}
	b.Cleanup(c.stop)
	return c
}

func (c *crowd) stop() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// do runs one command to its end and returns how many exchanges that were.
func (c *crowd) do(command string) int {
	c.b.Helper()
	fmt.Fprintln(c.in, command)
	if !c.out.Scan() {
		c.b.Fatalf("the crowd ended at %q", command)
	}
	var answer struct {
		Done   int
		Spoken string
	}
	if err := json.Unmarshal(c.out.Bytes(), &answer); err != nil {
		c.b.Fatal(err)
	}
	if answer.Spoken != "" {
		c.b.Log(answer.Spoken)
	}
	return answer.Done
}
