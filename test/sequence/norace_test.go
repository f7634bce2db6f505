//go:build !race

package sequence

const (
	defaultClients = 1000
	defaultSeconds = 5
	termClients    = 300
)
