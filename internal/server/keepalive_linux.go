package server

import (
	"time"

	"golang.org/x/sys/unix"
)

// keepAliveTimes are those of keepAlive. Sockets inherit them from their
// listener.
func keepAliveTimes() []sockopt {
	k := keepAlive()
	return []sockopt{
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, int(k.Idle / time.Second)},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int(k.Interval / time.Second)},
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, k.Count},
	}
}
