package config

import (
	"time"

	"throng"
)

const day = 24 * time.Hour

// Default returns the configuration of a server that was told nothing.
func Default() *Config {
	return &Config{
		Listen:   []string{":8000"},
		Internal: "127.0.0.1:9000",
		Log:      Log{Level: "info", Format: "text"},
		Engine: Engine{
			Kind:         "auto",
			Slice:        32,
			QueueBytes:   MiB,
			BacklogBytes: 64 * MiB,
			Drain:        10 * time.Second,
		},
		TLS: TLS{
			Listen:           []string{},
			CertFiles:        []string{},
			KeyFiles:         []string{},
			MinVersion:       "1.2",
			HandshakeTimeout: 10 * time.Second,
			MaxHandshakes:    512,
			ACMEDomains:      []string{},
			ACMECache:        "acme",
		},
		Proxy: Proxy{Trusted: []string{}},
		Auth: Auth{
			PublicKeyFiles: []string{},
			JWKSRefresh:    10 * time.Minute,
			Audience:       []string{},
			Leeway:         5 * time.Second,
			MaxTokenBytes:  16 * KiB,
		},
		HTTP: HTTP{
			HeaderTimeout:  10 * time.Second,
			MaxHeaderBytes: 16 * KiB,
			IdleTimeout:    time.Minute,
			AllowedOrigins: []string{},
		},
		WebSocket: WebSocket{
			MaxMessageBytes: 64 * KiB,
			MaxFragments:    1024,
			WriteTimeout:    30 * time.Second,
			PingInterval:    40 * time.Second,
			PongTimeout:     15 * time.Second,
			CompressLevel:   1,
			CompressFrom:    512,
		},
		History: History{MaxBytes: 256 * MiB, PositionCheck: 30 * time.Second},
		Phoenix: Phoenix{
			Path:         "/socket",
			IdleTimeout:  time.Minute,
			MaxChannels:  100,
			LongPoll:     true,
			PollWindow:   15 * time.Second,
			PollBody:     MiB,
			DefaultEvent: "message", Deadlines: true,
		},
		Events: Events{Serve: true, Path: "/events", PollPath: "/poll"},
		API:    API{MaxBody: MiB},
		Store:  Store{Kind: "sqlite"},
		Users: Users{
			Subscribe: true, HistorySize: 500, HistoryTTL: 10 * time.Minute, HistoryBytes: 256 * KiB,
			State: "memory", StateTTL: 24 * time.Hour, StateKeys: 256, StateValue: 16 * KiB, StateBytes: 64 * KiB, StateMemory: 256 * MiB, Mutations: 1000,
		},
		Visits: Visits{
			Record:    true,
			Grace:     15 * time.Second,
			Beat:      2 * time.Second,
			TTL:       8 * time.Second,
			Buffer:    100_000,
			Retention: 90 * day,
			Daily:     2 * 365 * day,
			Curve:     90 * day,
			Occupancy: time.Minute,
		},
		Bonus: Bonus{
			Queue:      100_000,
			Patience:   5 * time.Second,
			Remembered: 1_000_000,
			Live:       10_000,
			MaxData:    16 * KiB,
			MaxUsers:   10_000,
			Look:       2 * time.Second,
		},
		Namespaces: []Namespace{closedNamespace(throng.DefaultNamespace)},
	}
}

// closedNamespace is what a [[namespace]] table starts from.
func closedNamespace(name string) Namespace {
	return Namespace{
		Name:         name,
		Subscribe:    "authenticated",
		Publish:      "nobody",
		ClientEvents: "deny",
		Watch:        "off",
		Presence:     "off",
		PresenceList: 200,
		SlowPolicy:   "disconnect",
	}
}
