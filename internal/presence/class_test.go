package presence_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// class does what the Presence class of the phoenix npm client does: syncState,
// syncDiff, and differences that wait for the list of a new join.
type class struct {
	state   roll
	pending bool // joined, and no list came yet
	waiting []diff
	count   *count
	joins   []string // keys that onJoin was called for
	leaves  []string // and onLeave
}

type meta map[string]any

type entry struct {
	Metas []meta `json:"metas"`
}

type roll map[string]entry

type diff struct {
	Joins  roll `json:"joins"`
	Leaves roll `json:"leaves"`
}

type count struct {
	Users       int `json:"users"`
	Connections int `json:"connections"`
	Newest      []struct {
		Key   string `json:"key"`
		Metas []meta `json:"metas"`
	} `json:"newest"`
}

func (m meta) ref() string { return m["phx_ref"].(string) }

func (c *class) on(event, data string) error {
	switch event {
	case "presence_state":
		var s roll
		if err := strict(data, &s); err != nil {
			return err
		}
		c.syncState(s)
		c.pending = false
		for _, d := range c.waiting {
			c.syncDiff(d)
		}
		c.waiting = nil
	case "presence_diff":
		var d diff
		if err := strict(data, &d); err != nil {
			return err
		}
		if c.pending {
			c.waiting = append(c.waiting, d)
			return nil
		}
		c.syncDiff(d)
	case "presence_count":
		c.count = &count{}
		return strict(data, c.count)
	}
	return nil
}

// strict reads JSON whose objects name each member once.
func strict(data string, to any) error {
	d := json.NewDecoder(strings.NewReader(data))
	if err := unique(d); err != nil {
		return err
	}
	return json.Unmarshal([]byte(data), to)
}

func unique(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		seen := map[string]bool{}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return err
			}
			if name := k.(string); seen[name] {
				return fmt.Errorf("%q twice", name)
			}
			seen[k.(string)] = true
			if err := unique(d); err != nil {
				return err
			}
		}
	case json.Delim('['):
		for d.More() {
			if err := unique(d); err != nil {
				return err
			}
		}
	default:
		return nil
	}
	_, err = d.Token()
	return err
}

func refs(metas []meta) (all []string) {
	for _, m := range metas {
		all = append(all, m.ref())
	}
	return all
}

func except(metas []meta, known []string) (rest []meta) {
	for _, m := range metas {
		if !slices.Contains(known, m.ref()) {
			rest = append(rest, m)
		}
	}
	return rest
}

func (c *class) syncState(to roll) {
	d := diff{Joins: roll{}, Leaves: roll{}}
	for key, p := range c.state {
		if _, ok := to[key]; !ok {
			d.Leaves[key] = p
		}
	}
	for key, p := range to {
		now, ok := c.state[key]
		if !ok {
			d.Joins[key] = p
			continue
		}
		if joined := except(p.Metas, refs(now.Metas)); len(joined) > 0 {
			d.Joins[key] = entry{joined}
		}
		if left := except(now.Metas, refs(p.Metas)); len(left) > 0 {
			d.Leaves[key] = entry{left}
		}
	}
	c.syncDiff(d)
}

func (c *class) syncDiff(d diff) {
	if c.state == nil {
		c.state = roll{}
	}
	for key, p := range d.Joins {
		metas := slices.Clone(p.Metas)
		if now, ok := c.state[key]; ok {
			metas = append(except(now.Metas, refs(metas)), metas...)
		}
		c.state[key] = entry{metas}
		c.joins = append(c.joins, key)
	}
	for key, p := range d.Leaves {
		now, ok := c.state[key]
		if !ok {
			continue
		}
		rest := except(now.Metas, refs(p.Metas))
		c.state[key] = entry{rest}
		c.leaves = append(c.leaves, key)
		if len(rest) == 0 {
			delete(c.state, key)
		}
	}
}

// keys are those who are shown, each with its number of metas if that is not one.
func (c *class) keys() string {
	var all []string
	for key, p := range c.state {
		if len(p.Metas) != 1 {
			key = fmt.Sprint(key, "*", len(p.Metas))
		}
		all = append(all, key)
	}
	sort.Strings(all)
	return strings.Join(all, " ")
}

// text is all that is shown, for comparisons.
func (c *class) text() string {
	sorted := map[string][]string{}
	for key, p := range c.state {
		for _, m := range p.Metas {
			b, _ := json.Marshal(m)
			sorted[key] = append(sorted[key], string(b))
		}
		sort.Strings(sorted[key])
	}
	b, _ := json.Marshal(sorted)
	return string(b)
}
