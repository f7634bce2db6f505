package server

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"

	"throng/internal/config"
	"throng/internal/doctor"
	"throng/internal/loop"
)

// Subject is what the doctor has to know of a server with this configuration that
// is meant to hold so many connections.
func Subject(c *config.Config, target int64) *doctor.Subject {
	s := &doctor.Subject{
		Target: target, Within: loop.ConnectionsWithin,
		TLS:        len(c.TLS.Listen) > 0,
		Goroutines: c.Engine.Kind == string(loop.Goroutine) || runtime.GOOS != "linux",
		Engine:     c.Engine.Kind,
		Path:       c.Phoenix.Path + "/websocket",
		Ping:       c.WebSocket.PingInterval,
		Silence:    c.Phoenix.IdleTimeout,
	}
	if s.Ping > 0 {
		s.Silence = max(s.Silence, c.WebSocket.PingInterval+c.WebSocket.PongTimeout)
	}
	if c.Phoenix.LongPoll {
		s.Poll = c.Phoenix.Path + "/longpoll"
	}
	for _, addresses := range [][]string{c.Listen, c.TLS.Listen, {c.Internal}} {
		for _, a := range addresses {
			if _, port, err := net.SplitHostPort(a); err == nil && !strings.HasPrefix(a, "unix:") {
				if n, err := strconv.Atoi(port); err == nil && n > 0 {
					s.Ports = append(s.Ports, n)
				}
			}
		}
	}
	return s
}

// Machine is the one that this process runs on.
func Machine() *doctor.Machine {
	return &doctor.Machine{
		Root: os.DirFS("/"), System: runtime.GOOS, Descriptors: loop.Descriptors(), Env: os.Environ(), Ring: loop.HasRing,
	}
}

// fewest is below what anybody takes a server of this kind for: a machine that does
// not hold so many is worth a warning even where no number was asked for.
const fewest = 10_000

// diagnose warns, once, of what stops the server before the connections that it is
// meant to hold. It refuses nothing: loop.New has done that where the descriptors
// don't suffice.
func (s *Server) diagnose() {
	target := int64(s.cfg.Engine.MaxConnections)
	if target == 0 {
		if s.cfg.Dev {
			return
		}
		target = fewest
	}
	machine := s.opts.Machine
	if machine == nil {
		machine = Machine()
	}
	short := doctor.Bounds(machine, Subject(s.cfg, target))
	if len(short) == 0 {
		return
	}
	allows, found := target, make([]string, len(short))
	for i, c := range short {
		allows = min(allows, c.Allows)
		found[i] = fmt.Sprintf("%s is %s, needs %s", c.Name, c.Is, c.Needs)
	}
	s.log.Warn("this machine stops the server early", "target", target, "allows", allows,
		"checks", strings.Join(found, "; "), "hint", fmt.Sprintf("throng doctor --target %d says what mends it", target))
}
