package phoenix

// MaxDepth is how deep arrays and objects may nest in a frame, the frame's own
// array or object counted. Real payloads stay far below; the bound is for the
// stacks of the scanner here and of every parser behind it.
const MaxDepth = 128

// The scanner checks JSON (RFC 8259) while it looks for the end of a value. Its
// functions take the index at which something must start and return the index
// after it. Beyond what RFC 8259 says of strings, theirs must be UTF-8.

// skipSpace returns the index of the first byte from i on that is not white
// space, or len(b).
func skipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// skipValue skips a value that stands inside depth arrays and objects.
func skipValue(b []byte, i, depth int) (int, error) {
	if i >= len(b) {
		return 0, errSyntax
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{':
		return skipObject(b, i, depth+1)
	case '[':
		return skipArray(b, i, depth+1)
	case 'n':
		return skipLiteral(b, i, "null")
	case 't':
		return skipLiteral(b, i, "true")
	case 'f':
		return skipLiteral(b, i, "false")
	}
	return skipNumber(b, i)
}

func skipArray(b []byte, i, depth int) (int, error) {
	if depth > MaxDepth {
		return 0, errDepth
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1, nil
	}
	for {
		end, err := skipValue(b, i, depth)
		if err != nil {
			return 0, err
		}
		i = skipSpace(b, end)
		if i == len(b) {
			return 0, errSyntax
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case ']':
			return i + 1, nil
		default:
			return 0, errSyntax
		}
	}
}

func skipObject(b []byte, i, depth int) (int, error) {
	if depth > MaxDepth {
		return 0, errDepth
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	for {
		_, start, err := skipKey(b, i)
		if err != nil {
			return 0, err
		}
		end, err := skipValue(b, start, depth)
		if err != nil {
			return 0, err
		}
		i = skipSpace(b, end)
		if i == len(b) {
			return 0, errSyntax
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case '}':
			return i + 1, nil
		default:
			return 0, errSyntax
		}
	}
}

// skipKey skips a member's key and colon. It returns where the key ends and
// where the value must start.
func skipKey(b []byte, i int) (end, value int, err error) {
	if i >= len(b) || b[i] != '"' {
		return 0, 0, errSyntax
	}
	if end, err = skipString(b, i); err != nil {
		return 0, 0, err
	}
	i = skipSpace(b, end)
	if i == len(b) || b[i] != ':' {
		return 0, 0, errSyntax
	}
	return end, skipSpace(b, i+1), nil
}

func skipLiteral(b []byte, i int, word string) (int, error) {
	if end := i + len(word); end <= len(b) && string(b[i:end]) == word {
		return end, nil
	}
	return 0, errSyntax
}

// skipNumber skips a number, or finds that there is none: it is where everything
// ends up that is no other value.
func skipNumber(b []byte, i int) (int, error) {
	if b[i] == '-' {
		i++
	}
	var ok bool
	if i < len(b) && b[i] == '0' {
		i++ // a zero stands alone: 01 is no number
	} else if i, ok = skipDigits(b, i); !ok {
		return 0, errSyntax
	}
	if i < len(b) && b[i] == '.' {
		if i, ok = skipDigits(b, i+1); !ok {
			return 0, errSyntax
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if i, ok = skipDigits(b, i); !ok {
			return 0, errSyntax
		}
	}
	return i, nil
}

// skipDigits skips digits and reports whether there was at least one.
func skipDigits(b []byte, i int) (int, bool) {
	start := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i, i > start
}
