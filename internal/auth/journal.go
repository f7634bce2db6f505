package auth

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// journal is the file that keeps revocations: a line of JSON each. A line is on the
// disk before it is acknowledged.
type journal struct {
	path string
	file *os.File
	size int64
	// failed says that something in force may not be in the file: then what is said
	// again is written again.
	failed bool
}

// maxLine is the longest line of a journal: two names, each byte of which may be
// escaped, and numbers.
const maxLine = 8 << 10

// readJournal calls take with each revocation of a file, and returns how much of it
// is whole: the last line may have been cut by a crash. Any other line that can't be
// read is an error: what it said would be forgotten.
func readJournal(path string, take func(Revocation)) (whole, size int64, _ *Error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, unreadable(path, err)
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, maxLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		size += int64(len(line))
		switch {
		case err == io.EOF: // what follows the last break
			return whole, size, nil
		case errors.Is(err, bufio.ErrBufferFull):
			return 0, 0, damaged(path, n)
		case err != nil:
			return 0, 0, unreadable(path, err)
		}
		var r Revocation
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if d.Decode(&r) != nil || d.More() || r.Until == 0 {
			if _, err := lines.ReadByte(); err == io.EOF {
				return whole, size, nil // the last line: written in part, over older blocks
			}
			return 0, 0, damaged(path, n)
		}
		whole = size
		take(r)
	}
}

func unreadable(path string, err error) *Error {
	return &Error{Where: path, Msg: "can't be read: " + cause(err), Hint: "let the user that runs the server read and write it", Err: err}
}

func unwritable(path string, err error) *Error {
	return &Error{Where: path, Msg: "can't be written: " + cause(err), Hint: "let the user that runs the server write it and its directory", Err: err}
}

// cause leaves out the path, which an Error has.
func cause(err error) string {
	var op *fs.PathError
	if errors.As(err, &op) {
		err = op.Err
	}
	return err.Error()
}

func damaged(path string, line int) *Error {
	return fail(path, "mend that line, or remove it if it is no revocation that you need; throng appends to this file only",
		"line %d is not a revocation", line)
}

// openJournal writes a journal anew with what is in force, and leaves it open.
func openJournal(path string, live []Revocation) (*journal, *Error) {
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, unwritable(fresh, err)
	}
	var b []byte
	for _, r := range live {
		b = appendLine(b, r)
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err == nil {
		err = syncDirectory(filepath.Dir(path))
	}
	if err == nil {
		f, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	}
	if err != nil {
		return nil, unwritable(path, err)
	}
	return &journal{path: path, file: f, size: int64(len(b))}, nil
}

// syncDirectory makes a rename last, where directories can be synced.
func syncDirectory(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func appendLine(b []byte, r Revocation) []byte {
	line, _ := json.Marshal(r) // strings and numbers
	return append(append(b, line...), '\n')
}

// write appends a revocation. What was written of one that failed is taken back, so
// that the next line begins where a line begins.
func (j *journal) write(r Revocation) error {
	b := appendLine(nil, r)
	_, err := j.file.Write(b)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.failed = true
		return errors.Join(fmt.Errorf("%s: %w", j.path, err), j.file.Truncate(j.size))
	}
	j.size += int64(len(b))
	return nil
}

func (j *journal) close() error {
	if j == nil {
		return nil
	}
	return j.file.Close()
}
