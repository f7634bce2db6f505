// Package throng holds the words and the ports of the server: what a channel, a
// publication and a position are, and what a broker, a presence store and a
// visits store must do. It contains no technology; every other room of the tree
// imports it, and it imports the standard library only.
//
// A channel carries publications. Where its namespace keeps history, every
// publication has an offset within an epoch, and the pair (offset, epoch), a
// Position, is all that a client needs to find out whether it missed something.
// A broker orders publications and stores the window; a hub (internal/hub) fans
// them out to the subscribers of this node.
package throng
