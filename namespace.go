package throng

import "time"

// Permission says who may do something in a namespace.
type Permission uint8

const (
	// Nobody: only the server itself.
	Nobody Permission = iota
	// Token: clients with a token that grants it for the channel.
	Token
	// Authenticated: clients whose user is known.
	Authenticated
	// Anybody: every client.
	Anybody
)

// EventAction says what a client's event does.
type EventAction uint8

const (
	// EventDeny answers with an error.
	EventDeny EventAction = iota
	// EventBroadcast publishes it to the channel, the sender included.
	EventBroadcast
	// EventBackend gives it to the backend, whose answer decides.
	EventBackend
)

// SlowPolicy says what happens to a client whose queue is over its bound.
type SlowPolicy uint8

const (
	// SlowDisconnect ends the connection with DisconnectSlow.
	SlowDisconnect SlowPolicy = iota
	// SlowNewest drops the oldest publications that wait; a recoverable
	// subscription is told to resynchronise. Replies are never dropped.
	SlowNewest
)

// PresenceMode says who is a member of a channel, and so what the others are told of.
type PresenceMode uint8

const (
	// PresenceOff: nobody is told who is there.
	PresenceOff PresenceMode = iota
	// PresenceUsers: a user is one member, however many clients; a client without a
	// user is one by itself.
	PresenceUsers
	// PresenceClients: each client is one.
	PresenceClients
)

// WatchPolicy says how the time is counted of a user who watches several channels.
type WatchPolicy uint8

const (
	// WatchOff: nobody's is.
	WatchOff WatchPolicy = iota
	// WatchExclusive: one channel counts, the one that the user turned to last.
	WatchExclusive
	// WatchParallel: each counts.
	WatchParallel
)

// Namespace is the configuration of all channels whose names share a prefix.
type Namespace struct {
	Name           string
	Subscribe      Permission
	Publish        Permission
	ClientEvents   EventAction
	Retention      Retention
	PublicationTTL time.Duration // 0: publications don't expire
	Urgent         bool          // all publications are
	Slow           SlowPolicy
	Presence       PresenceMode
	// PresenceList is up to how many members everybody is told of each; above, they are
	// counted, and so they are where the list would be too large for its clients' queues.
	PresenceList int
	// Visits says that being subscribed to a channel is recorded, and Watch how
	// watching it is.
	Visits bool
	Watch  WatchPolicy
}

// Allows reports whether a client with this user (empty: anonymous) has the
// permission. A token that grants it for the channel is as good as any user;
// nobody is nobody all the same.
func (p Permission) Allows(user string, granted bool) bool {
	switch p {
	case Anybody:
		return true
	case Authenticated:
		return user != "" || granted
	case Token:
		return granted
	}
	return false
}
