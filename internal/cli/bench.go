package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"throng/internal/bench"
	"throng/internal/bench/report"
)

type benchCommand struct {
	Run     benchRunCommand     `cmd:"" default:"withargs" help:"Run a built-in scenario, or one from a file."`
	List    benchListCommand    `cmd:"" help:"List the built-in scenarios."`
	Example benchExampleCommand `cmd:"" help:"Print a built-in scenario as a file to start from (TOML)."`
	Show    benchShowCommand    `cmd:"" help:"Show a report that was written as JSON."`
	Compare benchCompareCommand `cmd:"" help:"Compare two reports that were written as JSON."`
	Agent   benchAgentCommand   `cmd:"" help:"Make load for a bench that is run on another machine."`
}

type benchRunCommand struct {
	Scenario string `arg:"" help:"A built-in scenario (throng bench list), or a file (name.toml)."`
	making
	tuning
	outputs
	Processes int      `help:"Load generating processes; without it, as many as are needed." placeholder:"N"`
	Agent     []string `help:"Agent on another machine (throng bench agent), instead of processes here; repeatable." placeholder:"ADDR"`
	Key       string   `help:"What the agents want to hear." env:"BENCH_KEY" placeholder:"KEY"`
	PID       []int    `name:"pid" help:"Process of the server, if it runs here, whose CPU and memory to report; repeatable." placeholder:"PID"`
}

// Run implements the command.
func (c *benchRunCommand) Run(r *run) error {
	s, err := c.scenario(c.Scenario, &c.tuning)
	if err != nil {
		return wrongUse(err, "see `throng bench list` and `throng bench example`")
	}
	switch {
	case c.Processes < 0:
		return wrongUse(fmt.Errorf("--processes %d: there can be 1 and more", c.Processes), "leave it out for as many as are needed")
	case c.Processes > 0 && len(c.Agent) > 0:
		return wrongUse(errors.New("--processes are on this machine, and with --agent nothing here makes load"), "leave one of them out")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // who does not want to wait for the report interrupts again
	watch, err := c.watch(r)
	if err != nil {
		return err
	}
	defer watch.close()
	found, err := bench.Run(ctx, bench.Options{
		Scenario: s, Processes: c.Processes, Agents: c.Agent, Key: c.Key, PIDs: c.PID,
		Command: append([]string{"throng"}, r.args...), Tool: "throng " + Version(), Spawn: spawn, Progress: watch.progress,
	})
	watch.end()
	if found == nil {
		return err
	}
	if failed := c.write(r, found); failed != nil {
		return errors.Join(err, failed)
	}
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted: the report is of what was done until then")
	}
	return errors.Join(err, sound(found))
}

// sound says in one line what was wrong with a run. The report has the details.
func sound(r *report.Report) error {
	failed, kinds := int64(0), len(r.Failures)
	for _, n := range r.Failures {
		failed += n
	}
	broken := 0
	for _, v := range r.Asserts {
		if !v.OK {
			broken++
		}
	}
	var errs []error
	if broken > 0 {
		errs = append(errs, fmt.Errorf("%d of %d assertions don't hold", broken, len(r.Asserts)))
	}
	if bad := r.Checks.Bad(); bad > 0 {
		errs = append(errs, fmt.Errorf("%d deliveries were not as they should be", bad))
	}
	if failed > 0 {
		errs = append(errs, fmt.Errorf("%d failures of %d kinds", failed, kinds))
	}
	return errors.Join(errs...)
}

// spawn starts this program again to make load.
func spawn() (io.ReadWriteCloser, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "bench", "agent")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &child{cmd, in, out}, nil
}

// child is a process whose input and output are one pipe.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.ReadCloser
}

func (c *child) Write(b []byte) (int, error) { return c.in.Write(b) }
func (c *child) Read(b []byte) (int, error)  { return c.out.Read(b) }

// Close ends the process if its input's end does not.
func (c *child) Close() error {
	_ = c.in.Close()
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait() // killed or not, it said what it had to
	return nil
}
