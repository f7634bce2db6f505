package events

// Rearmed is told by the session that its deadline may have changed.
func (s *Stream) Rearmed() { s.arm() }

// Rearmed is told by the session that its deadline may have changed.
func (p *Poll) Rearmed() { p.arm() }
