package gateway

// complain logs a warning that strangers can provoke, at most one in complainEvery.
// All of them are counted.
func (g *Gateway) complain(message string, args ...any) {
	last, now := g.complained.Load(), g.opts.Clock.Now()
	if now-last < complainEvery && last != 0 || !g.complained.CompareAndSwap(last, now) {
		g.opts.Log.Debug(message, args...)
		return
	}
	g.opts.Log.Warn(message, args...)
}

const complainEvery = 10_000 // ms

// refusedOrigin says which page may not connect: browsers don't tell its author.
func (g *Gateway) refusedOrigin(origin, host string) {
	const most = 100
	g.complain("origin refused", "origin", origin[:min(len(origin), most)], "host", host[:min(len(host), most)],
		"hint", "if it is yours, name it in http.allowed_origins")
}
