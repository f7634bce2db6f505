package cli

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// making are the flags that a built-in scenario is made from.
type making struct {
	Target   []string      `help:"Server, such as ws://localhost:8000/socket; repeatable." placeholder:"URL" sep:"none"`
	Cluster  bool          `help:"The targets are nodes of one server."`
	Wire     string        `help:"phoenix or echo." placeholder:"WIRE"`
	Users    int           `help:"How many users, each with a connection." placeholder:"N"`
	Channels int           `help:"How many channels." placeholder:"N"`
	Size     int           `help:"Users of a channel." placeholder:"N"`
	Senders  int           `help:"How many users send." placeholder:"N"`
	Payload  int           `help:"Bytes of a message." placeholder:"BYTES"`
	Rate     float64       `help:"Messages a second, all senders together." placeholder:"N"`
	Burst    int           `help:"Messages in one write." placeholder:"N"`
	Times    int           `help:"How often each sender sends." placeholder:"N"`
	For      time.Duration `help:"How long the main phase lasts." placeholder:"TIME"`
	Arrival  float64       `help:"Users that come a second; without it, as fast as --in-flight allows." placeholder:"N"`
	InFlight int           `help:"Users on their way at once." placeholder:"N"`
}

// tuning are the flags that change any scenario.
type tuning struct {
	Source    []string          `help:"Local address to connect from; repeatable." placeholder:"IP"`
	Insecure  bool              `help:"Don't verify certificates."`
	Reconnect string            `help:"When a lost connection is tried again: phoenix (as the npm client does), fast or never." placeholder:"HOW"`
	Patience  time.Duration     `help:"How long nothing may happen where something should." placeholder:"TIME"`
	Param     map[string]string `help:"Parameter of the URL, {user} replaced; repeatable." placeholder:"KEY=VALUE" mapsep:"none"`
	Assert    []string          `help:"What must hold, such as 'p99<50ms'; repeatable. If it doesn't, the exit code is 1." placeholder:"EXPR" sep:"none"`
}

func (m *making) builtin(name string) (*scenario.Scenario, error) {
	return scenario.Builtin(name, scenario.Options{
		Targets: m.Target, Cluster: m.Cluster, Wire: m.Wire, Users: m.Users, Channels: m.Channels, Size: m.Size,
		Payload: m.Payload, Rate: m.Rate, Burst: m.Burst, For: m.For, Times: m.Times, Arrival: m.Arrival,
		InFlight: m.InFlight, Senders: m.Senders,
	})
}

// scenario makes the built-in scenario of a name, or reads the file.
func (m *making) scenario(name string, t *tuning) (s *scenario.Scenario, err error) {
	if strings.HasSuffix(name, ".toml") || strings.ContainsRune(name, os.PathSeparator) {
		s, err = m.file(name)
	} else {
		s, err = m.builtin(name)
	}
	if err != nil {
		return nil, err
	}
	s.Sources = append(s.Sources, t.Source...)
	s.Insecure = s.Insecure || t.Insecure
	if t.Reconnect != "" {
		s.Reconnect = t.Reconnect
	}
	if t.Patience != 0 {
		s.Patience = scenario.Duration(t.Patience)
	}
	if len(t.Param) > 0 {
		s.Params = t.Param
	}
	s.Assert = append(s.Assert, t.Assert...)
	for _, text := range s.Assert {
		if _, err := report.ParseAssert(text); err != nil {
			return nil, err
		}
	}
	return s, s.Check()
}

// file reads a scenario. Of the flags that make one only the target goes with it.
func (m *making) file(path string) (*scenario.Scenario, error) {
	if !reflect.DeepEqual(*m, making{Target: m.Target}) {
		return nil, fmt.Errorf("of the flags that make a scenario only --target goes with a file: change %s instead", path)
	}
	s, err := scenario.ReadFile(path)
	if err == nil && len(m.Target) > 0 {
		s.Targets = m.Target
	}
	return s, err
}

type benchListCommand struct{}

// Run implements the command.
func (benchListCommand) Run(r *run) error {
	w := tabwriter.NewWriter(r.stdout, 0, 0, 3, ' ', 0)
	names, about := scenario.Builtins()
	for i, name := range names {
		fmt.Fprintf(w, "%s\t%s\n", name, about[i])
	}
	return w.Flush()
}

type benchExampleCommand struct {
	Scenario string `arg:"" optional:"" default:"chat" help:"Its name; see throng bench list."`
	making
}

// Run implements the command.
func (c *benchExampleCommand) Run(r *run) error {
	if len(c.Target) == 0 {
		c.Target = []string{"ws://localhost:8000/socket"}
		if c.Scenario == "echo" {
			c.Target = []string{"ws://localhost:8000/echo"}
		}
	}
	s, err := c.builtin(c.Scenario)
	if err != nil {
		return wrongUse(err, "see `throng bench list`")
	}
	text, err := s.TOML()
	if err == nil {
		_, err = fmt.Fprint(r.stdout, text)
	}
	return err
}
