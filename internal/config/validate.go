package config

import (
	"slices"
	"strings"
)

// validate checks what no setting can know alone. Each setting has been checked
// already.
func (c *Config) validate() Errors {
	var errs Errors
	if len(c.Listen)+len(c.TLS.Listen) == 0 {
		errs = append(errs, fail(`write listen = [":8000"]`, "listen: clients have no address to connect to"))
	}
	errs = append(errs, c.TLS.validate()...)
	errs = append(errs, c.Auth.validate()...)
	errs = append(errs, c.Store.validate()...)
	errs = append(errs, c.Users.validate(&c.Store, c.Dev)...)
	errs = append(errs, c.Visits.validate()...)
	if c.WebSocket.PingInterval > 0 && c.WebSocket.PongTimeout >= c.WebSocket.PingInterval {
		errs = append(errs, fail("lower it, or raise websocket.ping_interval",
			"websocket.pong_timeout: %v is not less than websocket.ping_interval = %v",
			c.WebSocket.PongTimeout, c.WebSocket.PingInterval))
	}
	if c.Proxy.Protocol && len(c.Proxy.Trusted) == 0 {
		errs = append(errs, fail(`write proxy.trusted = ["10.0.0.5"] with the proxy's address`,
			"proxy.protocol: no proxy is trusted, so nobody may send its header"))
	}
	if slices.Contains(slices.Concat(c.Listen, c.TLS.Listen), c.Internal) && !strings.HasSuffix(c.Internal, ":0") {
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
	if c.Events.Serve && c.Events.Path == c.Events.PollPath {
		errs = append(errs, fail("choose another one", "events.poll_path: %q is events.path too", c.Events.PollPath))
	}
	return errs
}

// validate checks what the settings of TLS say together.
func (t *TLS) validate() (errs Errors) {
	files, names := len(t.CertFiles) > 0, len(t.ACMEDomains) > 0
	switch {
	case len(t.CertFiles) != len(t.KeyFiles):
		errs = append(errs, fail("each certificate has its key, in the same order",
			"tls.key_files: %d keys for %d certificates", len(t.KeyFiles), len(t.CertFiles)))
	case files && names:
		errs = append(errs, fail("choose one", "tls: both cert_files and acme_domains bring certificates"))
	case len(t.Listen) > 0 && !files && !names:
		errs = append(errs, fail("set tls.cert_files and tls.key_files, or tls.acme_domains",
			"tls.listen: there is no certificate to serve"))
	case len(t.Listen) == 0 && (files || names):
		errs = append(errs, fail(`write tls.listen = [":443"]`, "tls: there are certificates, and no address to serve them on"))
	}
	if names && t.ACMECache == "" {
		errs = append(errs, fail("CAs limit how often a certificate is issued: name a directory",
			"tls.acme_cache: certificates need a place to survive a restart"))
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
