package loop_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"net"
	"strings"
	"testing"
)

// forger is a TLS client that writes records which crypto/tls would not. It reads
// through crypto/tls.
type forger struct {
	client
	version uint16
	secret  []byte
	aead    cipher.AEAD
	iv      []byte
	seq     uint64
}

const (
	alertRecord     = 21
	handshakeRecord = 22
	dataRecord      = 23
)

// tap is a net.Conn that remembers what it read.
type tap struct {
	net.Conn
	got bytes.Buffer
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.got.Write(b[:n])
	return n, err
}

// forge connects a client of a TLS version to a rig.
func forge(r *rig, version uint16) (*forger, *probe) {
	r.t.Helper()
	var keys strings.Builder
	raw := &tap{Conn: r.knock().Conn}
	cfg := clientTLS()
	cfg.MinVersion, cfg.MaxVersion, cfg.KeyLogWriter = version, version, &keys
	cfg.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	tc := tls.Client(raw, cfg)
	if err := tc.Handshake(); err != nil {
		r.t.Fatal(err)
	}
	f := &forger{client: client{tc, r.t}, version: version}
	logged := map[string][]byte{}
	var random []byte
	for line := range strings.Lines(keys.String()) {
		w := strings.Fields(line)
		random, _ = hex.DecodeString(w[1])
		logged[w[0]], _ = hex.DecodeString(w[2])
	}
	if version == tls.VersionTLS13 {
		if id := tc.ConnectionState().CipherSuite; id != tls.TLS_AES_128_GCM_SHA256 {
			r.t.Skipf("%s was agreed on", tls.CipherSuiteName(id)) // without AES in hardware
		}
		f.use(logged["CLIENT_TRAFFIC_SECRET_0"])
	} else {
		server := raw.got.Bytes()[11:43] // of the ServerHello
		block := prf(logged["CLIENT_RANDOM"], "key expansion", append(bytes.Clone(server), random...), 40)
		f.aead, f.iv, f.seq = gcm(block[:16]), block[32:36], 1 // Finished was 0
	}
	p := receive(r.t, r.probes)
	receive(r.t, p.opened)
	return f, p
}

// use makes keys of a traffic secret (RFC 8446, 7.3).
func (f *forger) use(secret []byte) {
	f.secret, f.seq = secret, 0
	f.aead, f.iv = gcm(expand(secret, "key", 16)), expand(secret, "iv", 12)
}

// update says KeyUpdate, asking for the peer's, and goes over to the next keys
// (RFC 8446, 4.6.3).
func (f *forger) update(wire []byte) []byte {
	wire = f.seal(wire, handshakeRecord, []byte{24, 0, 0, 1, 1})
	f.use(expand(f.secret, "traffic upd", 32))
	return wire
}

// seal appends a record to wire.
func (f *forger) seal(wire []byte, typ byte, data []byte) []byte {
	if f.version == tls.VersionTLS13 {
		inner := append(bytes.Clone(data), typ)
		head := binary.BigEndian.AppendUint16([]byte{dataRecord, 3, 3}, uint16(len(inner)+16))
		nonce := bytes.Clone(f.iv)
		binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^f.seq)
		f.seq++
		return f.aead.Seal(append(wire, head...), nonce, inner, head)
	}
	seq := binary.BigEndian.AppendUint64(nil, f.seq)
	f.seq++
	about := binary.BigEndian.AppendUint16(append(bytes.Clone(seq), typ, 3, 3), uint16(len(data)))
	wire = binary.BigEndian.AppendUint16(append(wire, typ, 3, 3), uint16(8+len(data)+16))
	return f.aead.Seal(append(wire, seq...), append(bytes.Clone(f.iv), seq...), data, about)
}

// raw writes bytes under crypto/tls.
func (f *forger) raw(b []byte) {
	f.t.Helper()
	if _, err := f.Conn.(*tls.Conn).NetConn().Write(b); err != nil {
		f.t.Fatal(err)
	}
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// expand is HKDF-Expand-Label (RFC 8446, 7.1).
func expand(secret []byte, label string, n int) []byte {
	label = "tls13 " + label
	info := append([]byte{0, byte(n), byte(len(label))}, label...)
	b, err := hkdf.Expand(sha256.New, secret, string(append(info, 0)), n)
	if err != nil {
		panic(err)
	}
	return b
}

// prf is the one of TLS 1.2 (RFC 5246, 5).
func prf(secret []byte, label string, seed []byte, n int) (out []byte) {
	mac := func(b []byte) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write(b)
		return h.Sum(nil)
	}
	seed = append([]byte(label), seed...)
	for a := mac(seed); len(out) < n; a = mac(a) {
		out = append(out, mac(append(bytes.Clone(a), seed...))...)
	}
	return out[:n]
}

// lastRecord returns the type of the last of some whole records.
func lastRecord(t testing.TB, b []byte) (typ byte) {
	t.Helper()
	for len(b) > 0 {
		if len(b) < 5 || len(b) < 5+int(binary.BigEndian.Uint16(b[3:])) {
			t.Fatalf("%d bytes of a record", len(b))
		}
		typ, b = b[0], b[5+int(binary.BigEndian.Uint16(b[3:])):]
	}
	return typ
}
