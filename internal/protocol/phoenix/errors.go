package phoenix

import (
	"errors"
	"fmt"
)

// ErrMalformed is in the chain of every error of a Decoder. Phoenix closes with
// 1011 for it.
var ErrMalformed = errors.New("phoenix: malformed frame")

// The reasons are made once: a client that sends rubbish costs no allocation.
var (
	errSyntax  = fmt.Errorf("%w: not JSON", ErrMalformed)
	errUTF8    = fmt.Errorf("%w: not UTF-8", ErrMalformed)
	errDepth   = fmt.Errorf("%w: nested more than %d deep", ErrMalformed, MaxDepth)
	errArray   = fmt.Errorf("%w: not an array", ErrMalformed)
	errObject  = fmt.Errorf("%w: not an object", ErrMalformed)
	errShort   = fmt.Errorf("%w: fewer than five elements", ErrMalformed)
	errMissing = fmt.Errorf("%w: topic, event, payload or ref is missing", ErrMalformed)
	errRef     = fmt.Errorf("%w: a ref is neither string nor number nor null", ErrMalformed)
	errName    = fmt.Errorf("%w: topic or event is not a string", ErrMalformed)
	errKind    = fmt.Errorf("%w: unknown kind of binary frame", ErrMalformed)
	errCut     = fmt.Errorf("%w: binary frame is shorter than its lengths say", ErrMalformed)
	errVersion = fmt.Errorf("%w: unknown version", ErrMalformed)
)
