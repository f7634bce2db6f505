package cli

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"throng/internal/config"
	"throng/internal/crowd"
	"throng/internal/server"
)

// crowdCommand is a crowd in a process of its own, so that what the page says of the
// server's memory is the server's alone.
type crowdCommand struct {
	Target string `arg:"" help:"The server, such as ws://localhost:8000/socket."`
	People int    `arg:"" help:"How many."`
}

// Run implements the command. The crowd leaves when stdin ends: when its demo does, in
// whatever way.
func (c *crowdCommand) Run(r *run) error {
	target, err := url.Parse(c.Target)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	people := crowd.New(crowd.Options{Target: target, People: c.People, Channel: server.DemoChannel, Seed: rand.Uint64()})
	told := make(chan struct{})
	go func() { defer close(told); tellOutside(ctx, r.stderr, people, c.People) }()
	people.Run(ctx)
	<-told
	return nil
}

// checkCrowd says what a crowd lacks before anything is started.
func (c *demoCommand) checkCrowd(cfg *config.Config) error {
	if c.Crowd < 0 || c.Crowd > crowd.MaxPeople {
		return wrongUse(fmt.Errorf("--crowd %d: there can be up to %d", c.Crowd, crowd.MaxPeople), "throng bench brings more")
	}
	if c.Crowd == 0 {
		return nil
	}
	const others = 100 // tabs, phones
	if most := cfg.Engine.MaxConnections; most > 0 && most < c.Crowd+others {
		return &hinted{
			fmt.Errorf("a crowd of %d, and engine.max_connections is %d", c.Crowd, most),
			fmt.Sprintf("set it to %d at least, or have a smaller crowd", c.Crowd+others),
		}
	}
	if most := cfg.Limits.ConnectsPerMinutePerAddress; most > 0 && most < c.Crowd && len(cfg.Proxy.Trusted) == 0 {
		return &hinted{
			fmt.Errorf("a crowd of %d comes from one address, and limits.connects_per_minute_per_address is %d", c.Crowd, most),
			fmt.Sprintf("set it to %d at least, or have a smaller crowd", c.Crowd+others),
		}
	}
	needs := crowd.Descriptors(c.Crowd + others)
	if limit := crowd.Limit(); limit < needs {
		return &hinted{
			fmt.Errorf("a crowd of %d needs %d descriptors, and a process may have %d here", c.Crowd, needs, limit),
			fmt.Sprintf("`ulimit -n %d` in this shell, if the system lets you, or --crowd %d", needs, max(0, crowd.Within(limit)-others)),
		}
	}
	return nil
}

// bring starts the crowd, and ends it with ctx.
func (c *demoCommand) bring(ctx context.Context, r *run, s *server.Server, path string) {
	target := crowdTarget(s.Public(), path)
	self, err := os.Executable()
	if err == nil && target == "" {
		err = fmt.Errorf("it needs a public listener without TLS: name one with --listen")
	}
	if err != nil {
		fmt.Fprintf(r.stderr, "throng: error: no crowd: %v\n", err)
		return
	}
	cmd := exec.CommandContext(ctx, self, "crowd", target, fmt.Sprint(c.Crowd))
	cmd.Stderr = r.stderr
	in, err := cmd.StdinPipe() // open as long as this process lives
	if err == nil {
		detach(cmd)
		err = cmd.Run()
		_ = in.Close()
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(r.stderr, "throng: error: the crowd is gone: %v\n", err)
	}
}

// crowdTarget is how a process on this machine reaches the socket without TLS.
func crowdTarget(public []net.Addr, path string) string {
	page := pageURL(public)
	if page == "" {
		return ""
	}
	u, err := url.Parse(page)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: "ws", Host: u.Host, Path: path}).String()
}
