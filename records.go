package throng

import "context"

// VisitFilter says which visits are wanted; the zero value of each field is any. An
// open visit counts up to the store's present, or until its last client went.
type VisitFilter struct {
	User    string
	Channel string
	// AnyChannel takes the visits of all channels and of the service; otherwise
	// Channel is exact, and empty means the whole service.
	AnyChannel bool
	// Namespaces are those that channels have to be of, with AnyChannel; nil is any. The
	// service is of each.
	Namespaces []string
	Kind       VisitKind
	Node       string
	Reason     VisitReason
	Open       bool // only those that have not ended
	// From and To are a period, milliseconds since 1970, without To; 0 is open. A visit
	// is in it if a part of it is.
	From, To int64
	// Shortest and Longest bound the length in milliseconds; 0 is any.
	Shortest, Longest int64
}

// OnlineUser is a user who is here now.
type OnlineUser struct {
	User string
	// Since is when the earliest of its open visits began.
	Since int64
	Nodes []string
}

// OnlineQuery asks who is here now: who has an open visit of that kind.
type OnlineQuery struct {
	Channel string // empty for the whole service
	Kind    VisitKind
	Node    string // empty for all
	Prefix  string // of the user's name
	Page    Page
}

// Page is a part of a list. The cursor is that of the answer before, empty for the
// first page. A Limit of 0 asks for no entries; a store may give fewer than asked for.
type Page struct {
	Cursor string
	Limit  int
}

// OnlineUsers is a page of those who are here, and how many they were in all when the
// first page was made.
type OnlineUsers struct {
	Users []OnlineUser
	Total int64
	Next  string // empty after the last page
}

// Watched is how long a user was somewhere, over a period.
type Watched struct {
	User    string
	Channel string
	// Day is the day in UTC as 2006-01-02 if the query asked for days.
	Day string
	// Milliseconds are those of the period, counted once however many tabs and devices
	// they were spent on. Of one user they count once also if the user was on several
	// nodes at a time; in sums over many users they count for each node.
	Milliseconds int64
	// Visits is how many began in the period, so that those of days add up.
	Visits int64
}

// WatchedOrder is the order of sums.
type WatchedOrder uint8

const (
	// ByUser: by user, channel and day.
	ByUser WatchedOrder = iota
	// ByTime: the longest first; it has no further pages.
	ByTime
)

// WatchedQuery asks for sums over a period.
type WatchedQuery struct {
	User string // empty for all, or Users
	// Users are those who are asked for, if User is empty and these are not nil: each as if
	// it were User. One without a visit in the period is not in the answer.
	Users   []string
	Channel string
	// AnyChannel asks for a sum for each channel; otherwise Channel is exact, and
	// empty means the whole service.
	AnyChannel bool
	// Namespaces are those that channels have to be of, with AnyChannel and a User, or
	// Users; nil is any. The service is of each. Of all users they are ErrBadRequest.
	Namespaces []string
	Kind       VisitKind
	// From and To are milliseconds since 1970, without To; 0 is open. Of all users, where
	// User is empty and Users nil, they are widened to whole days of UTC: sums over many users are made from
	// daily sums, and of what is open.
	From, To int64
	Days     bool // a sum for each day
	Order    WatchedOrder
	Page     Page
}

// PresentQuery asks which of some users were somewhere at a moment.
type PresentQuery struct {
	Channel string // empty for the whole service
	Kind    VisitKind
	// At is the moment, milliseconds since 1970. Who is here at the asking, as far as the
	// store knows, is here at all later ones too: clocks differ a little.
	At    int64
	Users []string
}

// CurveQuery asks how many were here over a time.
type CurveQuery struct {
	Channel  string // empty for the whole service
	Node     string // empty for the sum over all nodes
	From, To int64  // milliseconds since 1970
	// Points is how many are wanted at most. The time is cut into as many parts, and each
	// that has anything gives a point: when it begins, and the highest that was counted
	// in it. Parts of an hour or more are whole hours, to which From and To are widened.
	// Over several nodes that is the sum of what was highest on each.
	Points int
}

// Records is the other side of Visits: the questions that people ask.
//
// Lists are in pages by key, not by number: an entry that is there from the first
// page to the last is in exactly one. A cursor that is none of the list's is
// ErrBadCursor. Who has a cursor can read the last entry of its page from it, so what
// a reader may not know must not be in what is asked for.
//
// Sessions are listed from the one that began last. An open one keeps its place when it
// ends.
//
// Erase removes everything about a user, the map of UserStates too but not what Bonuses
// have, and returns how many visits that were, open ones too: their node begins them anew,
// or what it writes at their end would bring back what was erased.
type Records interface {
	Online(ctx context.Context, q OnlineQuery) (OnlineUsers, error)
	Sessions(ctx context.Context, f VisitFilter, p Page) (page []Visit, next string, err error)
	Watched(ctx context.Context, q WatchedQuery) (page []Watched, next string, err error)
	Present(ctx context.Context, q PresentQuery) (here map[string]bool, err error)
	Curve(ctx context.Context, q CurveQuery) ([]Occupancy, error)
	Erase(ctx context.Context, user string) (visits int64, err error)
}

// ErrBadCursor is the error of lists for a cursor that is none of theirs.
var ErrBadCursor = &Error{ErrBadRequest.Code, "bad request: not a cursor of this list", false}
