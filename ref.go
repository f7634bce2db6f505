package throng

// Ref names a connection of this process for as long as the process lives: the
// loop that owns it, its slot there, and the slot's generation. A Ref whose
// connection is gone reaches nobody. It is plain data: timers and results that
// are under way hold a Ref, never the connection.
type Ref struct {
	Loop      uint16
	Slot, Gen uint32
}
