package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// ReadFile reads and checks a scenario file.
func ReadFile(path string) (*Scenario, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Parse reads a scenario and fills in what it leaves out. Keys that there are not
// are errors. It is not checked yet; see Check.
func Parse(b []byte) (*Scenario, error) {
	d := toml.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var s Scenario
	if err := d.Decode(&s); err != nil {
		return nil, explain(err)
	}
	s.complete()
	return &s, nil
}

// explain says where a file is wrong.
func explain(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		first := &strict.Errors[0]
		row, _ := first.Position()
		return fmt.Errorf("line %d: there is no setting %q; `throng bench example` shows all there are", row, strings.Join(first.Key(), "."))
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		row, column := wrong.Position()
		return fmt.Errorf("line %d:%d: %s", row, column, strings.TrimPrefix(wrong.Error(), "toml: "))
	}
	return err
}

// TOML writes the scenario.
func (s *Scenario) TOML() (string, error) {
	var b bytes.Buffer
	e := toml.NewEncoder(&b)
	e.SetIndentTables(false)
	if err := e.Encode(s); err != nil {
		return "", err
	}
	return b.String(), nil
}

// What is not said.
const (
	defaultPayload   = 64
	defaultInFlight  = 256
	defaultHeartbeat = 30e9
	defaultPatience  = 20e9
)

func (s *Scenario) complete() {
	if s.Wire == "" {
		s.Wire = "phoenix"
	}
	if s.Payload == 0 {
		s.Payload = defaultPayload
	}
	if s.Heartbeat == 0 {
		s.Heartbeat = defaultHeartbeat
	}
	if s.Patience == 0 {
		s.Patience = defaultPatience
	}
	if s.Reconnect == "" {
		s.Reconnect = "phoenix"
	}
	if s.Seed == 0 {
		s.Seed = 1
	}
	if s.Name == "" {
		s.Name = "scenario"
	}
	for i := range s.Users {
		s.Users[i].complete(i)
	}
	for i := range s.Phases {
		if p := &s.Phases[i]; p.Name == "" {
			p.Name = p.Do
		}
	}
}

func (g *Users) complete(i int) {
	if g.Name == "" {
		g.Name = fmt.Sprintf("users %d", i+1)
	}
	if len(g.Arrive) == 0 {
		g.Arrive = []Arrival{{}}
	}
	for i := range g.Arrive {
		if g.Arrive[i].InFlight == 0 {
			g.Arrive[i].InFlight = defaultInFlight
		}
	}
	for i := range g.Scripts {
		script := &g.Scripts[i]
		if script.Jitter == "" {
			script.Jitter = "even"
		}
		for j := range script.Steps {
			if script.Steps[j].Do == Send && script.Steps[j].Burst == 0 {
				script.Steps[j].Burst = 1
			}
		}
	}
}
