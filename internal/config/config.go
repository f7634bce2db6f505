// Package config turns a TOML file, the environment and the command line into
// one Config. The struct tags below are the only description of a setting: the
// loader, the range checks, the commented example and docs/configuration.md are
// made from them.
//
// A tag set reads: toml is the key, doc the meaning, min and max the range (in
// the notation of the setting), oneof the allowed words, check the name of a
// check in check.go, flag the command-line flag that is a shorthand for
// "--set key=value".
//
// What is said later wins: default, file, environment, flag. With dev = true the
// defaults are those of ApplyDev.
package config

import "time"

//go:generate go test . -run TestReferenceIsCommitted -update

// Config is the whole configuration of a node. It is read-only once loaded.
type Config struct {
	Listen   []string `toml:"listen" check:"address" flag:"--listen" doc:"Where clients connect: host:port, :port, or unix:/path. The flag may be repeated. In development the default is localhost:8000."`
	Internal string   `toml:"internal" check:"internal" flag:"--internal" doc:"Where metrics, health, readiness and profiles (pprof) listen. It has no business on a public address. Empty turns it off."`
	Dev      bool     `toml:"dev" flag:"--dev" doc:"For development: every channel is open to everybody from any origin, the namespace hist keeps history, /echo answers. What is set explicitly still holds."`
	NodeName string   `toml:"node_name" check:"node" doc:"The name of this node in its logs. Empty means the host's name."`

	Log       Log       `toml:"log" doc:"What the server says on stderr."`
	Engine    Engine    `toml:"engine" doc:"How connections are carried, and how much may wait for them."`
	HTTP      HTTP      `toml:"http" doc:"The public listener before a connection is upgraded."`
	WebSocket WebSocket `toml:"websocket" doc:"What a WebSocket client may send (RFC 6455)."`
	Phoenix   Phoenix   `toml:"phoenix" doc:"The Phoenix Channels wire."`

	Namespaces []Namespace `toml:"namespace" doc:"One table for each namespace: the channels that share what stands before the first colon of their name. Channels without a colon are in the namespace default, which always exists. A channel of any other name is refused. Namespaces are set in the file only."`

	// devApplied keeps a second ApplyDev from overwriting what was laid on top.
	devApplied bool
}

// Log is the section [log].
type Log struct {
	Level  string `toml:"level" oneof:"debug info warn error" flag:"--log-level" doc:"The least severe line that is written."`
	Format string `toml:"format" oneof:"text json" flag:"--log-format" doc:"How a line is written."`
}

// Engine is the section [engine].
type Engine struct {
	Kind           string        `toml:"kind" oneof:"auto epoll goroutine" flag:"--engine" doc:"epoll needs Linux; goroutine works everywhere; auto takes epoll where it can."`
	Loops          int           `toml:"loops" min:"0" max:"64" doc:"Event loops; 0 means one per core."`
	MaxConnections int           `toml:"max_connections" min:"0" max:"100000000" doc:"Connections this node accepts; 0 derives a safe number from the limit on descriptors."`
	Slice          int           `toml:"slice" min:"1" max:"65536" doc:"Subscribers that one slice of a fan-out visits before the loop serves its other connections."`
	QueueBytes     Size          `toml:"queue_bytes" min:"4KiB" max:"1GiB" doc:"What may wait for one connection before the namespace's slow_policy speaks. At least websocket.max_message_bytes."`
	BacklogBytes   Size          `toml:"backlog_bytes" min:"64KiB" max:"64GiB" doc:"Fan-out that may wait on one loop before publishes are refused. At least websocket.max_message_bytes."`
	Drain          time.Duration `toml:"drain" min:"0s" max:"1h" doc:"The time over which SIGTERM spreads the closing of connections."`
}

// HTTP is the section [http].
type HTTP struct {
	HeaderTimeout  time.Duration `toml:"header_timeout" min:"10ms" max:"5m" doc:"The time a client has to send its request head."`
	MaxHeaderBytes Size          `toml:"max_header_bytes" min:"1KiB" max:"48KiB" doc:"The largest request head."`
	IdleTimeout    time.Duration `toml:"idle_timeout" min:"10ms" max:"1h" doc:"How long a kept-alive HTTP connection may wait for its next request."`
	AllowedOrigins []string      `toml:"allowed_origins" check:"origin" doc:"Origins that browsers may connect from: \"https://example.com\" exactly, \"//*.example.com\" for every host below, \"*\" for any. An empty list allows the server's own host only."`
}

// WebSocket is the section [websocket].
type WebSocket struct {
	MaxMessageBytes Size          `toml:"max_message_bytes" min:"128B" max:"64MiB" doc:"The largest message, put together and inflated; a larger one ends the connection with 1009."`
	MaxFragments    int           `toml:"max_fragments" min:"1" max:"1000000" doc:"The most frames a message may come in."`
	WriteTimeout    time.Duration `toml:"write_timeout" min:"10ms" max:"1h" doc:"A client that accepts nothing for so long is dropped."`
	Echo            bool          `toml:"echo" doc:"Serve /echo, which sends every message back."`
}

// Phoenix is the section [phoenix].
type Phoenix struct {
	Path         string        `toml:"path" check:"path" doc:"Where the socket is mounted; clients connect to path/websocket."`
	IdleTimeout  time.Duration `toml:"idle_timeout" min:"10ms" max:"24h" doc:"A client that sends nothing, not even a heartbeat, for so long is dropped."`
	MaxChannels  int           `toml:"max_channels" min:"1" max:"1000000" doc:"Channels that one connection may join."`
	DefaultEvent string        `toml:"default_event" check:"event" doc:"The event of a publication that has none."`
}

// Namespace is one table [[namespace]].
type Namespace struct {
	Name           string        `toml:"name" check:"namespace" doc:"What stands before the first colon; letters, digits, - and _."`
	Subscribe      string        `toml:"subscribe" oneof:"nobody authenticated anybody" doc:"Who may subscribe."`
	Publish        string        `toml:"publish" oneof:"nobody authenticated anybody" doc:"Which clients may publish."`
	ClientEvents   string        `toml:"client_events" oneof:"deny broadcast" doc:"What an event that a client pushes does: deny answers with an error, broadcast publishes it."`
	HistorySize    int           `toml:"history_size" min:"0" max:"1000000" doc:"Publications kept for each channel; 0 keeps none. Needs history_ttl."`
	HistoryTTL     time.Duration `toml:"history_ttl" min:"0s" max:"8760h" doc:"How long they are kept. Needs history_size."`
	PublicationTTL time.Duration `toml:"publication_ttl" min:"0s" max:"8760h" doc:"A publication older than this is not delivered any more; 0s means never."`
	SlowPolicy     string        `toml:"slow_policy" oneof:"disconnect newest" doc:"For a client whose queue is full: disconnect it, or keep only the newest publications."`
}
