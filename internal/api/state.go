package api

import (
	"encoding/json"

	"throng"
)

// States are the maps that users' screens share. done is called once, now or later, from
// anywhere.
type States interface {
	Snapshot(user string, done func(json []byte, err *throng.Error))
	Change(c StateChange, done func(StateOutcome))
	// Forget removes a user's map for ever.
	Forget(user string, done func(*throng.Error))
}

// StateChange is a change of one key of a user's map; userstate.Change says what its
// fields are.
type StateChange struct {
	User, Key      string
	Value          []byte
	IfVersion      *uint64
	ExpiresAt, TTL int64
	Mutation       string
}

// StateOutcome is what became of one; see userstate.Outcome.
type StateOutcome struct {
	Epoch    string
	Version  uint64
	Replayed bool
	Err      *throng.Error
	Value    []byte
}

const stateGetDoc = "Tells the map that a user's tabs and devices share."

type stateGetRequest struct {
	User string `json:"user" doc:"The user."`
}

type stateGetResult struct {
	Epoch   string                `json:"epoch" doc:"What versions count in; empty for a map of which nothing was ever written."`
	Version uint64                `json:"version" doc:"The map's version: how many changes were made."`
	Entries map[string]stateEntry `json:"entries" doc:"The keys."`
	Time    int64                 `json:"time" doc:"The server's time, in milliseconds since 1970."`
}

type stateEntry struct {
	Value     json.RawMessage `json:"value" doc:"Any JSON."`
	Version   uint64          `json:"version" doc:"The map's version that the last change of the key made."`
	UpdatedAt int64           `json:"updated_at" doc:"When that was, in milliseconds since 1970."`
	ExpiresAt int64           `json:"expires_at,omitempty" doc:"When the key goes by itself; 0 for never."`
}

const stateSetDoc = "Sets a key of the map that a user's tabs and devices share. All of them are told. With if_version, only if nobody changed the key since: else error 113."

type stateSetRequest struct {
	User       string          `json:"user" doc:"The user."`
	Key        string          `json:"key" doc:"The key, of 1 to 255 bytes."`
	Value      json.RawMessage `json:"value" doc:"Any JSON."`
	IfVersion  *uint64         `json:"if_version,omitempty" doc:"The version that the key must have; 0: there must be none."`
	TTL        int64           `json:"ttl_ms,omitempty" doc:"After so many milliseconds the key goes by itself."`
	ExpiresAt  int64           `json:"expires_at,omitempty" doc:"Instead of ttl_ms: when, in milliseconds since 1970."`
	MutationID string          `json:"mutation_id,omitempty" doc:"A name of the change, of at most 128 bytes: a repetition within 24 hours changes nothing, and gets the first answer."`
}

type stateChangeResult struct {
	Epoch    string `json:"epoch" doc:"What versions count in."`
	Version  uint64 `json:"version" doc:"The map's version after the change."`
	Replayed bool   `json:"replayed,omitempty" doc:"The change had been made before."`
}

const stateDelDoc = "Deletes a key of the map that a user's tabs and devices share."

type stateDelRequest struct {
	User       string  `json:"user" doc:"The user."`
	Key        string  `json:"key" doc:"The key."`
	IfVersion  *uint64 `json:"if_version,omitempty" doc:"The version that the key must have."`
	MutationID string  `json:"mutation_id,omitempty" doc:"As that of state_set."`
}

// states returns the maps, if there are some and the call may name the user's.
func (c *call) states(user string) (States, *throng.Error) {
	if c.opts.States == nil {
		return nil, coded(throng.ErrNotAvailable, "users have no maps here (users.state)")
	}
	if user == "" {
		return nil, bad("user: a user is needed")
	}
	name := throng.UserChannel(user)
	if name == "" {
		return nil, bad("user: one with an id of more than %d bytes, or with control characters, has no map", throng.MaxChannelBytes-len(throng.UserNamespace)-1)
	}
	return c.opts.States, c.channel("user", name)
}

func (c *call) stateGet(q *stateGetRequest) (*stateGetResult, *throng.Error) {
	states, err := c.states(q.User)
	if err != nil {
		return nil, err
	}
	type read struct {
		b   []byte
		err *throng.Error
	}
	done := make(chan read, 1)
	states.Snapshot(q.User, func(b []byte, err *throng.Error) { done <- read{b, err} })
	got, err := answered(c, done)
	switch {
	case err != nil:
		return nil, err
	case got.err != nil:
		return nil, got.err
	}
	r := new(stateGetResult)
	if failure := json.Unmarshal(got.b, r); failure != nil {
		return nil, c.coded(failure, "state_get", "")
	}
	return r, nil
}

// answered waits for what another part of the server answers.
func answered[T any](c *call, done chan T) (got T, err *throng.Error) {
	ctx, cancel := c.wait()
	defer cancel()
	select {
	case got = <-done:
		return got, nil
	case <-ctx.Done():
		return got, coded(throng.ErrInternal, "there is no answer yet; whether it was done is not known")
	}
}

func (c *call) stateSet(q *stateSetRequest) (*stateChangeResult, *throng.Error) {
	if q.Value == nil {
		return nil, bad("value: any JSON is needed; state_del deletes a key")
	}
	return c.changeState(StateChange{
		User: q.User, Key: q.Key, Value: q.Value, IfVersion: q.IfVersion, ExpiresAt: q.ExpiresAt, TTL: q.TTL, Mutation: q.MutationID,
	})
}

func (c *call) stateDel(q *stateDelRequest) (*stateChangeResult, *throng.Error) {
	return c.changeState(StateChange{User: q.User, Key: q.Key, IfVersion: q.IfVersion, Mutation: q.MutationID})
}

func (c *call) changeState(change StateChange) (*stateChangeResult, *throng.Error) {
	states, err := c.states(change.User)
	if err != nil {
		return nil, err
	}
	done := make(chan StateOutcome, 1)
	states.Change(change, func(o StateOutcome) { done <- o })
	o, err := answered(c, done)
	switch {
	case err != nil:
		return nil, err
	case o.Err == throng.ErrVersionConflict && o.Version == 0:
		return nil, coded(o.Err, "the key is not there")
	case o.Err == throng.ErrVersionConflict:
		return nil, coded(o.Err, "the key has version %d", o.Version)
	case o.Err != nil:
		return nil, o.Err
	}
	return &stateChangeResult{Epoch: o.Epoch, Version: o.Version, Replayed: o.Replayed}, nil
}
