//go:build !nosqlite

package sqlite

import _ "modernc.org/sqlite"

// Built says whether there is a driver. It is by far the largest library in throng: with the tag nosqlite it is left
// out, and compilers and checkers have minutes less to do.
const Built = true
