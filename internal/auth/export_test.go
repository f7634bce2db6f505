package auth

// Seal signs any bytes as header and payload.
func (s *Signer) Seal(header, payload string) (string, error) {
	return s.seal([]byte(header), []byte(payload))
}

// ParseKeySet is parseKeySet without the keys.
func ParseKeySet(b []byte) (n int, skipped []string, err error) {
	keys, skipped, err := parseKeySet(b)
	return len(keys), skipped, err
}

// Encode is base64url.
func Encode(b string) string { return encode([]byte(b)) }

// Members returns the names and values of a JSON object.
func Members(b []byte) (list [][2]string, wrong string) {
	given, wrong := members(b, all)
	for _, m := range given {
		list = append(list, [2]string{m.name, string(m.value)})
	}
	return list, wrong
}

// BreakJournal makes the next write fail.
func (v *Verifier) BreakJournal() { _ = v.journal.file.Close() }

// RevokedMaps is the room of all maps of names, see shrink.
func (v *Verifier) RevokedMaps() (most int) {
	for i := range v.revoked.parts {
		most += int(v.revoked.parts[i].mostTokens) + int(v.revoked.parts[i].mostUsers)
	}
	return most
}
