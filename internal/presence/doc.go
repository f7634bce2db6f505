// Package presence knows who is in each channel of this node, and tells those who
// are there.
//
// A channel of a namespace with presence has a room: its members, by user or by
// client, and how many connections they have. Up to Namespace.PresenceList members
// everybody is told of everybody: who joins gets the list, and what changes is
// gathered for a while and told to all as one difference. Above, or where the list
// would be larger than Options.ListBytes, the channel is a crowd: its members are
// counted, and all get one message a second. So a channel of N costs N deliveries a
// second, never N times N.
//
// # Why a list can't be wrong
//
// Each meta has a reference that is used once: it comes into a channel's list once,
// goes once, and goes after it came. What was announced is a set A of references,
// and each announcement is a step A₀ → A₁ → …: a difference, or a whole list
// (where the channel turns into a crowd, or back). A room is changed, and what it
// announces is given to the hub, under one lock, so that every loop gets the steps
// in their order.
//
// Who joins is shown Aₖ as it is at that moment, by the loop it is on. Of the steps
// that lead there, some may still be in the loop's mailbox: the client gets Aₖ,
// then the steps j … k again, without a hole, then k+1 and so on. That does no harm: of a
// reference that those steps know, the last of them has the last word, and it says what Aₖ
// says. Of all others Aₖ speaks. So after step k the client is at Aₖ, and from there it
// goes with everybody. A whole list among the steps is only a shorter way to say all
// of them.
//
// A hole would do harm: a join that comes late, and the leave not at all. There are three
// ways to get one.
//   - A loop that all subscribers of a channel left gets no steps, and those that
//     were posted before may still be in its mailbox when somebody comes. The hub
//     drops them (its topic.stale).
//   - A client that leaves and comes back may have steps from before on its way; the
//     Presence class of Phoenix applies them on top of the new list. So it is shown the
//     list again a moment later (session.Attendance.Missed), behind all that was on
//     its way.
//   - Steps are publications that may be dropped where a client is slow. It is shown the
//     list again when that fits into half of its queue.
//
// Being shown the list again puts a client at some Aₖ, whatever it had. Who has no room
// for its first list gets an empty one, and is shown the right one like who missed some.
//
// Who joins is shown itself too, before it is announced. Only its own connections
// know that reference, and when it was replaced before the announcement, the difference
// says so: others ignore the leave of what they don't know.
//
// TestModel plays all of this against the semantics of the npm class.
//
// # What is told to one client
//
// Named users are watched in crowds too. What a watcher is told goes through its
// loop's mailbox, behind all steps that came before, and brings its channel up to
// there first; so a step that clears the list can't come behind it.
package presence
