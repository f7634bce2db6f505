//go:build race

package sequence

// The race detector costs an order of magnitude.
const (
	defaultClients = 200
	defaultSeconds = 3
	termClients    = 100
)
