package server

// Unforgeable is for tests: whether this machine has a name that resolves is not ours
// to say.
var Unforgeable = unforgeable

// Together is how the books are stopped.
var Together = together
