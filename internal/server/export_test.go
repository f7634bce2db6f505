package server

// Unforgeable is for tests: whether this machine has a name that resolves is not ours
// to say.
var Unforgeable = unforgeable
