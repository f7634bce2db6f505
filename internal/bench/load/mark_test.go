package load

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"throng/internal/bench/scenario"
)

func TestMarkRoundTrip(t *testing.T) {
	t.Parallel()
	marks := []mark{{}, {0, 1, 0}, {math.MaxUint32, math.MaxUint32, math.MaxInt64}, {35, 36, 1}}
	for range 1000 {
		marks = append(marks, mark{rand.Uint32(), rand.Uint32(), rand.Int64()})
	}
	for _, m := range marks {
		for _, size := range []int{0, scenario.MinPayload, 64, 1000} {
			b := appendMessage([]byte("before"), m, size)[len("before"):]
			if got, ok := parseMark(b); !ok || got != m {
				t.Fatalf("%+v became %+v, %v: %s", m, got, ok, b)
			}
			if !json.Valid(b) {
				t.Fatalf("no JSON: %s", b)
			}
			if size > 64 && len(b) != size || len(b) < size {
				t.Fatalf("%d bytes, want %d: %s", len(b), size, b)
			}
			wrapped := append([]byte(`[null,null,"bench:all","msg",`), append(b, ']')...)
			if got, ok := parseMark(wrapped); !ok || got != m {
				t.Fatalf("within a frame %+v became %+v, %v", m, got, ok)
			}
		}
	}
}

// A mark of these days fits the smallest payload, so that its size is exact.
func TestMarkFitsTheSmallestPayload(t *testing.T) {
	t.Parallel()
	m := mark{scenario.MaxUsers, 1 << 31, 1 << 61} // the year 2043
	if b := appendMessage(nil, m, scenario.MinPayload); len(b) != scenario.MinPayload {
		t.Errorf("%d bytes: %s", len(b), b)
	}
}

func TestNoMark(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `{}`, `{"b":`, `{"b":"`, `{"b":"1"}`, `{"b":"1.2"}`, `{"b":"1.2."}`, `{"b":"..1"}`, `{"b":"1.2.3`, `{"b":"1.2.A"}`,
		`{"b":"-1.2.3"}`, `{"b":"1z141z4.1.1"}`, `{"b":"1.1z141z4.1"}`, `{"b":"1.1.zzzzzzzzzzzzz"}`, `{"b":"1.1.00000000000001"}`, `{"b": "1.2.3"}`,
	} {
		if m, ok := parseMark([]byte(text)); ok {
			t.Errorf("%s: %+v", text, m)
		}
	}
}

func FuzzParseMark(f *testing.F) {
	f.Add(appendMessage(nil, mark{1, 2, 3}, 64))
	f.Add([]byte(`{"b":"1.2."}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, ok := parseMark(b)
		if !ok {
			return
		}
		if again, ok := parseMark(appendMessage(nil, m, 0)); !ok || again != m {
			t.Errorf("%+v became %+v, %v", m, again, ok)
		}
	})
}
