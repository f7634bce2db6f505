package memory_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/broker/memory"
)

// Names that are gone leave no memory behind, though others stay: subscribed
// channels, streams and idempotency keys.
func TestNamesGiveMemoryBack(t *testing.T) {
	const many, few = 50_000, 50
	ctx, brief := context.Background(), throng.Retention{Size: 1, TTL: time.Second}
	names := make([]string, many)
	for i := range names {
		names[i] = fmt.Sprint("channel:", i)
	}
	for what, use := range map[string]func(b *memory.Broker, name string){
		"subscribed": func(b *memory.Broker, name string) { b.Subscribe(ctx, name, nil) },
		"streams":    func(b *memory.Broker, name string) { history(b, name, brief, nil) },
		"keys": func(b *memory.Broker, name string) {
			publish(t, b, throng.PublishRequest{Channel: name, IdempotencyKey: "k", IdempotencyTTL: time.Second})
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBroker(t, memory.Options{})
			before := heapInUse()
			for _, name := range names {
				use(b, name)
			}
			grown := heapInUse() - before
			for _, name := range names[few:] {
				b.Unsubscribe(ctx, name, nil)
			}
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if left := heapInUse() - before; left > grown/10 {
				t.Errorf("%s: %d bytes of %d are left", what, left, grown)
			}
		})
	}
}
