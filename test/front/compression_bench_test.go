//go:build linux

package front

import (
	"fmt"
	"testing"

	"throng/test/process"
)

// BenchmarkFrontCompression measures permessage-deflate: 1 KiB of JSON to 1,000
// subscribers who all offered it, where throng agrees and where nobody asked. The
// publisher sends uncompressed.
func BenchmarkFrontCompression(b *testing.B) {
	const subscribers = 1000
	throng, client := process.Build(b, "./cmd/throng"), process.Build(b, "./test/crowdtls")
	payload := []string{"-json", "-size", "1024"}
	deflate := append([]string{"-deflate"}, payload...)
	agree := []string{"--set", "websocket.compression=true"}
	for _, v := range []variant{
		{name: "off", client: payload},
		{name: "on", client: deflate, server: agree},
		{name: "tls-off", door: throngTLS, client: payload},
		{name: "tls-on", door: throngTLS, client: deflate, server: agree},
	} {
		v.engine, v.throng, v.crowd = "auto", throng, client
		b.Run(v.name, func(b *testing.B) {
			b.Run("connect+join", func(b *testing.B) { join(b, v, subscribers) })
			w := v.start(b)
			w.crowd.do(fmt.Sprint("connect ", subscribers))
			b.Run("publish-1", func(b *testing.B) { traffic(b, w, "publish 1", 100) })
			b.Run("publish-16", func(b *testing.B) { traffic(b, w, "publish 16", 10) })
			b.Run("used", func(b *testing.B) { used(b, w, subscribers) })
		})
	}
}
