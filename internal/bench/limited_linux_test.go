package bench_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"throng/internal/bench"
	"throng/internal/bench/scenario"
)

// room is how many descriptors the child may still open.
const room = 30

// limit leaves the process so many descriptors beyond the highest in use.
func limit() error {
	highest, err := unix.Dup(0)
	if err != nil {
		return err
	}
	_ = unix.Close(highest)
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(highest) + room, Max: uint64(highest) + room})
}

type child struct {
	io.WriteCloser
	io.Reader
	cmd *exec.Cmd
}

func (c *child) Close() error { return errors.Join(c.WriteCloser.Close(), c.cmd.Wait()) }

func spawnLimited() (io.ReadWriteCloser, error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), limited+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &child{in, out, cmd}, cmd.Start()
}

// When a process can open no more, those who find no place are counted, and the
// run goes on with the others.
func TestDescriptorsUsedUp(t *testing.T) {
	t.Parallel()
	s := perform(t, &stage{})
	r, err := measure(t, "idle", scenario.Options{Targets: []string{s.url()}, Users: 60, For: 2 * time.Second}, func(o *bench.Options) {
		o.Spawn = spawnLimited
		o.Scenario.Patience = scenario.Duration(3 * time.Second) // who joins twice is counted twice
	})
	if err != nil || r == nil || !hasFailure(r, "connect: out of descriptors") || len(r.Phases) != 2 {
		t.Fatalf("%v, %+v", err, r)
	}
	joined := r.Samples[len(r.Samples)-1].Joined
	if joined < 10 || joined > room || r.Phases[0].Counts.Joins != joined {
		t.Errorf("%d joined, %+v", joined, r.Phases[0].Counts)
	}
}
