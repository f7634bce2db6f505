package config

// validate checks what the settings of visits say together.
func (v *Visits) validate() (errs Errors) {
	if v.TTL < 3*v.Beat {
		errs = append(errs, fail("raise it, or lower visits.beat",
			"visits.ttl: %v is less than three times visits.beat = %v; a node would be taken for dead while it lives", v.TTL, v.Beat))
	}
	return errs
}
