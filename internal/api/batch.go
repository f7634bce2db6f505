package api

import (
	"reflect"

	"throng"
)

const batchDoc = "Does several commands in one request; the answer has a reply for each, in their order, without \"result\" around. A command is an object with one member: the method's name, and as its value the request. One that fails does not stop the next."

// batchRequest is what batch takes. A command's value stays undecoded until its turn.
type batchRequest struct {
	Commands []commandText `json:"commands" doc:"The commands, at most 10,000: [{\"publish\": {…}}, {\"history\": {…}}]."`
	Parallel bool          `json:"parallel,omitempty" doc:"The commands need not wait for each other. Publications to one channel keep their order; other commands may be done after publications that follow them."`
}

// batchResult is written piece by piece, so that it can't grow without bound.
type batchResult struct {
	Replies []map[string]any `json:"replies" doc:"The replies: an object with the method's name and its result, or with error."`
	encoded []byte
}

const (
	maxCommands = 10_000
	// maxReplies bounds the replies of one request: commands of a few bytes may ask
	// for a lot.
	maxReplies = 16 << 20
)

func batchMethod() Method {
	m := define[batchRequest, batchResult]("batch", batchDoc, (*call).batch)
	m.bare = true
	m.Result = reflect.TypeFor[batchResult]()
	return m
}

// ahead is how many commands are begun before the first is waited for.
const ahead = 256

// command is one that was begun.
type command struct {
	m    *Method
	wait outcome
}

func (c *call) batch(q *batchRequest) outcome {
	switch {
	case len(q.Commands) == 0:
		return failed(bad("commands: at least one is needed"))
	case len(q.Commands) > maxCommands:
		return failed(coded(throng.ErrLimitExceeded, "commands: at most %d, cut the list in pieces", maxCommands))
	}
	return func() (any, *throng.Error) { return &batchResult{encoded: c.replies(q)}, nil }
}

// replies does the commands.
func (c *call) replies(q *batchRequest) []byte {
	window := 1
	if q.Parallel {
		window = ahead
	}
	b := append(make([]byte, 0, 64*len(q.Commands)), `{"replies":[`...)
	for next := 0; next < len(q.Commands) && !c.gone(); {
		begun := make([]command, 0, window)
		for ; next < len(q.Commands) && len(begun) < window && !c.gone(); next++ {
			begun = append(begun, c.command(q.Commands[next], len(b) > maxReplies))
		}
		for _, one := range begun {
			switch {
			case one.ahead():
			case c.gone():
				continue
			case len(b) > maxReplies:
				one = tooMuch()
			}
			if b[len(b)-1] != '[' {
				b = append(b, ',')
			}
			b = one.appendReply(c, b)
		}
	}
	return append(b, `]}`...)
}

// tooMuch is a command that comes behind too large replies.
func tooMuch() command {
	return command{wait: failed(coded(throng.ErrLimitExceeded, "the replies are more than %d bytes, this was not done", maxReplies))}
}

// ahead reports whether the command was done already: its reply, which is small, must
// say so.
func (one command) ahead() bool { return one.m != nil && one.m.ahead }

// command begins one command of a batch; if it is full, none that would be done now.
func (c *call) command(text commandText, full bool) command {
	m := c.methods[string(text.name)]
	switch {
	case text.name == nil:
		return command{wait: failed(bad("commands: a command is an object with one member, the name of a method"))}
	case m == nil || m.alone():
		return command{wait: failed(coded(throng.ErrMethodNotFound, "%q", text.name))}
	case m.ahead && full:
		return tooMuch()
	}
	return command{m, c.do(m, object(text.request))}
}

func (one command) appendReply(c *call, b []byte) []byte {
	result, err := one.wait()
	if one.m != nil {
		c.count(one.m, err)
	}
	if err != nil {
		return appendAnswer(b, nil, err)
	}
	b = append(append(append(b, '{', '"'), one.m.Name...), `":`...)
	return append(appendJSON(b, result), '}')
}
