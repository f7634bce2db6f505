package config

import "time"

// Users is the section [users].
type Users struct {
	Subscribe   bool          `toml:"subscribe" doc:"Subscribe clients to the own channel of their user, @user:ID, when they connect. Without it they may still subscribe themselves."`
	HistorySize int           `toml:"history_size" min:"0" max:"1000000" doc:"Publications kept for each user's own channel; 0 keeps none, and then nothing can be recovered."`
	HistoryTTL  time.Duration `toml:"history_ttl" min:"0s" max:"8760h" doc:"How long they are kept."`
}

// validate checks what the settings of users say together.
func (u *Users) validate() (errs Errors) {
	if (u.HistorySize > 0) != (u.HistoryTTL > 0) {
		errs = append(errs, fail("set both, or both to 0", "users: history_size without history_ttl keeps nothing, nor does history_ttl without history_size"))
	}
	return errs
}
