package config

// checkDSN never repeats what it is given: there is a password in it.
func checkDSN(s string) *Error {
	if s == redacted {
		return fail("put the address there; `throng config print` leaves it out", "this is not the address of a database")
	}
	return nil
}

// Temporary reports whether the store is forgotten when the server stops.
func (s *Store) Temporary() bool { return s.Kind == "sqlite" && s.File == "" }

// validate checks what the settings of the store say together.
func (s *Store) validate() (errs Errors) {
	if s.DSN != "" && s.Kind != "postgres" {
		errs = append(errs, fail(`write store.kind = "postgres"`, "store.dsn: store.kind is %q, which needs none", s.Kind))
	}
	if s.File != "" && s.Kind != "sqlite" {
		errs = append(errs, fail(`leave it out, or write store.kind = "sqlite"`, "store.file: store.kind is %q, which has none", s.Kind))
	}
	return errs
}
