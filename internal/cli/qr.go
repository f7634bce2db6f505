package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"rsc.io/qr"
)

// quiet is how wide the empty edge of a QR code is, in modules. ISO/IEC 18004 asks for
// four; phones do with two, and a small terminal has no room.
const quiet = 2

// writeQR draws text as a QR code, two modules in a character. With colour it is black
// on white whatever the terminal's are. Without, light modules are drawn: right on a
// dark terminal, and on a light one phones mostly read the negative.
func writeQR(w io.Writer, text string, colour bool) {
	code, err := qr.Encode(text, qr.L)
	if err != nil { // too long for any code: the text is there anyway
		return
	}
	const upper, lower, both, none = '▀', '▄', '█', ' '
	for y := -quiet; y < code.Size+quiet; y += 2 {
		var line strings.Builder
		for x := -quiet; x < code.Size+quiet; x++ {
			// Below the code there may be half a line.
			top, bottom := !code.Black(x, y), y+1 < code.Size+quiet && !code.Black(x, y+1)
			switch {
			case top && bottom:
				line.WriteRune(both)
			case top:
				line.WriteRune(upper)
			case bottom:
				line.WriteRune(lower)
			default:
				line.WriteRune(none)
			}
		}
		if colour {
			fmt.Fprintf(w, "\x1b[38;5;231;48;5;16m%s\x1b[0m\n", line.String())
		} else {
			fmt.Fprintln(w, line.String())
		}
	}
}

// coloured reports whether w is a terminal that may be given colours.
func coloured(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
