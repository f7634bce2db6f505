package server_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"throng/internal/server"
)

func TestAddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, key := range []string{"listen", "internal"} {
		c := configured(t, map[string]string{key: taken.Addr().String()})
		if _, err := server.New(server.Options{Config: c}); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s: %v, want EADDRINUSE", key, err)
		}
	}
}

// The second of two addresses can't be had: the first is given back.
func TestFailedStartLeavesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	socket := filepath.Join(t.TempDir(), "s")
	c := configured(t, map[string]string{"listen": "unix:" + socket + "," + taken.Addr().String()})
	if _, err := server.New(server.Options{Config: c}); err == nil {
		t.Fatal("no error")
	}
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket file is still there: %v", err)
	}
}

func TestSeveralPublicListeners(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Unix sockets")
	}
	socket := filepath.Join(t.TempDir(), "s")
	s := start(t, server.Options{Config: configured(t, map[string]string{
		"dev": "true", "listen": "127.0.0.1:0,127.0.0.1:0,unix:" + socket,
	})})
	if n := len(s.Public()); n != 3 {
		t.Fatalf("%d public listeners, want 3", n)
	}
	for _, addr := range s.Public() {
		dial(t, addr, "/socket/websocket?vsn=2.0.0")
	}
	if n := s.Engine().Connections(); n != 3 {
		t.Errorf("%d connections, want 3", n)
	}
}

// A process that was killed leaves its socket file; one that lives answers there.
func TestStaleSocketFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Unix sockets")
	}
	socket := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	_ = dead.Close()
	if _, err := os.Stat(socket); err != nil {
		t.Fatalf("no stale file to begin with: %v", err)
	}
	c := configured(t, map[string]string{"listen": "unix:" + socket})
	s := start(t, server.Options{Config: c})
	if status, _, _ := get(t, s.Public()[0], "/"); status != 404 {
		t.Errorf("GET / through the socket: %d, want 404", status)
	}
	if _, err := server.New(server.Options{Config: c}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second server on a live socket: %v, want EADDRINUSE", err)
	}
	s.stop()
	<-s.over
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket file is left behind: %v", err)
	}
}

func TestSocketPathThatIsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := configured(t, map[string]string{"listen": "unix:" + path})
	if _, err := server.New(server.Options{Config: c}); err == nil {
		t.Error("no error")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "data" {
		t.Errorf("the file is damaged: %q %v", b, err)
	}
}
