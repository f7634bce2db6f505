package config

import "time"

// ApplyDev turns the defaults into those of development: everything is allowed
// to everybody. Load has done it when the configuration says dev, before it laid
// on top what was set explicitly; a second call changes nothing.
func (c *Config) ApplyDev() {
	if c.devApplied {
		return
	}
	c.Dev, c.devApplied = true, true
	c.Listen = []string{"localhost:8000"} // nobody else's business
	c.HTTP.AllowedOrigins = []string{"*"}
	c.WebSocket.Echo = true
	for i := range c.Namespaces {
		c.Namespaces[i].open()
	}
	if c.find("hist") == nil {
		hist := closedNamespace("hist")
		hist.open()
		hist.HistorySize, hist.HistoryTTL = 100, 5*time.Minute
		c.Namespaces = append(c.Namespaces, hist)
	}
	if c.find("presence") == nil { // not all of them: it costs messages that nobody asked for
		presence := closedNamespace("presence")
		presence.open()
		presence.Presence = "users"
		c.Namespaces = append(c.Namespaces, presence)
	}
}

// open allows everything to everybody.
func (n *Namespace) open() {
	n.Subscribe, n.Publish, n.ClientEvents = "anybody", "anybody", "broadcast"
}
