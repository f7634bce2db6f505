//go:build !nosqlite

package sqlite

import _ "modernc.org/sqlite"

// The driver is by far the largest library in throng: with the tag nosqlite it is left
// out, and compilers and checkers have minutes less to do.
const built = true
