package presence

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"throng"
	"throng/internal/session"
)

// Update replaces what the application says of a subscription's member: of its user,
// where users are members. meta is a JSON object, whose members stand in the meta
// beside the server's own. It is called on the subscription's loop.
func (p *Presence) Update(sub *session.Subscription, meta []byte) *throng.Error {
	if off(sub) {
		return throng.ErrNotAvailable
	}
	meta = bytes.TrimSpace(meta)
	if len(meta) == 0 || meta[0] != '{' || !utf8.Valid(meta) || !json.Valid(meta) {
		return throng.ErrBadRequest
	}
	if len(meta) > MaxMeta {
		return throng.ErrLimitExceeded
	}
	info := string(appendMembers(nil, "", meta))
	ok := p.with(sub, func(r *room, m *member) {
		if m.info == info {
			return
		}
		m.replace(p.refs.Add(1), info)
		r.bytes -= int(m.weight)
		r.bytes += m.weigh()
		if !r.crowd && r.large() {
			r.rise()
		}
		r.touch(m)
	})
	if !ok {
		return throng.ErrNotAvailable
	}
	return nil
}
