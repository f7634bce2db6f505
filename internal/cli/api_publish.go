package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

type publishCommand struct {
	asking
	Args []string `arg:"" name:"channel data" help:"The channel and what is published: JSON, or text, which becomes a JSON string. With --user or --pattern there is no channel."`

	Event       string        `help:"The Phoenix event." placeholder:"NAME"`
	User        string        `help:"Publish to this user's own channel." placeholder:"USER"`
	Pattern     string        `help:"Publish to all channels with subscribers that match, such as 'room:*'." placeholder:"PATTERN"`
	TTL         time.Duration `name:"ttl" help:"Do not deliver it after this time." placeholder:"DURATION"`
	Urgent      bool          `help:"It goes ahead of what waits of other channels and is not urgent."`
	Exclude     string        `help:"The id of a client that does not get it." placeholder:"CLIENT"`
	SkipHistory bool          `help:"Deliver it to those who are there, and do not store it."`
	Once        string        `help:"Idempotency key: a repetition publishes nothing." placeholder:"KEY"`
}

// publishing is the request of publish.
type publishing struct {
	Channel     string          `json:"channel,omitempty"`
	User        string          `json:"user,omitempty"`
	Pattern     string          `json:"pattern,omitempty"`
	Data        json.RawMessage `json:"data"`
	Event       string          `json:"event,omitempty"`
	TTL         int64           `json:"ttl_ms,omitempty"`
	Urgent      bool            `json:"urgent,omitempty"`
	Exclude     string          `json:"exclude,omitempty"`
	SkipHistory bool            `json:"skip_history,omitempty"`
	Once        string          `json:"idempotency_key,omitempty"`
}

// Run implements the command.
func (c *publishCommand) Run(r *run) error {
	q := publishing{
		User: c.User, Pattern: c.Pattern, Event: c.Event, TTL: c.TTL.Milliseconds(), Urgent: c.Urgent,
		Exclude: c.Exclude, SkipHistory: c.SkipHistory, Once: c.Once,
	}
	args := c.Args
	if c.User == "" && c.Pattern == "" && len(args) > 0 {
		q.Channel, args = args[0], args[1:]
	}
	if len(args) != 1 {
		return wrongUse(errors.New("one channel and one text are needed, or --user or --pattern and a text"),
			`write throng publish room:1 '{"text": "hello"}'`)
	}
	q.Data = jsonOf(args[0])
	answer, err := c.call(r, "publish", &q)
	if err != nil || c.JSON {
		return orWrite(r, answer, err)
	}
	var p struct {
		Offset                uint64
		Epoch                 string
		Connections, Channels int
		Duplicate             bool
	}
	if err := json.Unmarshal(answer, &p); err != nil {
		return err
	}
	line := fmt.Sprintf("connections %d", p.Connections)
	if p.Epoch != "" {
		line += fmt.Sprintf(" offset %d epoch %s", p.Offset, p.Epoch)
	}
	if c.Pattern != "" {
		line += fmt.Sprintf(" channels %d", p.Channels)
	}
	if p.Duplicate {
		line += " duplicate"
	}
	_, err = fmt.Fprintln(r.stdout, line)
	return err
}

// jsonOf takes JSON as it is, and makes a string of what is none.
func jsonOf(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	b, _ := json.Marshal(text) // any string can be
	return b
}

// orWrite writes an answer, if there is one.
func orWrite(r *run, answer json.RawMessage, err error) error {
	if err != nil {
		return err
	}
	return write(r, answer)
}

type apiCommand struct {
	asking
	Method  string `arg:"" help:"The method, such as history."`
	Request string `arg:"" optional:"" help:"The request, a JSON object." default:"{}"`
}

// Run implements the command.
func (c *apiCommand) Run(r *run) error {
	if !json.Valid([]byte(c.Request)) {
		return wrongUse(errors.New("the request is not JSON"), `write throng api history '{"channel": "room:1", "limit": 10}'`)
	}
	if c.Method == "batch" { // its answer has no result around
		answer, err := c.post(r, c.Method, []byte(c.Request))
		return orWrite(r, answer, err)
	}
	answer, err := c.call(r, c.Method, json.RawMessage(c.Request))
	return orWrite(r, answer, err)
}
