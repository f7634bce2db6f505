package bonus

import (
	"encoding/json"

	"throng"
)

// Event is what a client sent to a channel.
type Event struct {
	User, Channel, Name string
	Data                []byte // the caller's again when Event returns
	// At is when it arrived, in Clock milliseconds.
	At int64
}

// Word is what the names of the desk's events begin with, before an underscore.
const Word = "bonus"

var errUnreadable = &throng.Error{Code: throng.ErrBadRequest.Code, Message: `bad request: {"id": "…"} is needed`}

// Event answers an event of a client. It does not block; answer is called once, now or
// later, from anywhere. A response is a JSON object; of an event that failed, with the
// reason.
func (d *Desk) Event(e *Event, answer func(ok bool, response []byte)) {
	switch e.Name {
	case "bonus_claim":
		d.claimEvent(e, answer)
	case "bonus_list":
		if e.User == "" || d.opts.Store == nil {
			err := errNoUser
			if d.opts.Store == nil {
				err = errNone
			}
			answer(false, failure(err))
			return
		}
		select {
		case <-d.restored:
			answer(true, d.listOf(e.User, e.Channel))
		default: // after a start an empty list would be untrue
			answer(false, failure(errAway))
		}
	default:
		answer(false, failure(throng.ErrMethodNotFound))
	}
}

func (d *Desk) claimEvent(e *Event, answer func(bool, []byte)) {
	var q struct {
		ID      string `json:"id"`
		ClaimID string `json:"claim_id"`
	}
	if json.Unmarshal(e.Data, &q) != nil || q.ID == "" {
		answer(false, failure(errUnreadable))
		return
	}
	c := Claim{Bonus: q.ID, User: e.User, ID: q.ClaimID, At: e.At, Channel: e.Channel}
	d.Claim(c, func(j throng.Judged, err error) {
		if err != nil {
			answer(false, failure(throng.AsError(err)))
			return
		}
		answer(true, d.response(q.ID, &j))
	})
}

// response is the answer to a claim.
func (d *Desk) response(id string, j *throng.Judged) []byte {
	b := appendString(append(make([]byte, 0, 160), `{"id":`...), id)
	b = append(b, `,"result":"`...)
	b = append(b, Verdicts[j.Verdict]...)
	b = append(b, '"')
	if j.Verdict == throng.Won || j.Verdict == throng.Already {
		b = appendNumber(appendNumber(b, `,"place":`, j.Claim.Place), `,"at":`, j.Claim.At)
	}
	return append(appendNumber(b, `,"time":`, d.clock.Now()), '}')
}

// failure says why an event failed, in the form that the Phoenix wire's own answers have.
func failure(err *throng.Error) []byte {
	b := appendString([]byte(`{"reason":`), err.Message)
	b = appendNumber(b, `,"code":`, int64(err.Code))
	if err.Temporary {
		b = append(b, `,"temporary":true`...)
	}
	return append(b, '}')
}
