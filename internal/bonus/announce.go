package bonus

import (
	"encoding/json"
	"strconv"

	"throng"
)

// The events of announcements.
const (
	offerEvent  = "bonus_offer"
	endEvent    = "bonus_end"
	resultEvent = "bonus_result"
)

// maxOwnUser is the longest id of a user who has an own channel.
const maxOwnUser = throng.MaxChannelBytes - len(throng.UserNamespace) - 1

// appendOffer writes what clients are told of a bonus, without the closing brace.
func appendOffer(b []byte, of *throng.Bonus) []byte {
	b = append(b, `{"id":`...)
	b = appendString(b, of.ID)
	b = append(b, `,"data":`...)
	if len(of.Data) == 0 {
		b = append(b, "null"...)
	}
	b = append(b, of.Data...)
	if of.Quota > 0 {
		b = appendNumber(b, `,"quota":`, of.Quota)
	}
	b = appendNumber(b, `,"starts_at":`, of.StartsAt)
	return appendNumber(b, `,"deadline":`, of.Deadline)
}

func appendString(b []byte, s string) []byte {
	if plain(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	text, _ := json.Marshal(s) // strings always can be
	return append(b, text...)
}

// plain reports whether a string stands in JSON as it is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func appendNumber(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(b, name...), n, 10)
}

// What is told of an offer is told in one order: screens that hear of its end before they
// hear of it would show it up to its deadline. Who has something to tell while others are
// at it leaves it to them, so nobody waits for it. opens makes the announcement the first.

// opens says that an offer's start is announced here, by announce. d.mu is held.
func (o *offer) opens() { o.offered, o.telling = true, true }

// announce tells those whom an offer is for. It is called once, behind opens.
func (d *Desk) announce(o *offer) {
	data := appendNumber(append([]byte(nil), o.shown...), `,"time":`, d.clock.Now())
	d.publish(o, offerEvent, append(data, '}'), o.Deadline)
	d.stats.Offered.Add(1)
	d.tellOn(o)
}

// inTurn tells something of an offer behind what is told of it by now.
func (d *Desk) inTurn(o *offer, tell func()) {
	d.mu.Lock()
	o.untold = append(o.untold, tell)
	busy := o.telling
	o.telling = true
	d.mu.Unlock()
	if !busy {
		d.tellOn(o)
	}
}

// tellOn tells what waits to be told of an offer, until nothing does.
func (d *Desk) tellOn(o *offer) {
	for {
		d.mu.Lock()
		if len(o.untold) == 0 {
			o.telling, o.untold = false, nil
			d.mu.Unlock()
			return
		}
		tell := o.untold[0]
		o.untold = o.untold[1:]
		d.mu.Unlock()
		tell()
	}
}

// announceEnd tells the same that it is over.
func (d *Desk) announceEnd(o *offer) { d.inTurn(o, func() { d.publishEnd(o) }) }

func (d *Desk) publishEnd(o *offer) {
	d.mu.Lock()
	why, claimed := o.End, o.Claimed
	d.mu.Unlock()
	if why == throng.BonusOpen {
		why = "deadline"
	}
	data := appendString([]byte(`{"id":`), o.ID)
	data = appendString(append(data, `,"reason":`...), string(why))
	data = appendNumber(data, `,"claimed":`, claimed)
	d.publish(o, endEvent, append(data, '}'), 0)
	d.stats.Ended.Add(1)
}

// publish publishes to the channel of an offer, or to the own ones of its users.
func (d *Desk) publish(o *offer, event string, data []byte, expires int64) {
	one := func(channel string) {
		d.opts.Publisher.Publish(channel, &throng.Publication{Event: event, Data: data, ExpiresAt: expires, Urgent: true})
	}
	if o.Audience.Channel != "" {
		one(o.Audience.Channel)
		return
	}
	d.mu.Lock()
	users := o.users // which does not change
	d.mu.Unlock()
	for user := range users {
		if len(user) <= maxOwnUser {
			one(throng.UserNamespace + ":" + user)
		}
	}
}

// announceWinners tells all screens of those who have it now.
func (d *Desk) announceWinners(o *offer, claims []throng.Claim) {
	if len(claims) > 0 {
		d.inTurn(o, func() { d.publishWinners(o, claims) })
	}
}

func (d *Desk) publishWinners(o *offer, claims []throng.Claim) {
	var head []byte
	for i := range claims {
		c := &claims[i]
		if len(c.User) > maxOwnUser {
			continue
		}
		if head == nil {
			head = append(appendString([]byte(`{"id":`), o.ID), `,"result":"won"`...)
		}
		data := append(make([]byte, 0, len(head)+64), head...)
		data = appendNumber(appendNumber(data, `,"place":`, c.Place), `,"at":`, c.At)
		d.opts.Publisher.Publish(throng.UserNamespace+":"+c.User,
			&throng.Publication{Event: resultEvent, Data: append(data, '}'), Urgent: true})
	}
}
