package loop

// AllTogether makes even a single write by io_uring, if the engine has it; before Start.
func (e *Engine) AllTogether() {
	for _, l := range e.loops {
		l.together.apart = 0
	}
}
