package crowd

// Descriptors is how many a process needs for so many people: the server, which keeps
// some back, needs more than the crowd.
func Descriptors(people int) int { return people + people/50 + 128 }

// Within is how many people so many descriptors do for.
func Within(limit int) int { return max(0, (limit-128)*50/51) }
