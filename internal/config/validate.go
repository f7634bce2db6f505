package config

import (
	"slices"
	"strings"
)

// validate checks what no setting can know alone. Each setting has been checked
// already.
func (c *Config) validate() Errors {
	var errs Errors
	if len(c.Listen) == 0 {
		errs = append(errs, fail(`write listen = [":8000"]`, "listen: clients have no address to connect to"))
	}
	if slices.Contains(c.Listen, c.Internal) && !strings.HasSuffix(c.Internal, ":0") {
		errs = append(errs, fail("the internal listener has a port of its own that clients can't reach",
			"internal: %s is public, it is in listen too", c.Internal))
	}
	if c.Engine.QueueBytes < c.WebSocket.MaxMessageBytes {
		errs = append(errs, fail("raise it, or lower websocket.max_message_bytes",
			"engine.queue_bytes: %v can't hold one message of websocket.max_message_bytes = %v",
			c.Engine.QueueBytes, c.WebSocket.MaxMessageBytes))
	}
	if c.Engine.BacklogBytes < c.WebSocket.MaxMessageBytes {
		errs = append(errs, fail("raise it, or lower websocket.max_message_bytes",
			"engine.backlog_bytes: %v can't hold one message of websocket.max_message_bytes = %v",
			c.Engine.BacklogBytes, c.WebSocket.MaxMessageBytes))
	}
	return errs
}

// validate checks what the settings of a namespace say together.
func (n *Namespace) validate() *Error {
	switch {
	case n.HistorySize > 0 && n.HistoryTTL == 0:
		return fail(`set history_ttl too, for instance "5m"; a history has both or neither`,
			"namespace %q: history_size without history_ttl keeps nothing", n.Name)
	case n.HistoryTTL > 0 && n.HistorySize == 0:
		return fail("set history_size too, for instance 100; a history has both or neither",
			"namespace %q: history_ttl without history_size keeps nothing", n.Name)
	}
	return nil
}
