package certs

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// Pair names the files of a certificate with its chain and of its key. Both may be
// in one file.
type Pair struct{ Cert, Key string }

// maxFile bounds what is read: a chain has a few kilobytes.
const maxFile = 1 << 20

// content is what a pair's files hold at one look. A file that can't be read has
// an error instead.
type content struct {
	cert, key       []byte
	certErr, keyErr *Error
	loose           bool // the key may be read or written by anybody
}

// read takes both files.
func (p Pair) read() content {
	var c content
	c.cert, _, c.certErr = readFile(p.Cert, "certificate")
	var mode fs.FileMode
	c.key, mode, c.keyErr = readFile(p.Key, "key")
	// A group that may read is common: Debian's ssl-cert, Kubernetes' fsGroup.
	c.loose = c.keyErr == nil && runtime.GOOS != "windows" && mode.Perm()&0o026 != 0
	return c
}

// digest tells contents apart. Times of files don't: an orchestrator swaps a
// symbolic link, and a copy may keep the old time.
func (c content) digest() [sha256.Size]byte {
	h := sha256.New()
	for _, part := range []struct {
		data []byte
		err  *Error
	}{{c.cert, c.certErr}, {c.key, c.keyErr}} {
		if part.err != nil {
			io.WriteString(h, part.err.Msg)
		}
		sum := sha256.Sum256(part.data)
		h.Write(sum[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// readFile reads a regular file of a sensible size.
func readFile(path, what string) ([]byte, fs.FileMode, *Error) {
	if path == "" {
		return nil, 0, fail("certificates", "name a file for the certificate and one for its key", "no file is named for the %s", what)
	}
	info, err := os.Stat(path) // before opening: to open a pipe would wait for its writer
	if err != nil {
		return nil, 0, unreadable(path, what, err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fail(path, "name the "+what+"'s file itself", "the %s is not a regular file", what)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, unreadable(path, what, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, 0, unreadable(path, what, err)
	case len(data) > maxFile:
		return nil, 0, fail(path, "is it the right file?", "the %s has more than %d bytes", what, maxFile)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, 0, fail(path, "write the "+what+" in PEM form into it", "the %s is empty", what)
	}
	return data, info.Mode(), nil
}

func unreadable(path, what string, err error) *Error {
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = "create it, or correct the path"
	case errors.Is(err, fs.ErrPermission):
		hint = "let the user that runs the server read it"
	}
	var op *fs.PathError
	if errors.As(err, &op) {
		err = op.Err // it repeats the path
	}
	return from(path, err, hint, "the "+what+" can't be read")
}
