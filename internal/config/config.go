// Package config turns a TOML file, the environment and the command line into
// one Config. The struct tags below are the only description of a setting: the
// loader, the range checks, the commented example and docs/configuration.md are
// made from them.
//
// A tag set reads: toml is the key, doc the meaning, min and max the range (in
// the notation of the setting), oneof the allowed words, check the name of a
// check in check.go, flag the command-line flag that is a shorthand for
// "--set key=value". secret:"true" marks what is never shown.
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
	Dev      bool     `toml:"dev" flag:"--dev" doc:"For development: every channel is open to everybody from any origin, the namespace hist keeps history, presence tells who is there, /echo answers. What is set explicitly still holds."`
	NodeName string   `toml:"node_name" check:"node" doc:"The name of this node in its logs. Empty means the host's name."`

	Log       Log       `toml:"log" doc:"What the server says on stderr."`
	Engine    Engine    `toml:"engine" doc:"How connections are carried, and how much may wait for them."`
	TLS       TLS       `toml:"tls" doc:"Encrypted public listeners, beside those of listen. Either files or ACME bring the certificate."`
	Proxy     Proxy     `toml:"proxy" doc:"Proxies and balancers in front of this server."`
	Limits    Limits    `toml:"limits" doc:"What clients may do in a time. 0 means no limit."`
	Auth      Auth      `toml:"auth" doc:"Who clients are: tokens (JWT) that your backend signs, see docs/auth.md. Without any key every client is anonymous. Keys are read again at SIGHUP."`
	HTTP      HTTP      `toml:"http" doc:"The public listener before a connection is upgraded."`
	WebSocket WebSocket `toml:"websocket" doc:"What a WebSocket client may send (RFC 6455)."`
	History   History   `toml:"history" doc:"What is kept of channels with history, all of them together. How much each one keeps, its namespace says."`
	Phoenix   Phoenix   `toml:"phoenix" doc:"The Phoenix Channels wire."`
	Events    Events    `toml:"events" doc:"The plain ways out, for curl and for browsers without a library: a stream of events (EventSource), and polls."`
	Store     Store     `toml:"store" doc:"Where what has to last is kept: visits, bonuses and their claims."`
	Users     Users     `toml:"users" doc:"Users' own channels, and the small maps that their tabs and devices share: docs/users.md. Only clients whose user is known have them."`
	Visits    Visits    `toml:"visits" doc:"The record of who was here and for how long: docs/visits.md. Only clients whose user is known are in it."`
	Bonus     Bonus     `toml:"bonus" doc:"Timed bonuses: docs/bonuses.md. They need a store."`
	API       API       `toml:"api" doc:"The server API, for the application's backend: docs/api.md. It is there when there is a key."`

	Namespaces []Namespace `toml:"namespace" doc:"One table for each namespace: the channels that share what stands before the first colon of their name. Channels without a colon are in the namespace default, which always exists. A channel of any other name is refused. Namespaces are set in the file only."`

	APIKeys []APIKey `toml:"api_key" doc:"One table for each key of the server API that has rights of its own. Keys are set in the file only."`

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
	Kind           string        `toml:"kind" oneof:"auto io_uring epoll goroutine" flag:"--engine" doc:"io_uring and epoll need Linux, and io_uring a kernel and a sandbox that let it; goroutine works everywhere; auto takes the first of them that it can."`
	Loops          int           `toml:"loops" min:"0" max:"64" doc:"Event loops; 0 means one per core."`
	MaxConnections int           `toml:"max_connections" min:"0" max:"100000000" doc:"Connections this node accepts; 0 derives a safe number from the limit on descriptors."`
	Slice          int           `toml:"slice" min:"1" max:"65536" doc:"Subscribers that one slice of a fan-out visits before the loop serves its other connections. Channels of up to four slices on a loop are brought out one after the other, larger ones by turns."`
	QueueBytes     Size          `toml:"queue_bytes" min:"4KiB" max:"1GiB" doc:"What may wait for one connection before the namespace's slow_policy speaks. At least websocket.max_message_bytes."`
	BacklogBytes   Size          `toml:"backlog_bytes" min:"64KiB" max:"64GiB" doc:"Fan-out that may wait on one loop before publishes are refused. At least websocket.max_message_bytes."`
	Drain          time.Duration `toml:"drain" min:"0s" max:"1h" doc:"The time over which SIGTERM spreads the closing of connections."`
}

// TLS is the section [tls].
type TLS struct {
	Listen           []string      `toml:"listen" check:"address" doc:"Where clients connect with TLS (https, wss): host:port, :port, or unix:/path."`
	CertFiles        []string      `toml:"cert_files" check:"file" doc:"PEM files with a certificate and its chain each. They are read again when they change."`
	KeyFiles         []string      `toml:"key_files" check:"file" doc:"PEM files with the private keys, in the order of cert_files."`
	MinVersion       string        `toml:"min_version" oneof:"1.2 1.3" doc:"The oldest version of TLS that is spoken."`
	HandshakeTimeout time.Duration `toml:"handshake_timeout" min:"10ms" max:"5m" doc:"The time a client has for its handshake."`
	MaxHandshakes    int           `toml:"max_handshakes" min:"1" max:"100000" doc:"Handshakes under way at once; who comes on top waits."`
	ACMEDomains      []string      `toml:"acme_domains" check:"domain" doc:"Names to get certificates for by ACME (RFC 8555), from Let's Encrypt by default. The CA connects back: to port 443 of the name, where a TLS listener must answer, or to port 80, where a plain one must."`
	ACMEEmail        string        `toml:"acme_email" check:"email" doc:"Whom the CA writes to about certificates; may be empty."`
	ACMECache        string        `toml:"acme_cache" check:"optional" doc:"A directory that keeps account and certificates; only this server may read it."`
	ACMEDirectory    string        `toml:"acme_directory" check:"url" doc:"The CA's directory; empty means Let's Encrypt."`
	ACMECAFile       string        `toml:"acme_ca_file" check:"optional" doc:"PEM file with what a private CA's own HTTPS is signed by; empty means the system's roots."`
}

// Proxy is the section [proxy].
type Proxy struct {
	Trusted  []string `toml:"trusted" check:"trusted" doc:"Proxies whose word about a client's address is taken (X-Forwarded-For, Forwarded, PROXY protocol): addresses, prefixes such as \"10.0.0.0/8\", and \"unix\" for Unix sockets. They are not limited by address themselves: name proxies only."`
	Protocol bool     `toml:"protocol" doc:"Connections from a trusted address begin with a PROXY protocol header, version 1 or 2; those from any other address must not."`
}

// Limits is the section [limits].
type Limits struct {
	ConnectsPerSecond           int  `toml:"connects_per_second" min:"0" max:"1000000" doc:"Clients that may connect in a second, in all, as many of them at once. More are refused with 503 and a time to come back."`
	ConnectsPerMinutePerAddress int  `toml:"connects_per_minute_per_address" min:"0" max:"1000000" doc:"Clients that may connect from one address (one /64 of IPv6) in a minute, as many of them at once. More are refused with 429 and a time to come back. Behind a proxy this needs proxy.trusted."`
	MessagesPerSecond           int  `toml:"messages_per_second" min:"0" max:"10000" doc:"Messages of one connection in a second, with twice as many at once; pings count. What is more is answered with error 111; who does not slow down is disconnected with 3013."`
	BytesPerSecond              Size `toml:"bytes_per_second" min:"0" max:"1GiB" doc:"Bytes of messages of one connection in a second, with twice as many at once, or one message of any size; else as messages_per_second."`
}

// Auth is the section [auth].
type Auth struct {
	HMACSecret         string        `toml:"hmac_secret" check:"secret" secret:"true" doc:"The secret of tokens signed with HS256, HS384 or HS512; 32 bytes at least. Better in a file or in the environment than on a command line."`
	HMACSecretFile     string        `toml:"hmac_secret_file" check:"optional" doc:"A file with that secret instead; a last line break does not count."`
	PreviousSecret     string        `toml:"hmac_previous_secret" check:"secret" secret:"true" doc:"An older secret that is accepted as well, while tokens made with it are about."`
	PreviousSecretFile string        `toml:"hmac_previous_secret_file" check:"optional" doc:"A file with that one instead."`
	PublicKeyFiles     []string      `toml:"public_key_files" check:"file" doc:"PEM files with public keys or certificates: RSA of 2048 bits at least, EC on P-256, P-384 or P-521, Ed25519. Each checks the algorithms of its kind only."`
	JWKSURL            string        `toml:"jwks_url" check:"keyset" doc:"Where a JSON Web Key Set is fetched from. Keys stay in force while it can't be reached; those that it has no more stop counting."`
	JWKSRefresh        time.Duration `toml:"jwks_refresh" min:"10s" max:"24h" doc:"How often it is fetched. A token with an unknown kid has it fetched at once, every 10 s at most; its client waits at the door."`
	Audience           []string      `toml:"audience" check:"optional" doc:"Names of this service, of which a token's aud must have one. Empty means any."`
	Issuer             string        `toml:"issuer" check:"optional" doc:"What a token's iss must be. Empty means any."`
	Leeway             time.Duration `toml:"leeway" min:"0s" max:"5m" doc:"By how much the issuer's clock may differ: tokens count that much longer and earlier."`
	Anonymous          bool          `toml:"anonymous" doc:"Let clients without a token in, as anonymous ones. Without any key they always are."`
	LateToken          time.Duration `toml:"late_token" min:"0s" max:"5m" doc:"Let clients without a token in that send one within this time, by the event refresh; before, they may do nothing. It keeps tokens out of URLs. 0s refuses them."`
	RevocationsFile    string        `toml:"revocations_file" check:"optional" doc:"A file that keeps revocations of tokens over a restart. Only this server writes it. Empty means that a restart forgets them."`
	MaxTokenBytes      Size          `toml:"max_token_bytes" min:"256B" max:"64KiB" doc:"The longest token. One in a URL or header must fit http.max_header_bytes too."`
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
	PingInterval    time.Duration `toml:"ping_interval" min:"0s" max:"1h" doc:"A client that was silent for so long is sent a ping; 0s sends none. Phoenix clients are seldom silent: they send a heartbeat every 30 s."`
	PongTimeout     time.Duration `toml:"pong_timeout" min:"10ms" max:"1h" doc:"A client that sends nothing for so long after a ping is dropped. Less than ping_interval."`
	Compression     bool          `toml:"compression" doc:"Agree on permessage-deflate (RFC 7692) with clients that offer it. Saves bandwidth, costs processor; never combine with secrets and foreign text in one message (CRIME)."`
	CompressLevel   int           `toml:"compression_level" min:"1" max:"9" doc:"1 is fastest, 9 smallest."`
	CompressFrom    Size          `toml:"compression_min_bytes" min:"0" max:"64MiB" doc:"Smaller messages are sent as they are."`
	Echo            bool          `toml:"echo" doc:"Serve /echo, which sends every message back."`
}

// History is the section [history].
type History struct {
	MaxBytes      Size          `toml:"max_bytes" min:"64KiB" max:"1024GiB" doc:"Memory for the history of all channels together. Over it the oldest publications go, and streams that nobody is subscribed to; who missed them is told that history does not reach back so far. A stored publication takes about 140 bytes beside its data, an empty channel with history 260."`
	PositionCheck time.Duration `toml:"position_check" min:"0s" max:"1h" doc:"How often the position of subscribers that joined with recover is compared with their channel's: who missed what came last is told after two checks. 0 turns it off."`
}

// Phoenix is the section [phoenix].
type Phoenix struct {
	Path         string        `toml:"path" check:"path" doc:"Where the socket is mounted; clients connect to path/websocket."`
	IdleTimeout  time.Duration `toml:"idle_timeout" min:"10ms" max:"24h" doc:"A client that sends nothing, not even a heartbeat, for so long is dropped."`
	MaxChannels  int           `toml:"max_channels" min:"1" max:"1000000" doc:"Channels that one connection may join."`
	LongPoll     bool          `toml:"longpoll" doc:"Serve path/longpoll, for clients whose networks let no WebSocket through."`
	PollWindow   time.Duration `toml:"longpoll_window" min:"10ms" max:"5m" doc:"A long-poll client that does not poll for so long is dropped."`
	PollBody     Size          `toml:"longpoll_max_body" min:"1KiB" max:"64MiB" doc:"The largest body of a long-poll request."`
	DefaultEvent string        `toml:"default_event" check:"event" doc:"The event of a publication that has none."`
	Deadlines    bool          `toml:"deadlines" doc:"Tell clients the deadline of a publication that has one: {\"expires_at\":MS} behind the payload, where phoenix.js looks at nothing. For clients that take no more elements than they know."`
}

// API is the section [api].
type API struct {
	Key     string `toml:"key" check:"key" secret:"yes" doc:"A key that may do everything, of at least 16 characters. Empty for none. In development there is the key dev too."`
	Public  bool   `toml:"public" doc:"Answer on the public listeners as well, for backends that reach no other. Requests need a key there too."`
	MaxBody Size   `toml:"max_body" min:"1KiB" max:"64MiB" doc:"The largest body of a request; a larger one is refused with 413."`
}

// Store is the section [store].
type Store struct {
	Kind string `toml:"kind" oneof:"sqlite postgres off" doc:"sqlite is a file, for one node; postgres a database, for any number of nodes; with off there is nothing that lasts: no visits, no bonuses."`
	File string `toml:"file" check:"optional" doc:"The file of sqlite; its directory must be there. Beside it lie FILE-wal and FILE-shm. Empty means a temporary one: what was is forgotten when the server stops."`
	DSN  string `toml:"dsn" check:"dsn" secret:"true" doc:"The database of postgres: postgres://user:password@host:5432/name?sslmode=require. What it leaves out comes from PGHOST, PGUSER, PGPASSWORD and so on. Better in the environment than in a file."`
}

// Visits is the section [visits].
type Visits struct {
	Record    bool          `toml:"record" doc:"Keep the record. Without it, or without a store, there is none."`
	Grace     time.Duration `toml:"grace" min:"0s" max:"10m" doc:"A user who left and is back within this time did not leave."`
	Beat      time.Duration `toml:"beat" min:"100ms" max:"1m" doc:"How often the node says that it lives. A crash costs an open visit the time since the last beat, and no more."`
	TTL       time.Duration `toml:"ttl" min:"1s" max:"10m" doc:"A node that has not beaten for so long is taken for dead, and its visits are closed. At least three beats."`
	Buffer    int           `toml:"buffer" min:"1" max:"100000000" doc:"Visits that begin and end while the store is away and are kept in memory for it, at about 250 bytes each. More are dropped and counted."`
	Retention time.Duration `toml:"retention" min:"0s" max:"876000h" doc:"How long visits are kept; 0s is for ever. In a temporary file it is a day at most."`
	Daily     time.Duration `toml:"daily_retention" min:"0s" max:"876000h" doc:"How long sums by user and day are kept; 0s is for ever."`
	Curve     time.Duration `toml:"curve_retention" min:"0s" max:"876000h" doc:"How long the curve of users and connections is kept; 0s is for ever."`
	Occupancy time.Duration `toml:"occupancy" min:"0s" max:"24h" doc:"How often a point is added to the curve, for the service and for the 1,000 largest channels of namespaces with visits; 0s is never."`
}

// Bonus is the section [bonus].
type Bonus struct {
	Queue      int           `toml:"queue" min:"1" max:"10000000" doc:"Claims that may wait for the store; over it they are refused with 111. One takes about 500 bytes."`
	Patience   time.Duration `toml:"patience" min:"100ms" max:"1m" doc:"How long a claim waits for a store that does not answer, before its client is told to try again (108)."`
	Remembered int           `toml:"remembered" min:"1" max:"100000000" doc:"Granted claims that are kept in memory, at about 200 bytes each, so that who asks again does not reach the store. Those of live bonuses, and of others for ten minutes behind their deadlines."`
	Live       int           `toml:"live" min:"1" max:"1000000" doc:"Bonuses that may be live or scheduled."`
	MaxData    Size          `toml:"max_data" min:"64B" max:"1MiB" doc:"The largest data of a bonus. At most half of engine.queue_bytes counts."`
	MaxUsers   int           `toml:"max_users" min:"1" max:"100000" doc:"To how many users a bonus may be given by name."`
	Look       time.Duration `toml:"look" min:"0s" max:"1h" doc:"With postgres: how often bonuses that other nodes created or withdrew are looked for, so that this node's clients are told; 0s is never."`
	Retention  time.Duration `toml:"retention" min:"0s" max:"876000h" doc:"How long bonuses and their claims are kept behind their deadlines; 0s is for ever. In a temporary file it is a day at most."`
}

// APIKey is one table [[api_key]].
type APIKey struct {
	Name       string   `toml:"name" check:"namespace" required:"yes" doc:"What messages and logs call the key; letters, digits, - and _."`
	Key        string   `toml:"key" check:"key" secret:"yes" doc:"The key, of at least 16 characters."`
	KeyFile    string   `toml:"key_file" check:"optional" doc:"Instead of key: a file that holds it, on one line."`
	SHA256     string   `toml:"sha256" check:"sha256" doc:"Instead of key: its SHA-256 in hexadecimal digits, so that the file does not have the key itself."`
	Methods    []string `toml:"methods" oneof:"* publish broadcast subscribe unsubscribe watch disconnect refresh presence presence_stats presence_members history history_remove channels connections visits_online visits_user visits_watched visits_sessions visits_curve visits_top visits_export visits_erase bonus_create bonus_get bonus_list bonus_end bonus_claim bonus_claims bonus_export bonus_erase state_get state_set state_del info rpc revoke_token" doc:"What it may call; * is everything. A batch needs the rights of its commands."`
	Namespaces []string `toml:"namespaces" check:"space" doc:"The namespaces of the channels that it may name; * is any. Users' own channels are in @user."`
}

// Events is the section [events].
type Events struct {
	Serve    bool   `toml:"serve" doc:"Serve them."`
	Path     string `toml:"path" check:"path" doc:"Where GET is answered with a stream of events."`
	PollPath string `toml:"poll_path" check:"path" doc:"Where GET is answered as soon as there is something new. Another one than path."`
}

// Namespace is one table [[namespace]].
type Namespace struct {
	Name           string        `toml:"name" check:"namespace" required:"yes" doc:"What stands before the first colon; letters, digits, - and _."`
	Subscribe      string        `toml:"subscribe" oneof:"nobody token authenticated anybody" doc:"Who may subscribe: token wants one that names the channel. Whom a token grants a channel may subscribe to it unless nobody may."`
	Publish        string        `toml:"publish" oneof:"nobody token authenticated anybody" doc:"Which clients may publish; token wants one that grants it for the channel."`
	ClientEvents   string        `toml:"client_events" oneof:"deny broadcast" doc:"What an event that a client pushes does: deny answers with an error, broadcast publishes it."`
	HistorySize    int           `toml:"history_size" min:"0" max:"1000000" doc:"Publications kept for each channel; 0 keeps none. Needs history_ttl."`
	HistoryTTL     time.Duration `toml:"history_ttl" min:"0s" max:"8760h" doc:"How long they are kept. Needs history_size."`
	PublicationTTL time.Duration `toml:"publication_ttl" min:"0s" max:"8760h" doc:"A publication older than this is not delivered any more; 0s means never."`
	Urgent         bool          `toml:"urgent" doc:"All publications go ahead of what waits in other namespaces and is not urgent, and are the last to be dropped when a client is slow."`
	Visits         bool          `toml:"visits" doc:"Record who is in a channel and for how long, not only in the service as a whole."`
	Watch          string        `toml:"watch" oneof:"off exclusive parallel" doc:"Record who watches a channel, as its clients say by the event watch: of a user who watches several, exclusive counts the one that it turned to last, parallel each."`
	Presence       string        `toml:"presence" oneof:"off users clients" doc:"Tell those who are in a channel who is there: users, each once however many connections, or clients, each connection. Everybody who may subscribe sees it."`
	PresenceList   int           `toml:"presence_list" min:"1" max:"1000" doc:"Up to how many members everybody is told of each; above, or where the list would be larger than half of engine.queue_bytes, they are counted, once a second."`
	SlowPolicy     string        `toml:"slow_policy" oneof:"disconnect newest" doc:"For a client whose queue is full: disconnect it, or keep only the newest publications."`
}
