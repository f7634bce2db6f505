package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"throng"
	"throng/internal/store/sqlite"
)

// writerFile is the variable that makes this test binary a writer to a file.
const writerFile = "THRONG_TEST_VISITS_WRITER"

const usersOfWriter = 200

// write flushes for ever, and says the number of each flush that was written.
func write(file string) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, sqlite.Options{File: file})
	if err != nil {
		fmt.Println(err)
		return
	}
	lease, err := s.Acquire(ctx, "writer")
	if err != nil {
		fmt.Println(err)
		return
	}
	for sequence := int64(1); ; sequence++ {
		f := throng.VisitFlush{Sequence: sequence, At: lease.Now + sequence}
		for i := range usersOfWriter {
			v := throng.Visit{User: strconv.Itoa(i), StartedAt: lease.Now + sequence}
			f.Opened = append(f.Opened, v)
			if v.StartedAt--; sequence > 1 {
				v.EndedAt = v.StartedAt + 1
				f.Closed = append(f.Closed, v)
			}
		}
		if _, err := s.Flush(ctx, lease, &f); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(sequence)
	}
}

// TestKilled kills a process that writes, at any moment: what it was told is written
// is there, each flush whole or not at all, and who takes its place closes what was
// open at its last beat.
func TestKilled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "visits.db")
	sums := int64(0)
	for round := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writerFile+"="+file)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := int64(0)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			n, err := strconv.ParseInt(lines.Text(), 10, 64)
			if err != nil {
				t.Errorf("the writer: %s", lines.Text())
			}
			if said = max(said, n); said == int64(7*round+3) {
				_ = cmd.Process.Kill()
			}
		}
		_ = cmd.Wait() // it was killed
		sums += checkKilled(t, file, said, sums)
	}
}

// checkKilled looks at the file with the eyes of the next process, and returns how many
// visits each user has more.
func checkKilled(t *testing.T, file string, said, before int64) int64 {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	if _, err := s.Acquire(t.Context(), "writer"); err != nil {
		t.Fatal(err)
	}
	online, err := s.Online(t.Context(), throng.OnlineQuery{})
	if err != nil || online.Total != 0 {
		t.Errorf("online after the writer's death: %+v, %v", online, err)
	}
	page, _, err := s.Watched(t.Context(), throng.WatchedQuery{Page: throng.Page{Limit: usersOfWriter + 1}})
	if err != nil || len(page) != usersOfWriter {
		t.Fatalf("sums of %d users, %v, want %d", len(page), err, usersOfWriter)
	}
	for _, sum := range page {
		if sum.Visits != page[0].Visits {
			t.Fatalf("half a flush: %+v and %+v", sum, page[0])
		}
	}
	// Of the last flush the open visits were closed by Acquire.
	visits := page[0].Visits - before
	if visits < said {
		t.Errorf("%d flushes were said to be written, and there are %d", said, visits)
	}
	crashed, _, err := s.Sessions(t.Context(), throng.VisitFilter{User: "7"}, throng.Page{Limit: 1})
	if err != nil || len(crashed) != 1 || crashed[0].Reason != throng.VisitCrashed || crashed[0].EndedAt != crashed[0].StartedAt {
		t.Errorf("the last visit: %+v, %v, want one that crashed at the beat with which it began", crashed, err)
	}
	return visits
}
