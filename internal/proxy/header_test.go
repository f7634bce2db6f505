package proxy_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"throng/internal/proxy"
)

// Parts of headers of version 2.
const (
	signature = "\r\n\r\n\x00\r\nQUIT\n"

	local = "\x20"
	proxi = "\x21"

	unspec = "\x00"
	tcp4   = "\x11"
	udp4   = "\x12"
	tcp6   = "\x21"
	stream = "\x31"

	addrs4 = "\xc6\x33\x64\x01" + "\xc0\x00\x02\x01" + "\xdc\x04" + "\x01\xbb" // 198.51.100.1:56324 192.0.2.1:443
	addrs6 = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02" + "\xdc\x04" + "\x01\xbb"
	mapped = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc6\x33\x64\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02" + "\xdc\x04" + "\x01\xbb"
)

// v2 is a header of version 2 with its length.
func v2(command, family, rest string) string {
	return signature + command + family + string(binary.BigEndian.AppendUint16(nil, uint16(len(rest)))) + rest
}

func tlv(kind byte, value string) string {
	return string(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(value)))) + value
}

// summed puts the right checksum where the TLV of one has only zeros.
func summed(header string) string {
	b := []byte(header)
	sum := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	at := bytes.Index(b, []byte(tlv(3, "\x00\x00\x00\x00"))) + 3
	binary.BigEndian.PutUint32(b[at:], sum)
	return string(b)
}

type whole struct{ name, header, client string }

// wholes are headers with the clients that they name.
func wholes() []whole {
	return []whole{
		{"TCP4", "PROXY TCP4 198.51.100.1 192.0.2.1 56324 443\r\n", "198.51.100.1:56324"},
		{"TCP4 long", "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535"},
		{"TCP4 port 0", "PROXY TCP4 1.2.3.4 1.2.3.4 0 0\r\n", "1.2.3.4:0"},
		{"TCP6", "PROXY TCP6 2001:db8::1 2001:DB8::2 56324 443\r\n", "[2001:db8::1]:56324"},
		{"TCP6 long", "PROXY TCP6 " + strings.Repeat("ffff:", 7) + "ffff " + strings.Repeat("ffff:", 7) + "ffff 65535 65535\r\n", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
		{"TCP6 mapped", "PROXY TCP6 ::ffff:198.51.100.1 ::1 1 2\r\n", "198.51.100.1:1"},
		{"TCP6 of nginx", "PROXY TCP6 2001:db8::1 192.0.2.1 1 2\r\n", "[2001:db8::1]:1"},
		{"UNKNOWN", "PROXY UNKNOWN\r\n", ""},
		{"UNKNOWN with anything", "PROXY UNKNOWN ffff::1 \x00\r \n; drop\r\n", ""},
		{"UNKNOWN longest", "PROXY UNKNOWN " + strings.Repeat("x", 107-16) + "\r\n", ""},

		{"v2 IPv4", v2(proxi, tcp4, addrs4), "198.51.100.1:56324"},
		{"v2 IPv4 datagram", v2(proxi, udp4, addrs4), "198.51.100.1:56324"},
		{"v2 IPv6", v2(proxi, tcp6, addrs6), "[2001:db8::1]:56324"},
		{"v2 IPv6 mapped", v2(proxi, tcp6, mapped), "198.51.100.1:56324"},
		{"v2 Unix", v2(proxi, stream, strings.Repeat("\x00", 216)), ""},
		{"v2 unspecified", v2(proxi, unspec, ""), ""},
		{"v2 unspecified with anything", v2(proxi, unspec, "anything"), ""},
		{"v2 local", v2(local, unspec, ""), ""},
		{"v2 local with addresses", v2(local, tcp4, addrs4), ""},
		{"v2 local of no family", v2(local, "\xff", "anything"), ""},
		{"v2 TLVs", v2(proxi, tcp4, addrs4+tlv(1, "h2")+tlv(4, "")+tlv(0xe0, "own")), "198.51.100.1:56324"},
		{"v2 checksum", summed(v2(proxi, tcp4, addrs4+tlv(3, "\x00\x00\x00\x00"))), "198.51.100.1:56324"},
		{"v2 checksum between", summed(v2(proxi, tcp6, addrs6+tlv(2, "example.com")+tlv(3, "\x00\x00\x00\x00")+tlv(5, "id"))), "[2001:db8::1]:56324"},
		{"v2 longest", v2(proxi, tcp4, addrs4+tlv(4, strings.Repeat("x", 2048-15))), "198.51.100.1:56324"},
	}
}

// Each header is found whatever follows, and no byte too early.
func TestHeader(t *testing.T) {
	for _, w := range wholes() {
		t.Run(w.name, func(t *testing.T) {
			var want netip.AddrPort
			if w.client != "" {
				want = netip.MustParseAddrPort(w.client)
			}
			for _, tail := range []string{"", "G", "GET / HTTP/1.1\r\n\r\n", w.header} {
				client, n, err := proxy.Header([]byte(w.header + tail))
				if client != want || n != len(w.header) || err != nil {
					t.Errorf("with %q behind: %v, %d of %d, %v", tail, client, n, len(w.header), err)
				}
			}
			for i := range w.header {
				b := []byte(w.header[:i])
				if client, n, err := proxy.Header(b); client.IsValid() || n != 0 || err != nil {
					t.Fatalf("%q: %v, %d, %v", b, client, n, err)
				}
				if !proxy.Begins(b) {
					t.Fatalf("%q does not begin a header", b)
				}
			}
		})
	}
}

// What can't become a header is refused at the byte that says so, and not before.
func TestHeaderRefuses(t *testing.T) {
	const ok4 = "PROXY TCP4 198.51.100.1 192.0.2.1 56324 443\r\n"
	long := strings.Repeat("x", 107)
	tests := []struct {
		name, good, bad string
		says            string
	}{
		{"HTTP", "", "GET / HTTP/1.1\r\n\r\n", "there is none"},
		{"HTTP that begins alike", "P", "OST / HTTP/1.1\r\n\r\n", "there is none"},
		{"TLS", "", "\x16\x03\x01", "there is none"},
		{"small letters", "", "proxy", "there is none"},
		{"blank lines", "\r\n\r\n", "\r\n", "there is none"},
		{"protocol", "PROXY ", "UDP4 ", "protocol"},
		{"protocol at its end", "PROXY TCP", "5 ", "protocol"},
		{"two blanks", "PROXY TCP4 ", " 198.51.100.1", "address"},
		{"IPv6 in TCP4", "PROXY TCP4 2001:db8::1", " ", "address"},
		{"no address", "PROXY TCP4 198.51.100", " ", "address"},
		{"octal address", "PROXY TCP4 198.51.100.01", " ", "address"},
		{"name", "PROXY TCP4 ", "localhost", "address"},
		{"zone", "PROXY TCP6 fe80::1", "%eth0", "address"},
		{"endless address", "PROXY TCP6 " + strings.Repeat("1", 39), "1", "address"},
		{"wrong second address", "PROXY TCP4 198.51.100.1 1.2.3.4.5", " ", "address"},
		{"port too large", "PROXY TCP4 1.2.3.4 1.2.3.4 65536", " ", "port"},
		{"endless port", "PROXY TCP4 1.2.3.4 1.2.3.4 65535", "5", "port"},
		{"octal port", "PROXY TCP4 1.2.3.4 1.2.3.4 080", " ", "port"},
		{"negative port", "PROXY TCP4 1.2.3.4 1.2.3.4 ", "-1", "port"},
		{"one port", "PROXY TCP4 1.2.3.4 1.2.3.4 80", "\r\n", "port"},
		{"blank at the end", "PROXY TCP4 1.2.3.4 1.2.3.4 80 80", " \r\n", "port"},
		{"no carriage return", ok4[:len(ok4)-2], "\n", "port"},
		{"no line feed", ok4[:len(ok4)-1], "x", "CRLF"},
		{"unknown's name", "PROXY UNKNOWN", "S", "protocol"},
		{"unknown without end", "PROXY UNKNOWN " + long[:107-15], "x", "107 bytes"},

		{"v2 version", signature, "\x11", "version"},
		{"v2 command", signature, "\x22", "version"},
		{"v2 family", signature + proxi, "\x41", "family"},
		{"v2 protocol", signature + proxi, "\x13", "family"},
		{"v2 family without protocol", signature + proxi, "\x10", "family"},
		{"v2 protocol without family", signature + proxi, "\x01", "family"},
		{"v2 too long", signature + proxi + tcp4 + "\x08", "\x01", "2 KiB"},
		{"v2 local too long", signature + local + unspec + "\xff", "\xff", "2 KiB"},
		{"v2 short for IPv4", signature + proxi + tcp4 + "\x00", "\x0b", "short"},
		{"v2 short for IPv6", signature + proxi + tcp6 + "\x00", "\x23", "short"},
		{"v2 short for Unix", signature + proxi + stream + "\x00", "\xd7", "short"},
		{"v2 TLV without length", v2(proxi, tcp4, addrs4+"\x01")[:28], "\x01", "TLV"},
		{"v2 TLV too long", v2(proxi, tcp4, addrs4+"\x01\x00\x02h")[:31], "h", "TLV"},
		{"v2 checksum of another size", v2(proxi, tcp4, addrs4+tlv(3, "\x00\x00"))[:32], "\x00", "TLV"},
		{"v2 checksum of five bytes", "", v2(proxi, tcp4, addrs4+tlv(3, "\x00\x00\x00\x00\x00")), "TLV"},
		{"v2 two checksums", "", summed(v2(proxi, tcp4, addrs4+tlv(3, "\x00\x00\x00\x00")+tlv(3, "\x00\x00\x00\x00"))), "TLV"},
		{"v2 no checksum", "", v2(proxi, tcp4, addrs4+tlv(3, "\x00\x00\x00\x00")), "checksum"},
		{"v2 wrong checksum", "", strings.Replace(summed(v2(proxi, tcp4, addrs4+tlv(3, "\x00\x00\x00\x00"))), "\xdc\x04", "\xdc\x05", 1), "checksum"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if client, n, err := proxy.Header([]byte(tt.good)); client.IsValid() || n != 0 || err != nil {
				t.Errorf("%q: %v, %d, %v, but a header could come", tt.good, client, n, err)
			}
			client, n, err := proxy.Header([]byte(tt.good + tt.bad))
			if client.IsValid() || n != 0 {
				t.Errorf("%v, %d, and %v", client, n, err)
			}
			var herr proxy.HeaderError
			if !errors.As(err, &herr) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q: error %v, which should say %q", tt.good+tt.bad, err, tt.says)
			}
		})
	}
}

// Every change of one bit in a header with a checksum is noticed, unless it makes
// another TLV of the checksum.
func TestChecksumCoversAll(t *testing.T) {
	header := []byte(summed(v2(proxi, tcp4, addrs4+tlv(3, "\x00\x00\x00\x00")+tlv(5, "id"))))
	for i := 16; i < len(header); i++ {
		for bit := range 8 {
			b := slices.Clone(header)
			b[i] ^= 1 << bit
			if i >= 28 && i <= 30 || i >= 35 && i <= 37 {
				continue // types and lengths: the checksum may be gone
			}
			if _, n, err := proxy.Header(b); n != 0 || err == nil {
				t.Errorf("byte %d, bit %d: passed", i, bit)
			}
		}
	}
}

func TestBegins(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "P": true, "PROXY": true, "PROXY ": true, "PROXY whatever": true,
		"\r\n": true, signature: true, signature + "whatever": true,
		"PO": false, "PROXY\r\n": false, "PROPFIND / HTTP/1.1": false, "GET": false, "\n": false, "\r\n\r\n\r": false, signature[:11] + "\r": false,
	} {
		if got := proxy.Begins([]byte(s)); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

// FuzzHeader: a header that was found ends where it says, and none is found
// earlier; what is refused stays refused when more comes.
func FuzzHeader(f *testing.F) {
	for _, w := range wholes() {
		f.Add([]byte(w.header + "GET"))
	}
	f.Add([]byte("PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), 4096)]
		client, n, err := proxy.Header(b)
		if n < 0 || n > len(b) || n > 16+2048 || err != nil && (n != 0 || client.IsValid()) || n == 0 && client.IsValid() {
			t.Fatalf("%v, %d of %d, %v", client, n, len(b), err)
		}
		if client.Addr().Is4In6() || client.Addr().Zone() != "" {
			t.Fatalf("client %v", client)
		}
		if err == nil && !proxy.Begins(b) {
			t.Fatal("a header that does not begin like one")
		}
		if n == 0 && err == nil && len(b) >= 16+2048 {
			t.Fatalf("%d bytes are not enough", len(b))
		}
		step := max(1, len(b)/64)
		for i := 0; i < len(b); i += step {
			c, m, e := proxy.Header(b[:i])
			switch {
			case e != nil && e != err:
				t.Fatalf("%d bytes: %v; %d: %v", i, e, len(b), err)
			case m != 0 && (m != n || c != client || e != nil):
				t.Fatalf("%d bytes: %v, %d, %v; %d: %v, %d", i, c, m, e, len(b), client, n)
			case n > 0 && i >= n && m == 0, i < n && m != 0:
				t.Fatalf("%d bytes: %d; %d: %d", i, m, len(b), n)
			}
		}
	})
}

func BenchmarkHeader(b *testing.B) {
	for _, w := range wholes() {
		switch w.name {
		case "TCP4", "v2 IPv4", "v2 IPv6", "v2 checksum":
		default:
			continue
		}
		b.Run(w.name, func(b *testing.B) {
			in := []byte(w.header)
			b.ReportAllocs()
			for b.Loop() {
				if _, n, err := proxy.Header(in); n == 0 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

func TestHeaderAllocatesNothing(t *testing.T) {
	ins := [][]byte{[]byte("GET / HTTP/1.1"), []byte("PROXY TCP4 1.2.3.4 1.2.")}
	for _, w := range wholes() {
		ins = append(ins, []byte(w.header))
	}
	for _, in := range ins {
		if n := testing.AllocsPerRun(10, func() { _, _, _ = proxy.Header(in) }); n != 0 {
			t.Errorf("%q: %v allocations", in[:min(len(in), 60)], n)
		}
	}
}
