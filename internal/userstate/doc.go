// Package userstate keeps a small map of keys and values for each user, which the user's
// tabs and devices share.
//
// Whoever subscribes to the user's own channel is shown the whole map at a version, the
// snapshot; each change after it is a publication of the channel, the diff, with the
// map's next version. Order is the server's, and the last write wins, unless it names the
// version that it expects of its key.
//
// # Why a screen can't be wrong
//
// A map is changed, and the diff is given to the broker, under one lock, so diffs are in
// the channel in the order of their versions. A snapshot is taken under the same lock,
// by the loop of a subscription that has begun. So a diff above the snapshot's version is
// published after the subscription began: the client gets it. What it gets of those up to
// that version changes nothing: it ignores what is not above its own.
//
// A client that recovers gets the diffs it missed, and may do without the snapshot if
// it says at which version it stands. Everything else (another epoch, a window that does
// not reach back, a diff that the broker did not take) ends in a snapshot: to one client
// as an answer, or to all as a publication of the same name.
//
// A map that was forgotten and is written to again has another epoch, and begins at
// version 1; who sees a diff with version 1 begins with an empty map too.
//
// # What is on the disk
//
// With a store, a change is written before anybody sees it. Changes of a user that wait
// are tried on a copy of the map, written together with those of other users, and shown
// when that is done; more of the user wait meanwhile. When it is not known whether a
// group was written, the map is loaded again before the next change. Should the group be
// written later than that, the next change, which goes on from something else, is refused
// by the store, and the map loaded once more; what others change in the same group is
// written without it.
//
// # Memory
//
// What maps and waiting changes take is counted, and bounded: when it is too much, nothing
// is set any more, and no map is read. Without a store that is all there is to do: a map
// that leaves memory is lost. With one, maps of users who are not here are put away before
// it comes to that. Who is here has a record in any case, which waits for the map.
package userstate
