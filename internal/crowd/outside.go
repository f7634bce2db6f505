package crowd

import (
	"encoding/json"
	"errors"
	"fmt"

	"throng/internal/websocket"
)

// A Refusal is why the server does not let somebody in, or sends it away.
type Refusal struct {
	Status int    // of the answer to the handshake; the rest is that of a later refusal
	Code   int    // of the refused join or of the closing, see docs/phoenix.md; 0 for none
	Joined bool   // it was let in before
	Reason string // the server's
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Status != 0 {
		return fmt.Sprintf("the server answers with %d", r.Status)
	}
	what := "people are not let in: "
	if r.Joined {
		what = "people are sent away: "
	}
	if what += r.Reason; r.Code != 0 {
		what += fmt.Sprintf(" (%d)", r.Code)
	}
	return what
}

// refused makes of an error reply what it says.
func refused(payload []byte) error {
	var said struct {
		Response struct {
			Reason string
			Code   int
		}
		Reason string
		Code   int
	}
	_ = json.Unmarshal(payload, &said) // without a reason it is refused all the same
	return &Refusal{Code: max(said.Code, said.Response.Code), Reason: said.Reason + said.Response.Reason}
}

// closed makes of a closing what it says.
func closed(payload []byte) error {
	code, reason := websocket.ParseClose(payload)
	return &Refusal{Code: int(code), Reason: reason}
}

// unanswered makes of a refused handshake what it says.
func unanswered(err error) error {
	var no *websocket.HandshakeError
	if errors.As(err, &no) && no.Status != 0 {
		return &Refusal{Status: no.Status, Reason: no.Reason}
	}
	return err
}

// Outside returns how many in a row did not get in or were thrown out, and what became of
// the last one: a *Refusal, or why the server can't be reached.
func (c *Crowd) Outside() (inRow int, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inRow, c.why
}

// out notes somebody who is outside against its will, and whether it was in before.
func (c *Crowd) out(why error, joined bool) {
	var no *Refusal
	if errors.As(why, &no) {
		no.Joined = joined
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inRow++
	c.why = why
}

// in notes that somebody got in.
func (c *Crowd) in() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inRow, c.why = 0, nil
}
