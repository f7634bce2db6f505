package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"throng"
)

// bad is error 107 with what is wrong.
func bad(format string, args ...any) *throng.Error {
	return coded(throng.ErrBadRequest, format, args...)
}

// coded is an error of a known code with more to say.
func coded(e *throng.Error, format string, args ...any) *throng.Error {
	return &throng.Error{Code: e.Code, Message: e.Message + ": " + fmt.Sprintf(format, args...), Temporary: e.Temporary}
}

// keptBody is the largest buffer that is kept for the next request.
const keptBody = 64 << 10

// read reads a request's body into a buffer that goes back to a.bodies. Of one that
// is too large no byte is read, if it says so.
func (a *API) read(w http.ResponseWriter, r *http.Request) (*[]byte, *throng.Error) {
	most := a.opts.MaxBody
	if r.ContentLength > int64(most) {
		w.Header().Set("Connection", "close") // nobody shall wait for the rest
		return nil, a.tooLarge()
	}
	buf, _ := a.bodies.Get().(*[]byte)
	if buf == nil || cap(*buf) > keptBody {
		buf = new([]byte)
	}
	b, err := slices.Grow((*buf)[:0], max(int(r.ContentLength), 512)), error(nil)
	if n := r.ContentLength; n >= 0 {
		b = b[:n]
		_, err = io.ReadFull(r.Body, b)
	} else {
		b, err = readAll(b, http.MaxBytesReader(w, r.Body, int64(most)))
	}
	*buf = b
	switch {
	case err != nil && isTooLarge(err):
		return buf, a.tooLarge()
	case err != nil:
		return buf, bad("the body did not come whole")
	case !utf8.Valid(b): // the JSON package would let it pass, WebSocket clients don't
		return buf, bad("the body is not UTF-8")
	}
	return buf, nil
}

// readAll reads all there is behind b.
func readAll(b []byte, from io.Reader) ([]byte, error) {
	for {
		n, err := from.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case err == io.EOF:
			return b, nil
		case err != nil:
			return b, err
		case len(b) == cap(b):
			b = slices.Grow(b, len(b))
		}
	}
}

func isTooLarge(err error) bool {
	var over *http.MaxBytesError
	return errors.As(err, &over)
}

func (a *API) tooLarge() *throng.Error {
	return coded(throng.ErrLimitExceeded, "a body has at most %d bytes (api.max_body)", a.opts.MaxBody)
}

// decode reads a request, one JSON object; nothing stands for an empty one.
func decode(b []byte, into any) *throng.Error {
	if len(b) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return undecoded(err)
	}
	return nil
}

// undecoded says why a request could not be decoded.
func undecoded(err error) *throng.Error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var said *throng.Error
	switch {
	case errors.As(err, &said):
		return said
	case errors.As(err, &kind) && kind.Field == "":
		return bad("the request is not a JSON object but %s", article(kind.Value))
	case errors.As(err, &kind):
		return bad("%s: %s does not fit, %s is needed", kind.Field, article(kind.Value), needed(kind))
	case errors.As(err, &syntax):
		return bad("the JSON is broken at byte %d: %s", syntax.Offset, syntax)
	}
	return bad("%v", err)
}

// article puts one before the JSON package's word for a value.
func article(word string) string {
	if word != "" && strings.ContainsRune("aeiou", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}

// needed names a type in words of JSON.
func needed(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind().String() {
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	case "slice", "array":
		return "a list"
	case "map", "struct":
		return "an object"
	case "uint", "uint8", "uint16", "uint32", "uint64":
		return "a whole number from 0"
	}
	return "a whole number"
}

// answer is what every authorised request gets.
type answer struct {
	Result any           `json:"result,omitempty"`
	Error  *throng.Error `json:"error,omitempty"`
}

// appendAnswer encodes a result or an error.
func appendAnswer(b []byte, result any, err *throng.Error) []byte {
	if err != nil {
		return appendJSON(b, answer{Error: err})
	}
	return appendJSON(b, answer{Result: result})
}

// appendJSON encodes without making HTML harmless: what is published stays as it was
// written.
func appendJSON(b []byte, v any) []byte {
	buf := bytes.NewBuffer(b)
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return appendJSON(b, answer{Error: throng.ErrInternal})
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// longAnswer is from where on net/http does not find the length by itself.
const longAnswer = 2048

// send writes an answer.
func (a *API) send(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"], h["X-Content-Type-Options"] = a.jsonType, a.nosniff
	if len(body) > longAnswer {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs no answer
}

// object is JSON that must be an object or another value, not nothing.
func object(b json.RawMessage) []byte {
	if string(b) == "null" {
		return nil
	}
	return b
}
