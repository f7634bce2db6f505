package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteJSON writes the report as JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Write writes the report for people: a line for each check, the memory, and what
// mends it.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "For %d connections, by the limits of %s.\n", r.Target, r.Process)
	if r.own {
		b.WriteString("A service has limits of its own: --pid looks at those of one that runs.\n")
	}
	b.WriteByte('\n')
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "VERDICT\tCHECK\tIS\tNEEDS\tWHY")
	for _, c := range r.Checks {
		why := c.Why
		if c.Where != "" {
			why += " (" + c.Where + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", c.Verdict, c.Name, c.Is, c.Needs, why)
	}
	_ = t.Flush() // a strings.Builder takes everything
	if r.System != "linux" {
		fmt.Fprintf(&b, "\nThat is all that can be told on %s; the rest is Linux only.\n", r.System)
	}
	if r.Allows > 0 {
		fmt.Fprintf(&b, "\nThe narrowest of these allows %d connections.\n", r.Allows)
	}
	r.Memory.write(&b, r.Target)
	for _, m := range r.Mend {
		fmt.Fprintf(&b, "\n# %s\n%s\n", m.Path, strings.Join(m.Lines, "\n"))
	}
	b.WriteString(r.afterwards())
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func (m *Memory) write(b *strings.Builder, target int64) {
	fmt.Fprintf(b, "\nMemory of %d idle connections:\n", target)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	row := func(what string, bytes int64, how string) { fmt.Fprintf(t, "  %s\t%s\t%s\n", what, size(bytes), how) }
	row("throng", m.ServerTotal, fmt.Sprintf("%s each, and %s", size(m.PerConnection), size(m.Process)))
	row("kernel", m.KernelTotal, fmt.Sprintf("%s each, %s a client", size(m.Kernel), plural(m.Sockets, "socket", "sockets")))
	if m.Proxy > 0 {
		row("proxy", m.ProxyTotal, size(m.Proxy)+" each, with TLS")
	}
	row("together", m.Total, "")
	if m.Available > 0 {
		row("available", m.Available, "of the machine")
	}
	if m.Limit > 0 {
		row("limit", m.Limit, "of the control group, for throng and its sockets")
	}
	_ = t.Flush()
}

// afterwards is what makes the remedies hold.
func (r *Report) afterwards() string {
	var steps []string
	for _, m := range r.Mend {
		switch {
		case m.Path == sysctlFile:
			steps = append(steps, "sysctl --system")
		case strings.HasPrefix(m.Path, "/etc/systemd/"):
			steps = append(steps, "systemctl daemon-reload, then restart the unit (in a container: --ulimit nofile=…, --memory=…)")
		}
	}
	if len(steps) == 0 {
		return ""
	}
	return "\nThen: " + strings.Join(steps, "; ") + ".\n"
}
