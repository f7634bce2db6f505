package api

import (
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

	"throng"
)

// reachedResult is what is done to connections.
type reachedResult struct {
	Connections int `json:"connections" doc:"How many connections of this node it was done to."`
}

const subscribeDoc = "Subscribes a user's connections that are there now to a channel; they need no permission. Those that subscribe to it already stay as they are."

type subscribeRequest struct {
	User         string          `json:"user,omitempty" doc:"The user; needed unless there is a client."`
	Channel      string          `json:"channel" doc:"The channel."`
	Client       string          `json:"client,omitempty" doc:"Only this client."`
	Info         json.RawMessage `json:"info,omitempty" doc:"JSON about the client in this channel, which others may see in presence."`
	B64Info      string          `json:"b64info,omitempty" doc:"Instead of info: its JSON in base64."`
	ExpireAt     int64           `json:"expire_at,omitempty" doc:"When the subscription ends, in seconds since 1970; 0 for never."`
	Data         json.RawMessage `json:"data,omitempty" doc:"Accepted; the Phoenix wire has no place for it."`
	B64Data      string          `json:"b64data,omitempty" doc:"As data."`
	RecoverSince *position       `json:"recover_since,omitempty" doc:"Not available: error 108."`
	Session      string          `json:"session,omitempty" doc:"Not available: error 108."`
	Override     json.RawMessage `json:"override,omitempty" doc:"Not available: error 108."`
}

func (c *call) subscribe(q *subscribeRequest) (*reachedResult, *throng.Error) {
	who, err := c.who(q.User, q.Client)
	if err == nil {
		err = c.channel("channel", q.Channel)
	}
	if err == nil {
		err = noSession(q.Session)
	}
	if err == nil && (q.RecoverSince != nil || object(q.Override) != nil) {
		err = coded(throng.ErrNotAvailable, "recover_since, override: a subscription of the server's begins with what is published next, as its namespace says")
	}
	g := throng.Grant{Channel: q.Channel, Info: object(q.Info)}
	if err == nil && q.B64Info != "" {
		g.Info, err = decodeInfo(q.B64Info)
	}
	if err == nil {
		g.Expires, err = c.expiry(q.ExpireAt)
	}
	if err != nil {
		return nil, err
	}
	return c.reached("subscribe", q.Channel, func(w waiting) (int, error) { return c.opts.Clients.Subscribe(w, who, g) })
}

// noSession refuses what names a session of Centrifugo's.
func noSession(id string) *throng.Error {
	if id != "" {
		return coded(throng.ErrNotAvailable, "session: name a client instead")
	}
	return nil
}

func decodeInfo(s string) ([]byte, *throng.Error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || !json.Valid(b) || !utf8.Valid(b) {
		return nil, bad("b64info: base64 of JSON is needed")
	}
	return b, nil
}

// maxExpiry is the year 9999: what is beyond is a mistake, such as milliseconds.
const maxExpiry = 253402300799

// expiry reads a time in seconds since 1970 as Clock milliseconds.
func (c *call) expiry(seconds int64) (int64, *throng.Error) {
	switch {
	case seconds == 0:
		return 0, nil
	case seconds < 0 || seconds > maxExpiry:
		return 0, bad("expire_at: seconds since 1970 are needed")
	case seconds*1000 <= c.opts.Clock.Now():
		return 0, bad("expire_at: it is over already")
	}
	return seconds * 1000, nil
}

const unsubscribeDoc = "Ends the subscriptions of a user's connections to a channel. Phoenix clients hear phx_close."

type unsubscribeRequest struct {
	User    string `json:"user,omitempty" doc:"The user; needed unless there is a client."`
	Channel string `json:"channel" doc:"The channel."`
	Client  string `json:"client,omitempty" doc:"Only this client."`
	Session string `json:"session,omitempty" doc:"Not available: error 108."`
}

func (c *call) unsubscribe(q *unsubscribeRequest) (*reachedResult, *throng.Error) {
	who, err := c.who(q.User, q.Client)
	if err == nil {
		err = c.channel("channel", q.Channel)
	}
	if err == nil {
		err = noSession(q.Session)
	}
	if err != nil {
		return nil, err
	}
	return c.reached("unsubscribe", q.Channel, func(w waiting) (int, error) {
		return c.opts.Clients.Unsubscribe(w, who, q.Channel, throng.UnsubscribeServer)
	})
}

const disconnectDoc = "Ends a user's connections. The Centrifuge codes are the close codes; for the two that tell a client to go (3503) or to come back (3011) a Phoenix client gets 1001."

type disconnectRequest struct {
	User       string            `json:"user,omitempty" doc:"The user; needed unless there is a client."`
	Client     string            `json:"client,omitempty" doc:"Only this client. To find it by its id alone, all connections are looked at."`
	Session    string            `json:"session,omitempty" doc:"Not available: error 108."`
	Whitelist  []string          `json:"whitelist,omitempty" doc:"The ids of clients that may stay, at most 1,000."`
	Disconnect *disconnectReason `json:"disconnect,omitempty" doc:"What clients are told; 3503 force disconnect if it is not there."`
}

type disconnectReason struct {
	Code   uint32 `json:"code" doc:"A code from 3000 to 4999; from 3500 on clients of the Centrifuge protocol don't come back."`
	Reason string `json:"reason" doc:"The reason, at most 123 bytes."`
}

const (
	maxWhitelist = 1000
	maxReason    = 123 // RFC 6455 section 5.5: what a close frame holds beside the code
)

func (c *call) disconnect(q *disconnectRequest) (*reachedResult, *throng.Error) {
	who, err := c.who(q.User, q.Client)
	if err == nil {
		err = noSession(q.Session)
	}
	d := throng.DisconnectForce
	if r := q.Disconnect; r != nil && err == nil {
		switch {
		case r.Code < 3000 || r.Code > 4999:
			err = bad("disconnect.code: it goes from 3000 to 4999")
		case len(r.Reason) > maxReason:
			err = bad("disconnect.reason: it has at most %d bytes", maxReason)
		}
		d = &throng.Disconnect{Code: uint16(r.Code), Reason: r.Reason}
	}
	if err == nil && len(q.Whitelist) > maxWhitelist {
		err = coded(throng.ErrLimitExceeded, "whitelist: at most %d", maxWhitelist)
	}
	but := make([]throng.ClientID, len(q.Whitelist))
	for i, id := range q.Whitelist {
		if err == nil && but[i].UnmarshalText([]byte(id)) != nil {
			err = bad("whitelist: a client's id has 32 hexadecimal digits")
		}
	}
	if err != nil {
		return nil, err
	}
	return c.reached("disconnect", "", func(w waiting) (int, error) { return c.opts.Clients.Disconnect(w, who, but, d) })
}

const refreshDoc = "Says how long a user's connections may go on, or that they may not: those without a new token end with 3005 then."

type refreshRequest struct {
	User     string          `json:"user,omitempty" doc:"The user; needed unless there is a client."`
	Client   string          `json:"client,omitempty" doc:"Only this client."`
	Session  string          `json:"session,omitempty" doc:"Not available: error 108."`
	Expired  bool            `json:"expired,omitempty" doc:"End the connections now, with 3005 connection expired."`
	ExpireAt int64           `json:"expire_at,omitempty" doc:"When they end, in seconds since 1970; 0 for never."`
	Info     json.RawMessage `json:"info,omitempty" doc:"JSON about the connections that replaces what a token said."`
}

func (c *call) refresh(q *refreshRequest) (*reachedResult, *throng.Error) {
	who, err := c.who(q.User, q.Client)
	if err == nil {
		err = noSession(q.Session)
	}
	var expires int64
	if err == nil {
		expires, err = c.expiry(q.ExpireAt)
	}
	if err != nil {
		return nil, err
	}
	return c.reached("refresh", "", func(w waiting) (int, error) {
		if q.Expired {
			return c.opts.Clients.Disconnect(w, who, nil, throng.DisconnectExpired)
		}
		return c.opts.Clients.Refresh(w, who, expires, object(q.Info))
	})
}
