package load

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poll carries connections on one epoll, edge-triggered: each is registered once.
type poll struct {
	w       *Worker
	epoll   int
	owners  []int32 // by descriptor: index of the client + 1
	addrs   []unix.Sockaddr
	family  []int
	sources []unix.Sockaddr
	events  []unix.EpollEvent
	buf     []byte
	control []byte
	coarse  bool // the kernel has no epoll_pwait2
}

func newPoll(w *Worker) (*poll, error) {
	p := &poll{w: w, events: make([]unix.EpollEvent, 512), buf: make([]byte, 256<<10), control: make([]byte, 64)}
	for _, t := range w.targets {
		a, err := net.ResolveTCPAddr("tcp", t.addr)
		if err != nil {
			return nil, fmt.Errorf("target %s: %w", t.addr, err)
		}
		sa, family := sockaddr(a.AddrPort())
		p.addrs, p.family = append(p.addrs, sa), append(p.family, family)
	}
	for _, s := range w.plan.Scenario.Sources {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return nil, err
		}
		sa, _ := sockaddr(netip.AddrPortFrom(a, 0))
		p.sources = append(p.sources, sa)
	}
	var err error
	p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return p, err
}

func sockaddr(a netip.AddrPort) (sa unix.Sockaddr, family int) {
	if ip := a.Addr().Unmap(); ip.Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: ip.As4()}, unix.AF_INET
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}, unix.AF_INET6
}

func (p *poll) close() { _ = unix.Close(p.epoll) }

func (p *poll) dial(c *client) error {
	fd, err := unix.Socket(p.family[c.to], unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	c.fd = int32(fd)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if len(p.sources) > 0 {
		// The port is chosen when the destination is known, or they run out early.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
		if err := unix.Bind(fd, p.sources[p.w.source(c)%len(p.sources)]); err != nil {
			return err
		}
	}
	if err := unix.Connect(fd, p.addrs[c.to]); err != nil && err != unix.EINPROGRESS {
		return err
	}
	for len(p.owners) <= fd {
		p.owners = append(p.owners, 0)
	}
	p.owners[fd] = c.index + 1
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: c.fd, Pad: int32(c.gen)}
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &ev)
}

func (p *poll) drop(c *client) {
	if c.fd < 0 {
		return
	}
	if int(c.fd) < len(p.owners) {
		p.owners[c.fd] = 0
	}
	_ = unix.Close(int(c.fd))
	c.fd = -1
}

func (p *poll) send(c *client, b []byte) {
	if c.fd < 0 {
		return
	}
	if len(c.out) == 0 {
		n, err := unix.Write(int(c.fd), b)
		if err != nil && err != unix.EAGAIN {
			return // reading will tell
		}
		b = b[max(n, 0):]
	}
	if len(c.out) > p.w.unsent() {
		p.w.clog(c)
	}
	c.out = append(c.out, b...)
}

// flush writes what the kernel did not take before.
func (p *poll) flush(c *client) {
	n, err := unix.Write(int(c.fd), c.out)
	if err != nil {
		return
	}
	if c.out = c.out[n:]; len(c.out) == 0 {
		c.out = nil
	}
}

func (p *poll) wait(d time.Duration) error {
	n, err := p.await(d)
	if err == unix.EINTR {
		return nil
	}
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	began := time.Now()
	for i := range p.events[:n] {
		ev := &p.events[i]
		if owner := p.owners[ev.Fd]; owner != 0 {
			if c := &p.w.clients[owner-1]; c.gen == uint32(ev.Pad) {
				p.ready(c, ev.Events)
			}
		}
	}
	p.w.busy += time.Since(began)
	return nil
}

// await waits as exactly as the kernel can: epoll_wait knows only milliseconds, by
// which everything that is due at a time would come later.
func (p *poll) await(d time.Duration) (int, error) {
	if p.coarse {
		return unix.EpollWait(p.epoll, p.events, int((d+time.Millisecond-1)/time.Millisecond))
	}
	limit := unix.NsecToTimespec(int64(d))
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.epoll), uintptr(unsafe.Pointer(&p.events[0])),
		uintptr(len(p.events)), uintptr(unsafe.Pointer(&limit)), 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case unix.ENOSYS, unix.EPERM: // Linux before 5.11, or a sandbox that doesn't know it
		p.coarse = true
		return p.await(d)
	default:
		return 0, errno
	}
}

// ready deals with one descriptor's events.
func (p *poll) ready(c *client, events uint32) {
	gen := c.gen
	if events&unix.EPOLLOUT != 0 {
		switch {
		case c.state == dialling && !c.asked:
			if code, _ := unix.GetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_ERROR); code != 0 {
				p.w.broken(c, fmt.Errorf("connect: %w", unix.Errno(code)))
				return
			}
			c.asked = true
			p.w.connected(c)
		case len(c.out) > 0:
			p.flush(c)
		}
	}
	if events&^unix.EPOLLOUT == 0 {
		return
	}
	// A short read means that there is no more, and that the next edge will be
	// told (epoll(7)), but not that there is no end of file.
	for c.gen == gen && c.fd >= 0 {
		n, at, err := p.read(c)
		switch {
		case err == unix.EAGAIN:
			return
		case err != nil:
			p.w.broken(c, fmt.Errorf("closed: %w", err))
			return
		case n == 0:
			p.w.broken(c, fmt.Errorf("closed: %w", io.EOF))
			return
		}
		p.w.received(c, p.buf[:n:n], at)
		if n < len(p.buf) && events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) == 0 {
			return
		}
	}
}

// read returns when the kernel received the last of the bytes.
func (p *poll) read(c *client) (n int, at int64, err error) {
	n, oob, _, _, err := unix.Recvmsg(int(c.fd), p.buf, p.control, 0)
	if err != nil || n <= 0 {
		return n, 0, err
	}
	if at = stamp(p.control[:oob]); at == 0 {
		at = time.Now().UnixNano()
	}
	return n, at, nil
}

// stamp finds SCM_TIMESTAMPNS (socket(7)): a cmsghdr of 16 bytes and a timespec.
func stamp(b []byte) int64 {
	if len(b) < unix.SizeofCmsghdr+16 {
		return 0
	}
	level, kind := binary.NativeEndian.Uint32(b[8:]), binary.NativeEndian.Uint32(b[12:])
	if level != unix.SOL_SOCKET || kind != unix.SO_TIMESTAMPNS {
		return 0
	}
	seconds := int64(binary.NativeEndian.Uint64(b[16:]))
	return seconds*1e9 + int64(binary.NativeEndian.Uint64(b[24:]))
}
