package loop_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"throng/internal/loop"
)

// childForbidden is the environment variable that turns the test binary into a process
// to which io_uring is forbidden as it is in a container.
const childForbidden = "THRONG_LOOP_TEST_FORBIDDEN"

func init() {
	if os.Getenv(childForbidden) != "" {
		if err := serveForbidden(); err != nil {
			os.Exit(fail(err))
		}
		os.Exit(0)
	}
}

// Where io_uring is forbidden, auto does without, says why, and serves; who asks for it is
// told.
func TestForbidden(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childForbidden+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func serveForbidden() error {
	if err := forbid(unix.SYS_IO_URING_SETUP); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	if err := loop.HasRing(); !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("io_uring: %v", err)
	}
	_, err := loop.New(loop.Options{Kind: loop.Ring, Loops: 1})
	if !errors.Is(err, loop.ErrNoRing) || !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("asked for, it ends with %v", err)
	}
	e, err := loop.New(loop.Options{Loops: 2})
	if err != nil {
		return err
	}
	if why := e.NoRing(); e.Kind() != loop.Epoll || why == nil || !strings.Contains(why.Error(), "operation not permitted") {
		return fmt.Errorf("engine %s, %v", e.Kind(), why)
	}
	e.Start()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_ = e.Serve(ln, func() loop.Handler {
			p := newProbe(&testing.T{})
			echoing(p)
			return p
		})
	}()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return err
	}
	if !echoes(nc, patience) {
		return errors.New("no echo")
	}
	return nil
}

// forbid makes a system call fail with EPERM in all threads of the process, from now on
// (seccomp(2)).
func forbid(call uint32) error {
	const (
		setFilter    = 1 // SECCOMP_SET_MODE_FILTER
		allThreads   = 1 // SECCOMP_FILTER_FLAG_TSYNC
		retErrno     = 0x00050000
		retAllow     = 0x7fff0000
		load, equals = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	)
	program := []unix.SockFilter{
		{Code: load, K: 0}, // seccomp_data.nr
		{Code: equals, K: call, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: retErrno | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: retAllow},
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	runtime.LockOSThread() // what the first call sets, the second brings to the others
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, setFilter, allThreads, uintptr(unsafe.Pointer(&filter))); e != 0 {
		return e
	}
	return nil
}
