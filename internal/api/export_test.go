package api

// What the tests of this folder see of the inside.
const MaxExpiry = maxExpiry

func ParseMoment(text string, now int64) (int64, bool) { return parseMoment(text, now) }
