package store

import (
	"fmt"
	"io/fs"
	"strings"
)

// Migrations reads the steps of a schema, migrations/0001_….sql and so on.
func Migrations(files fs.FS) (steps []string, err error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		if !strings.HasPrefix(name, fmt.Sprintf("migrations/%04d_", i+1)) {
			return nil, fmt.Errorf("%s is not migration %d", name, i+1)
		}
		step, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, string(step))
	}
	return steps, nil
}

// TooNew is the error of a schema that a newer throng made.
func TooNew(where string, version, known int) error {
	return &Error{
		Msg:  fmt.Sprintf("store: %s: the schema has version %d, and this throng knows %d", where, version, known),
		Hint: "run the throng that made it, or a newer one; or choose another database",
	}
}
