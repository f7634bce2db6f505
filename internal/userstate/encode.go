package userstate

import (
	"encoding/json"
	"strconv"

	"throng"
)

// The events of a user's own channel.
const (
	stateEvent = "state"
	diffEvent  = "state_diff"
)

// size is about the length of a snapshot, and no less unless keys have to be escaped.
func (b *book) size() int {
	const frame, perEntry = 128, 112
	return frame + b.bytes + perEntry*len(b.entries)
}

// appendSnapshot appends the whole map, without keys whose time is over.
func (b *book) appendSnapshot(dst []byte, now int64) []byte {
	dst = appendVersion(append(dst, '{'), b.epoch, b.version)
	dst = append(dst, `,"entries":{`...)
	first := true
	for i := range b.entries {
		e := &b.entries[i]
		if e.expired(now) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendString(dst, e.key)
		dst = append(append(dst, `:{"value":`...), e.value...)
		dst = strconv.AppendUint(append(dst, `,"version":`...), e.version, 10)
		dst = append(appendTimes(dst, e.updated, e.expires), '}')
	}
	dst = strconv.AppendInt(append(dst, `},"time":`...), now, 10)
	return append(dst, '}')
}

// appendDiff appends a change, for those who have the version before it.
func appendDiff(dst []byte, c *throng.StateChange) []byte {
	e := &c.Entry
	dst = appendVersion(append(dst, '{'), c.Epoch, e.Version)
	dst = appendString(append(dst, `,"key":`...), e.Key)
	if e.Value == nil {
		dst = append(dst, `,"deleted":true`...)
	} else {
		dst = append(append(dst, `,"value":`...), e.Value...)
	}
	dst = appendTimes(dst, e.UpdatedAt, e.ExpiresAt)
	if c.Mutation != "" {
		dst = appendString(append(dst, `,"mutation_id":`...), c.Mutation)
	}
	return append(dst, '}')
}

// appendOutcome appends what a client is answered.
func appendOutcome(dst []byte, o *Outcome) []byte {
	switch {
	case o.Err == nil:
		dst = appendVersion(append(dst, '{'), o.Epoch, o.Version)
		if o.Replayed {
			dst = append(dst, `,"replayed":true`...)
		}
		return append(dst, '}')
	case o.Err == throng.ErrVersionConflict:
		dst = appendReason(dst, o.Err)
		dst = strconv.AppendUint(append(dst, `,"version":`...), o.Version, 10)
		dst = append(dst, `,"value":`...)
		if o.Value == nil {
			return append(dst, `null}`...)
		}
		return append(append(dst, o.Value...), '}')
	}
	return append(appendReason(dst, o.Err), '}')
}

func appendReason(dst []byte, err *throng.Error) []byte {
	dst = appendString(append(dst, `{"reason":`...), err.Message)
	dst = strconv.AppendUint(append(dst, `,"code":`...), uint64(err.Code), 10)
	if err.Temporary {
		dst = append(dst, `,"temporary":true`...)
	}
	return dst
}

func appendVersion(dst []byte, epoch string, version uint64) []byte {
	dst = appendString(append(dst, `"epoch":`...), epoch)
	return strconv.AppendUint(append(dst, `,"version":`...), version, 10)
}

func appendTimes(dst []byte, updated, expires int64) []byte {
	dst = strconv.AppendInt(append(dst, `,"updated_at":`...), updated, 10)
	if expires != 0 {
		dst = strconv.AppendInt(append(dst, `,"expires_at":`...), expires, 10)
	}
	return dst
}

// appendString appends a JSON string; what is plain costs no allocation.
func appendString(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			q, _ := json.Marshal(s) // strings can't fail
			return append(dst, q...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}
