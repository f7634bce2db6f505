// Package sequence proves that nothing is lost: real WebSocket clients are cut,
// come back, read slowly and count every offset, and tools/seqcheck.py judges
// what they saw.
//
// # What is logged
//
// Publishers log each attempt, each acknowledgement and each refusal, clients
// each answer to a join and each delivery, be it a push or a publication in a
// join's answer. A publisher's name is "p<number>.<connection>": what it sent
// over a connection that was reset may still be on its way when the next
// connection is up, so an order is promised per connection only. A publish whose
// reply was lost with its connection is an attempt and no more.
//
// An acknowledgement is logged with the time of its attempt. seqcheck demands
// what was acknowledged after a client's subscription; a publish that was under
// way while the client subscribed may rightly lie before the client's position.
//
// # Publications that expire
//
// A publication whose deadline has come is skipped silently, so its offset is
// missing for one client and not for another. seqcheck knows no deadlines: to it
// every missing offset is a gap. Which offsets belong to publications that expire
// is known, because only the test itself publishes them, in process, and is told
// their positions. Before the log is written they are taken out of the streams:
// every offset, of a delivery, an acknowledgement or a join's answer, is replaced
// by its rank among the offsets of its channel and epoch that do not expire. What
// remains steps by exactly one, and a lost publication is still a gap. A
// publication with a deadline an hour away is not taken out: it must not be lost.
//
// The expiring ones are judged here: in order and once (all offsets of a client
// rise), the right one at the offset, and never too late. Reading late does not
// prove writing late, so lateness is judged twice. A frame that comes behind
// another one, on the same connection, that was published after the frame's
// deadline, was written after its deadline, however long anything took (skew
// apart, see clockSkew). And by the clock, a frame whose deadline had come may not follow
// when its reader found nothing there, or asked for a connection or a poll, by lateness.
// TestDeadlineBehindStall is strict: what waits in the server behind a stalled
// socket is not seen once its deadline has come.
package sequence

import (
	"flag"
	"os"
	"os/exec"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The defaults are those of a run in a test suite; for a longer one:
//
//	go test ./test/sequence -run TestSequence -sequence.clients=4000 -sequence.seconds=60 -timeout=20m
//
// The log grows by some 100 bytes of memory per delivery until the run is over.
var (
	clientsFlag = flag.Int("sequence.clients", defaultClients, "clients of TestSequence")
	secondsFlag = flag.Int("sequence.seconds", defaultSeconds, "publications of TestSequence, in seconds at their nominal rate")
	seedFlag    = flag.Uint64("sequence.seed", 20240607, "seed of all that is random")
)

const (
	// clockSkew is what two clocks that began at the same wall time may differ:
	// the server's and ours count whole milliseconds.
	clockSkew = 5
	// lateness is how long a frame may be on its way through kernels to a reader who
	// waits, in milliseconds.
	lateness = 1000

	seqcheck = "../../tools/seqcheck.py"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// TestSeqcheck: the judge itself notices what it is to notice.
func TestSeqcheck(t *testing.T) {
	out, err := exec.Command(python(t), seqcheck, "--selftest").CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("seqcheck.py --selftest: %v", err)
	}
}

// python fails rather than skips: a green run must mean that the judge ran.
func python(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err == nil {
		_, err = os.Stat(seqcheck)
	}
	if err != nil {
		t.Fatalf("%v: run make setup", err)
	}
	return path
}

// waitFor polls a condition that other goroutines make true.
func waitFor(t *testing.T, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}
