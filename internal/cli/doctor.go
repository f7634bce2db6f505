package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"throng/internal/config"
	"throng/internal/doctor"
	"throng/internal/server"
)

type doctorCommand struct {
	settings
	Target  int64    `help:"Connections to examine for; by default engine.max_connections, or else 100000." placeholder:"N"`
	Nginx   []string `help:"An nginx configuration to look at, with what it includes; repeatable." placeholder:"FILE" sep:"none"`
	HAProxy []string `name:"haproxy" help:"A HAProxy configuration to look at; repeatable." placeholder:"FILE" sep:"none"`
	PID     int      `name:"pid" help:"Look at the limits of this process, a running throng say, and not at one's own." placeholder:"PID"`
	Root    string   `help:"Where proc and sys are." placeholder:"DIR" default:"/" type:"path"`
	JSON    bool     `name:"json" help:"The report as JSON."`
}

// maxTarget is the largest engine.max_connections.
const maxTarget = 100_000_000

// errUnfit is that the examination found something that has to be mended.
var errUnfit = errors.New("this is not enough")

// Run implements the command.
func (c *doctorCommand) Run(r *run) error {
	cfg, err := c.load(r, false)
	if err != nil {
		return err
	}
	if c.Target < 0 || c.Target > maxTarget || c.PID < 0 {
		return misuse(fmt.Sprintf("--target is a number from 1 to %d, --pid one above 0", maxTarget), "see `throng doctor --help`")
	}
	target := c.Target
	if target == 0 {
		target = int64(cfg.Engine.MaxConnections)
	}
	if target == 0 {
		target = doctor.DefaultTarget
	}
	subject, machine := server.Subject(cfg, target), server.Machine()
	machine.Root, machine.PID, machine.Env = os.DirFS(c.Root), c.PID, r.env
	proxies, err := c.proxies(subject)
	if err != nil {
		return err
	}
	report := doctor.Examine(machine, subject, proxies...)
	write := report.Write
	if c.JSON {
		write = report.WriteJSON
	}
	if err := write(r.stdout); err != nil {
		return err
	}
	return unfit(report)
}

// unfit names what failed, or is nil.
func unfit(r *doctor.Report) error {
	var names []string
	for _, c := range r.Failed() {
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%w for %d connections: %s", errUnfit, r.Target, strings.Join(names, ", "))
}

// proxies reads the configurations that were named.
func (c *doctorCommand) proxies(s *doctor.Subject) (proxies []doctor.Proxy, err error) {
	for _, file := range c.Nginx {
		root, name, err := rooted(file)
		if err != nil {
			return nil, err
		}
		n, err := doctor.ReadNginx(root, name, s)
		if err != nil {
			return nil, unreadable(file, err)
		}
		proxies = append(proxies, n)
	}
	for _, file := range c.HAProxy {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, unreadable(file, err)
		}
		h, err := doctor.ReadHAProxy(file, string(text), s)
		if err != nil {
			return nil, unreadable(file, err)
		}
		proxies = append(proxies, h)
	}
	return proxies, nil
}

// rooted is a file's name below the root of its volume, where its includes are
// looked for.
func rooted(file string) (root fs.FS, name string, err error) {
	file, err = filepath.Abs(file)
	if err != nil {
		return nil, "", err
	}
	top := filepath.VolumeName(file) + string(filepath.Separator)
	name, err = filepath.Rel(top, file)
	return os.DirFS(top), filepath.ToSlash(name), err
}

// unreadable says why a proxy's configuration can't be judged: as with throng's
// own, the command line is wrong.
func unreadable(file string, err error) error {
	var inNginx *doctor.NginxError
	var inHAProxy *doctor.HAProxyError
	if errors.As(err, &inNginx) || errors.As(err, &inHAProxy) {
		return misuse(err.Error(), "`nginx -t -c FILE` and `haproxy -c -f FILE` say more about their files")
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return misuse(file+": "+err.Error(), "name a file that this user may read")
}

// misuse is an error of the command line that only the command itself can find.
func misuse(message, hint string) error {
	return config.Errors{{Msg: message, Hint: hint}}
}
