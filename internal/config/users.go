package config

import "time"

// Users is the section [users].
type Users struct {
	Subscribe    bool          `toml:"subscribe" doc:"Subscribe clients to the own channel of their user, @user:ID, when they connect. Without it they may still subscribe themselves."`
	HistorySize  int           `toml:"history_size" min:"0" max:"1000000" doc:"Publications kept for each user's own channel; 0 keeps none, and then nothing can be recovered."`
	HistoryBytes Size          `toml:"history_bytes" min:"0" max:"1GiB" doc:"The most memory that they take in each of these channels, 0 for any: every user can fill its own by changing its map. The newest is kept in any case."`
	HistoryTTL   time.Duration `toml:"history_ttl" min:"0s" max:"8760h" doc:"How long they are kept."`
	State        string        `toml:"state" oneof:"memory store off" doc:"The map that a user's tabs and devices share: in memory, or in the store as well, where each change is written before anybody sees it; or off."`
	StateTTL     time.Duration `toml:"state_ttl" min:"1s" max:"8760h" doc:"How long the map of a user who is not here stays in memory. In memory only, it is forgotten then, and with it which changes were made."`
	StateKeys    int           `toml:"state_keys" min:"1" max:"10000" doc:"Keys that a user may have."`
	StateValue   Size          `toml:"state_value_bytes" min:"1" max:"1MiB" doc:"The longest value, as JSON."`
	StateBytes   Size          `toml:"state_bytes" min:"1" max:"16MiB" doc:"All keys and values of a user. A map larger than engine.queue_bytes is shown to nobody who is slow."`
	StateMemory  Size          `toml:"state_memory" min:"64KiB" max:"1024GiB" doc:"Memory for the maps of all users together, and for changes that wait for the store; more are refused. With a store, maps of users who are not here make room when an eighth of it is left. A map with ten small keys takes about 1.5 KiB."`
	Mutations    int           `toml:"state_mutations" min:"0" max:"100000" doc:"Changes of a user of which the result is kept for 24 hours, so that one that is repeated is not made twice; the oldest are forgotten first."`
}

// validate checks what the settings of users say together.
func (u *Users) validate(s *Store, dev bool) (errs Errors) {
	if (u.HistorySize > 0) != (u.HistoryTTL > 0) {
		errs = append(errs, fail("set both, or both to 0", "users: history_size without history_ttl keeps nothing, nor does history_ttl without history_size"))
	}
	switch {
	case u.State != "store":
	case s.Kind == "off":
		errs = append(errs, fail("name one in [store], or keep users' maps in memory", `users.state: "store", and store.kind is "off"`))
	case s.Temporary() && !dev: // the disk would be waited for, and nothing would last
		errs = append(errs, fail("name a file in store.file, or keep users' maps in memory", `users.state: "store", and the store is a temporary file that is removed when the server stops`))
	}
	return errs
}
