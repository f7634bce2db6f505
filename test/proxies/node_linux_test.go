package proxies

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const scriptTimeout = 2 * time.Minute

// runNode runs a script through a proxy. When it says "cut", cut is done
// and the script is told to go on.
func runNode(t *testing.T, f *front, url, script string, cut func()) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", "node_modules", "phoenix", "package.json")); err != nil {
		t.Fatalf("%v: run make setup", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), scriptTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", script, url)
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+f.path("cert.pem"))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: run make setup", err)
	}
	steps := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		t.Log(lines.Text())
		steps++
		if lines.Text() == "cut" && cut != nil {
			cut()
			fmt.Fprintln(in)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("node %s %s: %v\n%s", script, url, err, complaints.String())
	}
	if steps == 0 {
		t.Fatalf("node %s %s said nothing", script, url)
	}
}
