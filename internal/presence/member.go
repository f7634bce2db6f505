package presence

import (
	"strings"

	"throng"
	"throng/internal/session"
)

// who says which member a subscription belongs to.
type who struct {
	key       string // the user, or the client's id in hexadecimal digits
	client    throng.ClientID
	anonymous bool
	info      string // the application's members of the meta
}

// whose says which member a subscription belongs to. It is called on its loop.
func whose(sub *session.Subscription) who {
	s := sub.Session()
	w := who{key: s.User(), client: s.Client()}
	// In development a user may be any bytes; a JSON key has to be UTF-8, and two
	// users must not turn into one key behind our back.
	w.key = strings.ToValidUTF8(w.key, "\uFFFD")
	if w.key == "" {
		w.key, w.anonymous = w.client.String(), true
	}
	return w
}

// introduced is whose, with what the application says of the client.
func introduced(sub *session.Subscription) who {
	w := whose(sub)
	var info, here []byte
	if id := sub.Session().Identity(); id != nil {
		info = id.Info
	}
	if g := sub.Grant(); g != nil {
		here = g.Info
	}
	w.info = application(info, here)
	return w
}

// member is one entry of a channel's list: a user, or a client.
type member struct {
	key          string
	info         string // the application's members of the meta
	since        int64  // Clock milliseconds
	ref, prev    uint64 // the meta's, and of the one that it replaced
	said         *saying
	older, newer *member
	client       throng.ClientID // of the first connection
	conns        int32
	place        int32 // among those who are here, -1 when not
	weight       int32 // about how many bytes of a list it takes, since it came
	anonymous    bool
	dirty        bool // in the room's list of changes
}

// entryBytes is about what a list's entry takes beside its key and what the application
// says.
const entryBytes = 128

// weigh notes how many bytes of a list the member takes.
func (m *member) weigh() int {
	m.weight = int32(entryBytes + stringLen(m.key) + len(m.info))
	return int(m.weight)
}

// saying is a meta that somebody was told of. A member of a crowd has none.
type saying struct {
	ref    uint64
	meta   []byte
	public bool // all were told, not only the member's own connections
}
