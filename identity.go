package throng

// Identity is who a client is and what it may, as a token or a hook said. It is
// shared by all who need to know and never changes. A nil Identity is a client of
// which nothing is known.
type Identity struct {
	// User is the application's name for the person; empty for an anonymous one.
	User string
	// Info is JSON about the connection that other clients may see, Meta JSON that
	// only backends see; nil for none.
	Info, Meta []byte
	// TokenID is what the token can be revoked by; empty if it has no id.
	TokenID string
	// Issued is when the token was made, Expires when the connection ends unless
	// it is refreshed; Clock milliseconds, 0 if that was not said.
	Issued, Expires int64
	// Channels are those that the client is subscribed to when it connects, and may
	// subscribe to in namespaces that want a token.
	Channels []Grant
}

// Grant is the right to subscribe to one channel, given by a token.
type Grant struct {
	Channel string
	// Info is JSON about the client in this channel; nil for none.
	Info []byte
	// Publish gives the right to publish too, in namespaces that want a token.
	Publish bool
	// Expires is when the subscription ends, in Clock milliseconds; 0 for never.
	Expires int64
}

// Grant returns what the identity's token grants for a channel, or nil.
func (id *Identity) Grant(channel string) *Grant {
	if id == nil {
		return nil
	}
	for i := range id.Channels {
		if id.Channels[i].Channel == channel {
			return &id.Channels[i]
		}
	}
	return nil
}
