package proxy

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// The header of version 2 (the specification's section 2.2).
const (
	fixedSize = 16 // signature, version and command, family and protocol, length

	// maxLength bounds what follows the fixed part. The field could say 64 KiB, and
	// a loop has one buffer of that size for everybody. The largest addresses are
	// 216 bytes, names and checksums in TLVs a few hundred; what does not fit is a
	// client's whole certificate, which is of no use here.
	maxLength = 2 << 10
)

// Commands and families.
const (
	local   = 0x20
	proxied = 0x21

	unspec = 0x0
	inet   = 0x1
	inet6  = 0x2
	unix   = 0x3
)

const (
	errCommand  HeaderError = "version or command is unknown"
	errFamily   HeaderError = "family or protocol is unknown"
	errLength   HeaderError = "longer than 2 KiB: the proxy should send fewer TLVs"
	errShort    HeaderError = "too short for its addresses"
	errTLV      HeaderError = "a TLV does not fit"
	errChecksum HeaderError = "the checksum is wrong"
)

// header2 reads what begins as version 2 does.
func header2(b []byte) (client netip.AddrPort, n int, err error) {
	if err := checkFixed(b); err != nil || len(b) < fixedSize {
		return client, 0, err
	}
	command, family := b[12], b[13]>>4
	n = fixedSize + int(binary.BigEndian.Uint16(b[14:]))
	size := addrsSize(family)
	switch {
	case n > fixedSize+maxLength:
		return client, 0, errLength
	case command == proxied && n < fixedSize+size:
		return client, 0, errShort
	case len(b) < n:
		return client, 0, nil
	}
	// Nothing in a header that names nobody counts, whatever it has.
	if command == local || family == unspec {
		return client, n, nil
	}
	block := b[fixedSize:n]
	if err := checkTLVs(b[:n], fixedSize+size); err != nil {
		return client, 0, err
	}
	switch family {
	case inet:
		client = netip.AddrPortFrom(netip.AddrFrom4([4]byte(block)), binary.BigEndian.Uint16(block[8:]))
	case inet6:
		client = netip.AddrPortFrom(netip.AddrFrom16([16]byte(block)).Unmap(), binary.BigEndian.Uint16(block[32:]))
	}
	return client, n, nil
}

// checkFixed judges as much of the fixed part as there is. With LOCAL the family
// does not count.
func checkFixed(b []byte) error {
	switch {
	case len(b) <= 12 || b[12] == local:
		return nil
	case b[12] != proxied:
		return errCommand
	case len(b) > 13 && !isFamily(b[13]):
		return errFamily
	}
	return nil
}

// isFamily accepts the families with a protocol each (stream or datagram), and
// neither.
func isFamily(b byte) bool {
	family, protocol := b>>4, b&0xf
	return b == unspec || inet <= family && family <= unix && (protocol == 1 || protocol == 2)
}

// addrsSize is what the two addresses of a family take.
func addrsSize(family byte) int {
	switch family {
	case inet:
		return 2*4 + 2*2
	case inet6:
		return 2*16 + 2*2
	case unix:
		return 2 * 108
	}
	return 0
}

// typeCRC32C is the TLV of a checksum (the specification's section 2.2.2).
const typeCRC32C = 0x03

// checkTLVs walks through the TLVs, which begin at an offset of the header, and
// verifies the checksum if there is one.
func checkTLVs(header []byte, at int) error {
	summed := false
	for at < len(header) {
		if len(header)-at < 3 {
			return errTLV
		}
		kind, size := header[at], int(binary.BigEndian.Uint16(header[at+1:]))
		at += 3
		switch {
		case len(header)-at < size:
			return errTLV
		case kind != typeCRC32C:
		case summed || size != crc32.Size:
			return errTLV
		case checksum(header, at) != binary.BigEndian.Uint32(header[at:]):
			return errChecksum
		default:
			summed = true
		}
		at += size
	}
	return nil
}

// checksum is the CRC32c of a header, as if the one that it has were zero.
func checksum(header []byte, at int) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := ^crc32.Checksum(header[:at], table)
	for range crc32.Size { // a zero byte leaves the table's entry as it is
		sum = table[byte(sum)] ^ sum>>8
	}
	return crc32.Update(^sum, table, header[at+crc32.Size:])
}
