package process

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreeAddresses returns n addresses, host:port, that nobody listens on. Their ports are
// none of those that kernels give to who asks for any, so they are still free when what
// listens there is started a second time.
func FreeAddresses(t testing.TB, n int) (free []string) {
	t.Helper()
	const lowest, ports, tries = 10_000, 20_000, 100
	for range tries {
		address := fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(ports))
		ln, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		defer ln.Close() // at the end: no two are the same
		if free = append(free, address); len(free) == n {
			return free
		}
	}
	t.Fatalf("%d of %d free ports after %d tries", len(free), n, tries)
	return nil
}
