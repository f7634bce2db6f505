package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"throng"
)

// Any stands for all methods, or all namespaces, of a key.
const Any = "*"

// Key is who may call the API, and what.
type Key struct {
	// Name is what messages call the key.
	Name string
	// Sum is the SHA-256 of the key, which itself is kept nowhere.
	Sum [sha256.Size]byte
	// Methods are those that it may call, Namespaces those of the channels that it
	// may name; Any among them is all.
	Methods, Namespaces []string
}

// Keys are all that are valid at a time. They never change.
type Keys struct{ list []Key }

// NewKeys makes a set of keys.
func NewKeys(list ...Key) *Keys { return &Keys{slices.Clone(list)} }

// Sum is the SHA-256 of a key.
func Sum(key string) [sha256.Size]byte { return sha256.Sum256([]byte(key)) }

func (k *Keys) none() bool { return len(k.list) == 0 }

// find returns the key that was given, or nil. All are compared, each in constant
// time, so that the time tells nothing.
func (k *Keys) find(given string) (found *Key) {
	if given == "" { // nobody's, whatever was configured
		return nil
	}
	sum := Sum(given)
	for i := range k.list {
		if subtle.ConstantTimeCompare(sum[:], k.list[i].Sum[:]) == 1 {
			found = &k.list[i]
		}
	}
	return found
}

// given is the key in a request's headers. It is not taken from the URL, which ends
// up in logs.
func given(r *http.Request) string {
	if key := r.Header.Get("X-API-Key"); key != "" {
		return key
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "apikey") {
		return ""
	}
	return strings.TrimSpace(key)
}

// may reports why the key may not call a method. A batch asks for each command.
func (k *Key) may(m *Method) *throng.Error {
	if m.bare || allowed(k.Methods, m.Name) {
		return nil
	}
	return coded(throng.ErrPermissionDenied, "the key %s has no right to %s", k.Name, m.Name)
}

// reaches reports why the key may not name a channel.
func (k *Key) reaches(channel string) *throng.Error {
	if ns := throng.NamespaceOf(channel); !allowed(k.Namespaces, ns) {
		return coded(throng.ErrPermissionDenied, "the key %s has no right to the namespace %s", k.Name, ns)
	}
	return nil
}

func allowed(list []string, name string) bool {
	for _, s := range list {
		if s == Any || s == name {
			return true
		}
	}
	return false
}
