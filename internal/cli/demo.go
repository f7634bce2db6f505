package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"throng/internal/config"
	"throng/internal/server"
)

type demoCommand struct {
	settings
	LAN   bool `name:"lan" help:"Let the other devices of your network in, and show a QR code for a phone. Everybody in the network may then do everything in the demo."`
	Crowd int  `help:"So many simulated people, in a process of their own: they come one after the other, watch, talk, claim offers, leave and come back." placeholder:"N"`
}

// Run implements the command.
func (c *demoCommand) Run(r *run) error {
	cfg, err := c.configuration(r)
	if err != nil {
		return err
	}
	if err := c.checkCrowd(cfg); err != nil {
		return err
	}
	log := logger(r.stderr, cfg.Log)
	s, err := server.New(server.Options{Config: cfg, Log: log, Version: Version(), Demo: true})
	if err != nil {
		return c.taken(cfg, err)
	}
	c.tell(r.stdout, s, cfg)
	if c.Crowd > 0 {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // gone before the server sends it away
		gone := make(chan struct{})
		defer context.AfterFunc(ctx, stop)() // a second signal ends the process
		go func() { defer close(gone); c.bring(ctx, r, s, cfg.Phoenix.Path) }()
		defer func() { stop(); <-gone }()
	}
	return serve(s, log, func() (*config.Config, error) { return c.configuration(r) })
}

// configuration is that of development, and with --lan on all interfaces. What is said
// nowhere is as a demo wants it: a curve to look at while it grows, and settings that last
// as long as claims do.
func (c *demoCommand) configuration(r *run) (*config.Config, error) {
	s := c.settings
	if c.LAN && len(s.Listen) == 0 {
		s.Listen = []string{":8000"}
	}
	if s.Config == "" && !inEnvironment(r.env, "config") {
		set := map[string]string{"visits.occupancy": "5s"}
		if s.Set["store.file"] != "" || s.Set["store.dsn"] != "" {
			set["users.state"] = "store"
		}
		maps.DeleteFunc(set, func(key, _ string) bool { return inEnvironment(r.env, key) })
		maps.Copy(set, s.Set)
		s.Set = set
	}
	return s.load(r, true)
}

// inEnvironment reports whether a variable has the setting.
func inEnvironment(env []string, key string) bool {
	name := "THRONG_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_")) + "="
	return slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, name) })
}

// tell says where to look.
func (c *demoCommand) tell(w io.Writer, s *server.Server, cfg *config.Config) {
	if url := pageURL(s.Public()); url != "" {
		fmt.Fprintf(w, "open %s in two tabs\n", url)
	}
	if c.LAN {
		tellLAN(w, s.Public())
	} else {
		fmt.Fprintln(w, "for a phone: --lan lets your network in, and shows a QR code")
	}
	if url := pageURL([]net.Addr{s.Internal()}); url != "" {
		fmt.Fprintf(w, "make offers, see who is here and who was: %sdashboard/ (the key is dev)\n", url)
	}
	if cfg.Store.Temporary() {
		fmt.Fprintln(w, "what is claimed and watched is forgotten when the demo ends; --set store.file=demo.db keeps it")
	}
}

// taken adds to an address that another process has a command that works.
func (c *demoCommand) taken(cfg *config.Config, err error) error {
	if hintFor(err) != hintInUse {
		return err
	}
	public, private := "localhost:8000", cfg.Internal
	if len(cfg.Listen) > 0 {
		public = cfg.Listen[0]
	}
	public, ok := nextFree(public)
	if private != "" && ok {
		private, ok = nextFree(private)
	}
	if !ok {
		return err
	}
	return &hinted{err, fmt.Sprintf("another process listens there, perhaps another demo: stop it, or `throng demo --listen %s --internal %s`",
		quoted(public), quoted(private))}
}

// nextFree is an address with the port of a, or the first one above it that nobody
// listens at.
func nextFree(a string) (string, bool) {
	const tries = 20
	host, port, err := net.SplitHostPort(a)
	if err != nil {
		return "", false
	}
	var n int
	if _, err := fmt.Sscan(port, &n); err != nil {
		return "", false
	}
	for p := n; p < n+tries; p++ {
		free := net.JoinHostPort(host, fmt.Sprint(p))
		if ln, err := net.Listen("tcp", free); err == nil {
			_ = ln.Close()
			return free, true
		}
	}
	return "", false
}

func quoted(address string) string {
	if address == "" {
		return `""`
	}
	return address
}
