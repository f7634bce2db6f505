package config

import (
	"crypto/sha256"
	"encoding/hex"
)

// leastKey is how short a key may be that nobody shall guess.
const leastKey = 16

const makeKey = "make one with: openssl rand -hex 32"

// checkKey accepts an API key, or none. It never repeats it.
func checkKey(s string) *Error {
	if s == "" {
		return nil
	}
	if len(s) < leastKey {
		return fail(makeKey, "the key has %d characters, at least %d are needed", len(s), leastKey)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' { // it travels in a header
			return fail(makeKey, "the key has a space, or a character that is not ASCII")
		}
	}
	return nil
}

// CheckKey reports what is wrong with an API key that was read from a file.
func CheckKey(s string) *Error {
	if s == "" {
		return fail(makeKey, "the key is empty")
	}
	return checkKey(s)
}

// checkSum accepts a SHA-256 in hexadecimal digits, or none.
func checkSum(s string) *Error {
	if b, err := hex.DecodeString(s); s != "" && (err != nil || len(b) != sha256.Size) {
		return fail("write the 64 hexadecimal digits of: printf %s KEY | sha256sum", "it is not a SHA-256")
	}
	if b, _ := hex.DecodeString(s); s != "" && sha256.Sum256(nil) == [sha256.Size]byte(b) {
		return fail("was the variable with the key set? printf %s KEY | sha256sum", "it is the SHA-256 of nothing")
	}
	return nil
}

// validate checks what the settings of a key say together.
func (k *APIKey) validate() *Error {
	given := 0
	for _, s := range []string{k.Key, k.KeyFile, k.SHA256} {
		if s != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return fail("write one of key, key_file and sha256", "api_key %q has %d of them", k.Name, given)
	case len(k.Methods) == 0:
		return fail(`write methods = ["publish"], or ["*"] for everything`, "api_key %q may call nothing", k.Name)
	case len(k.Namespaces) == 0:
		return fail(`write namespaces = ["room"], or ["*"] for all`, "api_key %q may name no channel", k.Name)
	}
	return nil
}
