package api

import (
	"context"
	"encoding/json"
	"errors"

	"throng"
)

const bonusCreateDoc = "Offers a bonus: the first quota users who claim it have it, each once. It is announced by bonus_offer when it starts, in the channel of its audience, or in the own channels of the users that it names; otherwise it is found in the list of open ones only. The same id with the same content changes nothing and is answered like the first time, so that a call whose answer was lost can be repeated. Docs: docs/bonuses.md."

type bonusCreateRequest struct {
	ID        string          `json:"id,omitempty" doc:"Its name for ever, at most 128 bytes; without it one is made."`
	Data      json.RawMessage `json:"data,omitempty" doc:"What clients are shown: any JSON, at most bonus.max_data."`
	Quota     *int64          `json:"quota,omitempty" doc:"How many users may have it; without it, any number."`
	StartsAt  int64           `json:"starts_at,omitempty" doc:"From when on it may be claimed, in milliseconds since 1970; without it, at once."`
	StartsIn  int64           `json:"starts_in_ms,omitempty" doc:"Instead of starts_at: in how many milliseconds."`
	Deadline  int64           `json:"deadline,omitempty" doc:"From when on it may not be claimed any more, in milliseconds since 1970; at most a year ahead. It counts when a claim arrives, not when it is judged."`
	Duration  int64           `json:"duration_ms,omitempty" doc:"Instead of deadline: how many milliseconds behind the start that is."`
	Tolerance int64           `json:"tolerance_ms,omitempty" doc:"How many milliseconds behind the deadline a claim may still arrive, for what the network takes: up to 60,000."`
	Audience  *audience       `json:"audience,omitempty" doc:"Whom it is for; without it, everybody whose user is known."`
}

func (c *call) bonusCreate(q *bonusCreateRequest) (*bonusResult, *throng.Error) {
	ctx, cancel := c.wait()
	defer cancel()
	if err := q.check(); err != nil {
		return nil, err
	}
	var exists error
	for {
		from, err := c.createdAt(ctx, q)
		if err != nil {
			return nil, err
		}
		b, err := q.bonus(from)
		if err != nil {
			return nil, err
		}
		if err := c.reachesBonus(&b.Audience); err != nil {
			return nil, err
		}
		made, failure := c.opts.Bonuses.Create(ctx, *b)
		switch {
		case failure == nil:
			return c.tellBonus(&made), nil
		case exists == nil && errors.Is(failure, throng.ErrBonusExists):
			// Perhaps the same call came to be meanwhile: now its times count from its creation.
			exists = failure
		default:
			return nil, c.bonusError(failure, "bonus_create")
		}
	}
}

// check says what is wrong with how it was written.
func (q *bonusCreateRequest) check() *throng.Error {
	switch {
	case q.Quota != nil && *q.Quota <= 0:
		return bad("quota: it is 1 or more; leave it out for no limit")
	case q.StartsIn < 0 || q.StartsIn > maxTTL:
		return bad("starts_in_ms: it goes from 0 to %d", int64(maxTTL))
	case q.StartsIn > 0 && q.StartsAt != 0:
		return bad("starts_in_ms: it comes instead of starts_at")
	case q.Deadline == 0 && q.Duration == 0:
		return bad("deadline: it is needed, or duration_ms")
	case q.Duration < 0 || q.Duration > maxTTL:
		return bad("duration_ms: it goes from 1 to %d", int64(maxTTL))
	case q.Deadline != 0 && q.Duration != 0:
		return bad("duration_ms: it comes instead of deadline")
	}
	return nil
}

// createdAt is what the request's times count from: now, or when it was created if this
// is the same once more.
func (c *call) createdAt(ctx context.Context, q *bonusCreateRequest) (int64, *throng.Error) {
	now := c.opts.Clock.Now()
	if q.ID == "" || q.StartsIn == 0 && q.Duration == 0 {
		return now, nil
	}
	old, err := c.opts.Bonuses.Bonus(ctx, q.ID)
	switch {
	case err == throng.ErrUnknownBonus:
		return now, nil
	case err != nil:
		return 0, c.bonusError(err, "bonus_create")
	}
	return old.CreatedAt, nil
}

// bonus turns what was asked for into the desk's words.
func (q *bonusCreateRequest) bonus(from int64) (*throng.Bonus, *throng.Error) {
	b := &throng.Bonus{ID: q.ID, Data: q.Data, StartsAt: q.StartsAt, Deadline: q.Deadline, Tolerance: q.Tolerance, CreatedAt: from}
	if q.StartsIn > 0 {
		b.StartsAt = from + q.StartsIn
	}
	if q.Duration > 0 {
		b.Deadline = max(from, b.StartsAt) + q.Duration
	}
	if q.Quota != nil {
		b.Quota = *q.Quota
	}
	if a := q.Audience; a != nil {
		b.Audience = throng.Audience{Channel: a.Channel, Users: a.Users, PresentAt: a.PresentAt, MinWatched: a.MinWatched, WatchedSince: a.WatchedSince}
		if a.Channel != "" {
			if err := checkChannel("audience.channel", a.Channel); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}
