package loop

// roomy is not known here: a record that has a deadline is encrypted, and may have to
// wait for room.
func roomy(int) bool { return true }
