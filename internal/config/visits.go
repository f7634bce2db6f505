package config

// checkDSN never repeats what it is given: there is a password in it.
func checkDSN(s string) *Error {
	if s == redacted {
		return fail("put the address there; `throng config print` leaves it out", "this is not the address of a database")
	}
	return nil
}

// validate checks what the settings of visits say together.
func (v *Visits) validate() (errs Errors) {
	if v.TTL < 3*v.Beat {
		errs = append(errs, fail("raise it, or lower visits.beat",
			"visits.ttl: %v is less than three times visits.beat = %v; a node would be taken for dead while it lives", v.TTL, v.Beat))
	}
	if v.DSN != "" && v.Store != "postgres" {
		errs = append(errs, fail(`write visits.store = "postgres"`, "visits.dsn: visits.store is %q, which needs none", v.Store))
	}
	if v.File != "" && v.Store != "sqlite" {
		errs = append(errs, fail(`leave it out, or write visits.store = "sqlite"`, "visits.file: visits.store is %q, which has none", v.Store))
	}
	return errs
}
