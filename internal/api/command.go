package api

import (
	"bytes"
	"encoding/json"

	"throng"
)

// commandText is a command of a batch: an object with one member. A map would be one
// for each.
type commandText struct {
	name    []byte // nil where it is none
	request json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler. The JSON is valid.
func (t *commandText) UnmarshalJSON(b []byte) error {
	if b[0] != '{' {
		return coded(throng.ErrBadRequest, "commands: a command is an object")
	}
	b = bytes.TrimSpace(b[1 : len(b)-1])
	if len(b) == 0 {
		return nil
	}
	end := 1 + bytes.IndexByte(b[1:], '"') // methods' names have nothing to escape
	rest := bytes.TrimSpace(b[end+1:])
	if rest[0] != ':' || !json.Valid(rest[1:]) { // more than one member
		return nil
	}
	kept := bytes.Clone(b) // it is not ours to keep
	t.name = kept[1:end]
	t.request = bytes.TrimSpace(kept[len(kept)-len(rest)+1:])
	return nil
}
