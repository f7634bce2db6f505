//go:build nosqlite

package sqlite

const built = false
