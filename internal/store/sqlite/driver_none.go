//go:build nosqlite

package sqlite

// Built says whether there is a driver: not with the tag nosqlite.
const Built = false
