package loop

import (
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ring is an io_uring that is used for one thing: to send to many sockets with one
// system call (io_uring_setup(2), io_uring_enter(2), linux/io_uring.h). Nothing is ever
// under way in it: a socket that takes nothing answers so at once, so each call hands
// over its sends and comes back with all their results.
type ring struct {
	fd      int
	maps    [2][]byte // what is shared with the kernel: the queues, and the sends
	tail    *uint32   // of the sends; ours
	done    *uint32   // head of the results; ours
	results *uint32   // tail of them; the kernel's
	sends   []sqe
	answers []cqe
	held    []*byte // what is sent, of sends that were not handed over
}

// sqe is struct io_uring_sqe as far as a send fills it.
type sqe struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	off, addr     uint64
	len, msgFlags uint32
	userData      uint64
	_             [3]uint64
}

// cqe is struct io_uring_cqe.
type cqe struct {
	userData uint64
	res      int32
	flags    uint32
}

// ringParams is struct io_uring_params.
type ringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFD uint32
	_                                                                      [3]uint32
	sq                                                                     struct{ head, tail, mask, entries, flags, dropped, array, _, userAddrLow, userAddrHigh uint32 }
	cq                                                                     struct{ head, tail, mask, entries, overflow, cqes, flags, _, userAddrLow, userAddrHigh uint32 }
}

const (
	opSend      = 26         // IORING_OP_SEND
	oneMap      = 1          // IORING_FEAT_SINGLE_MMAP
	offsetSends = 0x10000000 // IORING_OFF_SQES
)

// newRing makes a ring for so many sends, a power of two.
func newRing(sends uint32) (*ring, error) {
	var p ringParams
	fd, _, e := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(sends), uintptr(unsafe.Pointer(&p)), 0)
	if e != 0 {
		return nil, fmt.Errorf("io_uring_setup: %w", e)
	}
	r := &ring{fd: int(fd)}
	if err := r.share(&p); err != nil {
		r.close()
		return nil, err
	}
	if err := r.try(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// share maps what we share with the kernel.
func (r *ring) share(p *ringParams) (err error) {
	if p.features&oneMap == 0 {
		return errors.New("io_uring of a kernel older than 5.4")
	}
	size := max(p.sq.array+p.sqEntries*4, p.cq.cqes+p.cqEntries*uint32(unsafe.Sizeof(cqe{})))
	for i, m := range []struct {
		offset int64
		size   uint32
	}{{0, size}, {offsetSends, p.sqEntries * uint32(unsafe.Sizeof(sqe{}))}} {
		r.maps[i], err = unix.Mmap(r.fd, m.offset, int(m.size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
		if err != nil {
			return fmt.Errorf("mmap of io_uring: %w", err)
		}
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.maps[0][offset])) }
	r.tail, r.done, r.results = at(p.sq.tail), at(p.cq.head), at(p.cq.tail)
	r.sends = unsafe.Slice((*sqe)(unsafe.Pointer(&r.maps[1][0])), p.sqEntries)
	r.answers = unsafe.Slice((*cqe)(unsafe.Pointer(&r.maps[0][p.cq.cqes])), p.cqEntries)
	for i, order := 0, unsafe.Slice(at(p.sq.array), p.sqEntries); i < len(order); i++ {
		order[i] = uint32(i)
	}
	return nil
}

// try sends until a socket takes no more, and looks whether that is answered at once:
// all depends on it, and what is sandboxed or patched is not always what its version says.
func (r *ring) try() error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socketpair: %w", err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	_ = unix.SetsockoptInt(pair[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 4096)
	b := make([]byte, 4096)
	for range 1 << 12 {
		var n int
		r.add(pair[0], b)
		made, err := r.enter(func(_, res int) { n = res })
		switch {
		case err != nil:
			return err
		case made == 0:
			return errors.New("io_uring_enter takes nothing")
		case n == -int(unix.EAGAIN):
			return nil
		case n <= 0:
			return fmt.Errorf("send by io_uring: %w", unix.Errno(-n))
		}
	}
	return errors.New("send by io_uring never ends")
}

// room is how many more sends fit.
func (r *ring) room() int { return len(r.sends) - len(r.held) }

// add gathers a send of b, which must stay as it is until enter. It must fit.
func (r *ring) add(fd int, b []byte) {
	at := *r.tail + uint32(len(r.held))
	data := unsafe.SliceData(b)
	r.sends[at&uint32(len(r.sends)-1)] = sqe{
		opcode: opSend, fd: int32(fd), addr: uint64(uintptr(unsafe.Pointer(data))), len: uint32(len(b)),
		msgFlags: unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL, userData: uint64(at),
	}
	r.held = append(r.held, data)
}

// errUnanswered is that the system took a send and did not say what came of it: it may
// still be under way.
var errUnanswered = errors.New("io_uring left a send unanswered")

// enter makes all gathered sends and calls took for each with its number, from 0, and
// what write(2) would have returned: the bytes, or an error's negative number. It returns
// how many the system took, from the first on: fewer if it is short of something. After
// errUnanswered the ring can't be used any more, and not all of those were told of.
func (r *ring) enter(took func(i, res int)) (made int, err error) {
	first, gathered := *r.tail, uint32(len(r.held))
	atomic.StoreUint32(r.tail, first+gathered)
	n, _, e := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(gathered), 0, 0, 0, 0)
	if e != 0 {
		n, err = 0, fmt.Errorf("io_uring_enter: %w", e)
	}
	atomic.StoreUint32(r.tail, first+uint32(n)) // the kernel looks at it in a call only
	r.forget()
	answered := 0
	at, end := *r.done, atomic.LoadUint32(r.results)
	for ; at != end; at++ {
		a := &r.answers[at&uint32(len(r.answers)-1)]
		if i := uint32(a.userData) - first; i < uint32(n) {
			answered++
			took(int(i), int(a.res))
		}
	}
	atomic.StoreUint32(r.done, end)
	if answered < int(n) {
		err = errUnanswered
	}
	return int(n), err
}

// forget drops what was gathered.
func (r *ring) forget() {
	clear(r.held)
	r.held = r.held[:0]
}

func (r *ring) close() {
	for _, m := range r.maps {
		if m != nil {
			_ = unix.Munmap(m)
		}
	}
	_ = unix.Close(r.fd)
}
