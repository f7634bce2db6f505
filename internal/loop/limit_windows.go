package loop

import "math"

// Windows has no limit of this kind.
func descriptorLimit() int64 { return math.MaxInt32 }
