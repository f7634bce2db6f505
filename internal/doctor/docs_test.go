package doctor_test

import (
	"os"
	"strings"
	"testing"

	"throng/internal/doctor"
)

// Every check has its place in docs/doctor.md.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	s := subject(madeFor)
	r := doctor.Examine(machine(set(tree(t, "debian", "tuned"), "proc/sys/fs/nr_open", "1000")), s,
		read(t, "nginx.conf", deployed(t, "nginx.conf", "server_tokens off;", "include none;"), s),
		read(t, "nginx.none", "", s), read(t, "haproxy.none", "", s),
		read(t, "haproxy.cfg", deployed(t, "haproxy.cfg"), s),
		read(t, "haproxy-tcp.cfg", deployed(t, "haproxy-tcp.cfg", "    user haproxy\n", "    ulimit-n 1000\n"), s))
	for _, c := range r.Checks {
		name, _, _ := strings.Cut(c.Name, " (") // which frontend, which backend
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/doctor.md does not know %s", name)
		}
	}
	if len(r.Checks) < 40 {
		t.Errorf("only %d checks were looked for", len(r.Checks))
	}
}
