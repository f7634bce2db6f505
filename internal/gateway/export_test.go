package gateway

// Redecode decodes a captured connection and encodes it again.
func Redecode(b []byte) ([]byte, error) {
	p, err := decodeParts(b)
	if err != nil {
		return nil, err
	}
	return p.encode(), nil
}
