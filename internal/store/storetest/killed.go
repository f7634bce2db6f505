package storetest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"throng"
)

// The variables that make a test binary a process that claims.
const (
	claimerTarget = "THRONG_TEST_CLAIMER"
	claimerSeed   = "THRONG_TEST_CLAIMER_SEED"
)

// claimed are the bonuses that processes claim, and their quotas.
var claimed = map[string]int64{"everybody": 0, "the first": 60}

// IfClaimer claims for ever, if this process was started for that by Killed. It is what
// TestMain begins with.
func IfClaimer(open func(ctx context.Context, target string) (Store, error)) {
	target := os.Getenv(claimerTarget)
	if target == "" {
		return
	}
	fmt.Fprintln(os.Stderr, claimForEver(open, target))
	os.Exit(1)
}

// answer is a line that a process says: what a user was told.
type answer struct {
	Bonus  string
	Asked  throng.Claim
	Judged throng.Judged
}

// claimForEver returns what ended it.
func claimForEver(open func(context.Context, string) (Store, error), target string) error {
	ctx := context.Background()
	s, err := open(ctx, target)
	if err != nil {
		return err
	}
	var seed uint64
	if _, err := fmt.Sscan(os.Getenv(claimerSeed), &seed); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(seed, 0))
	out := bufio.NewWriter(os.Stdout)
	say := json.NewEncoder(out)
	for at := int64(1); ; at++ {
		for bonus := range claimed {
			var batch []throng.Claim
			for range 1 + random.IntN(20) {
				n := random.IntN(1000)
				batch = append(batch, claim(fmt.Sprint("user", n), fmt.Sprint("claim", n), at))
			}
			judged, _, err := s.Claims(ctx, bonus, batch)
			if err != nil {
				return err
			}
			for i, j := range judged {
				if err := say.Encode(answer{bonus, batch[i], j}); err != nil {
					return err
				}
			}
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
}

// Killed kills processes that claim, two at a time, at any moment, and looks at the
// journal after each: there is everything that anybody was told, each user once, in
// places without a hole, and no more than there may be. Who asks once more hears the
// same.
func Killed(t *testing.T, target string, s Store) {
	const rounds = 3
	w := &world{T: t, ctx: t.Context(), store: s, limit: 1000}
	for bonus, quota := range claimed {
		w.bonus(throng.Bonus{ID: bonus, Quota: quota, Deadline: 1 << 40})
	}
	answers := 0
	for round := range rounds {
		said := make([][]answer, 2)
		together(len(said), func(i int) {
			said[i] = killOne(t, target, round*len(said)+i, time.Duration(rand.IntN(100))*time.Millisecond)
		})
		for bonus, quota := range claimed {
			checkClaimed(w, bonus, quota, append(said[0], said[1]...))
		}
		answers += len(said[0]) + len(said[1])
	}
	t.Logf("%d answers in %d rounds", answers, rounds)
}

// killOne runs a process that claims, kills it so long after its first answer, and
// returns what it said.
func killOne(t *testing.T, target string, seed int, after time.Duration) (said []answer) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), claimerTarget+"="+target, fmt.Sprint(claimerSeed, "=", seed))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return nil
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return nil
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n') // the last one may be cut
		if err != nil {
			if err != io.EOF {
				t.Error(err)
			}
			break
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			t.Errorf("a process that claims: %s", line)
			break
		}
		if said = append(said, a); len(said) == 1 {
			timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			defer timer.Stop()
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Errorf("a process that claims was not killed: %v", err)
	}
	if len(said) == 0 {
		t.Error("a process that claims said nothing")
	}
	return said
}

// checkClaimed holds the journal against what was said.
func checkClaimed(w *world, bonus string, quota int64, said []answer) {
	w.Helper()
	b, err := w.store.Bonus(w.ctx, bonus)
	w.no(err)
	journal := w.journal(throng.ClaimFilter{Bonus: bonus})
	rows := make(map[string]throng.Claim)
	for i, c := range journal {
		if c.Place != int64(i+1) {
			w.Fatalf("%s: place %d is %+v", bonus, i+1, c)
		}
		rows[c.User] = c
	}
	if len(rows) != len(journal) || b.Claimed != int64(len(journal)) || quota > 0 && b.Claimed > quota {
		w.Fatalf("%s: %d rows of %d users, the bonus has %d of %d", bonus, len(journal), len(rows), b.Claimed, quota)
	}
	var again []throng.Claim
	var want []throng.Judged
	for _, a := range said {
		if a.Bonus != bonus {
			continue
		}
		switch row, has := rows[a.Asked.User]; {
		case a.Judged.Verdict == throng.Won && (!has || row != a.Judged.Claim),
			a.Judged.Verdict == throng.Exhausted && (has || b.End != throng.BonusExhausted),
			a.Judged.Verdict != throng.Won && a.Judged.Verdict != throng.Exhausted:
			w.Fatalf("%s: %q was told %+v, and the journal has %+v", bonus, a.Asked.User, a.Judged, row)
		}
		again, want = append(again, a.Asked), append(want, a.Judged)
	}
	same(w, "asked once more, of "+bonus, w.claims(bonus, again...), want)
}
