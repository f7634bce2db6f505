package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"throng"
)

// set is a change that sets a key, unset one that deletes it.
func set(user, epoch string, version uint64, key, value string) throng.StateChange {
	return throng.StateChange{User: user, Epoch: epoch, MutatedAt: int64(1000 * version),
		Entry: throng.StateEntry{Key: key, Value: []byte(value), Version: version, UpdatedAt: int64(1000 * version)}}
}

func unset(user, epoch string, version uint64, key string) throng.StateChange {
	c := set(user, epoch, version, key, "")
	c.Entry.Value = nil
	return c
}

func until(c throng.StateChange, at int64) throng.StateChange { c.Entry.ExpiresAt = at; return c }

func named(c throng.StateChange, mutation string) throng.StateChange { c.Mutation = mutation; return c }

func (w *world) save(changes ...throng.StateChange) {
	w.Helper()
	w.no(w.store.SaveStates(w.ctx, changes))
}

// moved wants changes to be refused, and to leave everything as it is. It returns whose the
// store says it is.
func (w *world) moved(changes ...throng.StateChange) (whose []string) {
	w.Helper()
	users := make(map[string]string)
	for _, c := range changes {
		users[c.User] = w.state(c.User, 0, 0)
	}
	err := w.store.SaveStates(w.ctx, changes)
	var moved *throng.StateMovedError
	if !errors.As(err, &moved) || !errors.Is(err, throng.ErrStateMoved) || len(moved.Users) == 0 {
		w.Errorf("changes of a map that moved: %v", err)
		return nil
	}
	for user, was := range users {
		w.stateIs(user, was)
	}
	return moved.Users
}

const enough = 1000 // mutations

// state writes down what there is of a user.
func (w *world) state(user string, now, since int64) string {
	w.Helper()
	st, made, err := w.store.LoadState(w.ctx, user, now, since, enough)
	w.no(err)
	var lines []string
	for _, e := range st.Entries {
		lines = append(lines, fmt.Sprintf("%q=%s@%d/%d/%d", e.Key, e.Value, e.Version, e.UpdatedAt, e.ExpiresAt))
	}
	for _, m := range made {
		lines = append(lines, fmt.Sprintf("%q:%q@%d/%d", m.ID, m.Key, m.Version, m.At))
	}
	slices.Sort(lines)
	return fmt.Sprintf("%s %d %s", st.Epoch, st.Version, strings.Join(lines, " "))
}

func (w *world) stateIs(user, want string) {
	w.Helper()
	if got := w.state(user, 0, 0); got != want {
		w.Errorf("state of %q\ngot  %s\nwant %s", user, got, want)
	}
}

var stateTests = []test{
	{"State/SavedAndLoaded", func(w *world) {
		w.stateIs("ann", " 0 ")
		w.save(set("ann", "e", 1, "a", `1`), set("ann", "e", 2, "b", `{"x":[]}`), set("bob", "f", 1, "a", `"bob"`), set("ann", "e", 3, "a", `2`))
		w.stateIs("ann", `e 3 "a"=2@3/3000/0 "b"={"x":[]}@2/2000/0`)
		w.save(unset("ann", "e", 4, "b"), named(until(set("ann", "e", 5, "c", `null`), 9000), "tab:1"))
		w.stateIs("ann", `e 5 "a"=2@3/3000/0 "c"=null@5/5000/9000 "tab:1":"c"@5/5000`)
		w.stateIs("bob", `f 1 "a"="bob"@1/1000/0`)
		w.save(unset("ann", "e", 6, "never"))
		w.stateIs("ann", `e 6 "a"=2@3/3000/0 "c"=null@5/5000/9000 "tab:1":"c"@5/5000`)
		w.save()
		w.store = w.another()
		w.stateIs("ann", `e 6 "a"=2@3/3000/0 "c"=null@5/5000/9000 "tab:1":"c"@5/5000`)
	}},
	{"State/GoesOnFromWhatIsKept", func(w *world) {
		group := []throng.StateChange{named(set("ann", "e", 1, "a", `1`), "t:1"), unset("ann", "e", 2, "a"), set("ann", "e", 3, "b", `3`)}
		w.save(group...)
		w.save(set("bob", "f", 1, "a", `1`))
		w.moved(group...)                                                                                 // the same again
		w.moved(named(set("ann", "e", 3, "b", `4`), "t:2"))                                               // somebody was earlier
		w.moved(set("ann", "e", 5, "b", `5`))                                                             // something is missing
		w.moved(set("ann", "g", 4, "b", `4`))                                                             // of another map
		w.moved(set("ann", "g", 1, "b", `4`), unset("ann", "g", 2, "b"))                                  // there is one
		w.moved(set("cid", "e", 2, "b", `4`))                                                             // there is none
		w.moved(set("bob", "f", 2, "a", `2`), set("ann", "e", 3, "b", `4`), set("cid", "g", 1, "a", `1`)) // one keeps all from being written
		w.moved(set("bob", "f", 2, "a", `2`), set("bob", "f", 4, "a", `4`))
		w.moved(set("bob", "f", 2, "a", `2`), set("bob", "g", 1, "a", `4`))
		w.moved(set("cid", "g", 0, "a", `1`))
		w.stateIs("ann", `e 3 "b"=3@3/3000/0 "t:1":"a"@1/1000`)
		w.stateIs("bob", `f 1 "a"=1@1/1000/0`)
		w.stateIs("cid", " 0 ")
		w.save(set("bob", "f", 2, "a", `2`), set("ann", "e", 4, "b", `4`), set("cid", "g", 1, "a", `1`))
		w.stateIs("ann", `e 4 "b"=4@4/4000/0 "t:1":"a"@1/1000`)
	}},
	{"State/OthersGoThrough", func(w *world) {
		const odd = "\x00'\\" // in the database it is written in another way
		kept := map[string]string{"ann": `e 1 "a"=1@1/1000/0`, odd: `e 1 "a"=1@1/1000/0`, "cid": `e 2 "a"=2@2/2000/0`, "new": " 0 ", "gap": " 0 "}
		w.save(set("ann", "e", 1, "a", `1`), set(odd, "e", 1, "a", `1`), set("bob", "e", 1, "a", `1`), set("cid", "e", 1, "a", `1`), set("cid", "e", 2, "a", `2`))
		group := []throng.StateChange{
			named(set("ann", "e", 1, "a", `2`), "t:1"), set("bob", "e", 2, "a", `2`), set("cid", "e", 2, "a", `3`), set("dan", "e", 1, "a", `1`),
			set(odd, "f", 2, "a", `2`), unset("bob", "e", 3, "a"), set("new", "e", 3, "a", `2`), set("gap", "e", 1, "a", `2`), set("gap", "e", 3, "a", `2`),
		}
		for range len(kept) { // each time at least one is named
			for _, user := range w.moved(group...) {
				if _, is := kept[user]; !is {
					w.Fatalf("the map of %q did not move", user)
				}
				w.stateIs(user, kept[user])
				delete(kept, user)
				group = slices.DeleteFunc(group, func(c throng.StateChange) bool { return c.User == user })
			}
			if len(kept) == 0 {
				break
			}
		}
		w.save(group...)
		w.stateIs("bob", "e 3 ")
		w.stateIs("dan", `e 1 "a"=1@1/1000/0`)
	}},
	{"State/OneOfManyIsFirst", func(w *world) {
		const nodes, each = 4, 25
		var all sync.WaitGroup
		var made [nodes][each]bool
		for n := range nodes {
			node := w.another()
			all.Go(func() {
				for v := range each {
					err := node.SaveStates(w.ctx, []throng.StateChange{set("ann", "e", uint64(v+1), fmt.Sprint("k", v), fmt.Sprint(n)), set(fmt.Sprint("u", v), fmt.Sprint(n), 1, "k", fmt.Sprint(n))})
					if made[n][v] = err == nil; err != nil && !errors.Is(err, throng.ErrStateMoved) {
						w.Error(err)
					}
				}
			})
		}
		all.Wait()
		st, _, err := w.store.LoadState(w.ctx, "ann", 0, 0, enough)
		w.no(err)
		if st.Version == 0 {
			w.Error("nobody was first")
		}
		for _, e := range st.Entries {
			first := -1
			for n := range nodes {
				if made[n][e.Version-1] {
					if first >= 0 {
						w.Errorf("version %d was made by %d and by %d", e.Version, first, n)
					}
					first = n
				}
			}
			if string(e.Value) != fmt.Sprint(first) {
				w.Errorf("version %d was made by %d, and has the value of %s", e.Version, first, e.Value)
			}
			w.stateIs(fmt.Sprint("u", e.Version-1), fmt.Sprintf(`%d 1 "k"=%d@1/1000/0`, first, first))
		}
	}},
	{"State/ExpiredIsNotLoadedAndIsPruned", func(w *world) {
		w.save(until(set("ann", "e", 1, "a", `1`), 5000), set("ann", "e", 2, "b", `2`), named(set("ann", "e", 3, "c", `3`), "t:1"))
		if got := w.state("ann", 4999, 2999); got != `e 3 "a"=1@1/1000/5000 "b"=2@2/2000/0 "c"=3@3/3000/0 "t:1":"c"@3/3000` {
			w.Error(got)
		}
		kept := `e 3 "b"=2@2/2000/0 "c"=3@3/3000/0`
		if got := w.state("ann", 5000, 3000); got != kept {
			w.Error(got)
		}
		w.no(w.store.PruneStates(w.ctx, 4999, 2999))
		w.stateIs("ann", `e 3 "a"=1@1/1000/5000 "b"=2@2/2000/0 "c"=3@3/3000/0 "t:1":"c"@3/3000`)
		w.no(w.store.PruneStates(w.ctx, 5000, 3000))
		w.stateIs("ann", kept)
	}},
	{"State/RemembersTheLastMutations", func(w *world) {
		load := func(user string, since int64, most int) (versions string) {
			st, made, err := w.store.LoadState(w.ctx, user, 0, since, most)
			w.no(err)
			if st.Version != 5 {
				w.Errorf("version %d of %q", st.Version, user)
			}
			slices.SortFunc(made, func(a, b throng.Mutation) int { return cmp.Compare(a.Version, b.Version) })
			for _, m := range made {
				versions += fmt.Sprintf("%s@%d ", m.ID, m.Version)
			}
			return versions
		}
		check := func(got, want string) {
			w.Helper()
			if got != want {
				w.Errorf("got %q, want %q", got, want)
			}
		}
		group := func(user string) []throng.StateChange {
			return []throng.StateChange{
				named(set(user, "e", 1, "a", `1`), "t:1"), named(unset(user, "e", 2, "a"), "t:2"), set(user, "e", 3, "a", `3`),
				named(set(user, "e", 4, "a", `4`), "t:1"), named(set(user, "e", 5, "a", `5`), "t:5"),
			}
		}
		w.save(append(group("ann"), group("bob")...)...)
		check(load("ann", 0, 10), "t:1@1 t:2@2 t:1@4 t:5@5 ") // a name may come again
		check(load("ann", 0, 3), "t:2@2 t:1@4 t:5@5 ")
		check(load("ann", 3999, 3), "t:1@4 t:5@5 ")
		check(load("ann", 0, 0), "")

		late := group("cid")
		late[3].Remembered = 2
		w.save(late...)
		check(load("cid", 0, 10), "t:2@2 t:1@4 t:5@5 ")
		late = group("dan")
		w.save(late[:2]...)
		late[3].Remembered, late[4].Remembered = 2, 5
		w.save(late[2:]...)
		check(load("dan", 0, 10), "t:5@5 ")
		late = group("eve")
		late[4].Remembered = 6
		w.save(late...)
		check(load("eve", 0, 10), "")
		check(load("bob", 0, 10), "t:1@1 t:2@2 t:1@4 t:5@5 ")
	}},
	{"State/Forgotten", func(w *world) {
		w.save(named(set("ann", "e", 1, "a", `1`), "t:1"), set("anna", "f", 1, "a", `1`))
		w.no(w.store.ForgetState(w.ctx, "ann"))
		w.no(w.store.ForgetState(w.ctx, "nobody"))
		w.stateIs("ann", " 0 ")
		w.stateIs("anna", `f 1 "a"=1@1/1000/0`)
		w.save(set("ann", "g", 1, "b", `1`))
		w.stateIs("ann", `g 1 "b"=1@1/1000/0`)
	}},
	{"State/NamesOfEveryKind", func(w *world) {
		names := []string{"a", "A", "\x00", "😀", "__proto__", `"q"\`, `\x41`, "'; drop table user_state", strings.Repeat("k", 255), strings.Repeat("\x01", 255), " ", "1", "null", "ä", "a\u0308"}
		var version uint64
		var group []throng.StateChange
		for i, user := range names {
			version = 0
			for _, key := range names {
				version++
				group = append(group, named(set(user, "e", version, key, fmt.Sprintf(`"\u0000%d.%d"`, i, version)), key))
			}
		}
		w.save(group...)
		for i, user := range names {
			version = 0
			st, made, err := w.store.LoadState(w.ctx, user, 0, 0, enough)
			w.no(err)
			if len(st.Entries) != len(names) || len(made) != len(names) {
				w.Fatalf("%q has %d keys and %d changes, want %d", user, len(st.Entries), len(made), len(names))
			}
			for _, key := range names {
				version++
				want := fmt.Sprintf(`"\u0000%d.%d"`, i, version)
				if !slices.ContainsFunc(st.Entries, func(e throng.StateEntry) bool { return e.Key == key && string(e.Value) == want }) ||
					!slices.ContainsFunc(made, func(m throng.Mutation) bool { return m.ID == key && m.Key == key && m.Version == version }) {
					w.Errorf("%q of %q: %+v", key, user, st)
				}
			}
		}
	}},
	{"State/ManyAtOnce", func(w *world) {
		random := rand.New(rand.NewPCG(1, 2))
		const users = 50
		maps := make([]map[string]string, users)
		versions := make([]uint64, users)
		var group []throng.StateChange
		for range 3000 {
			i, key := random.IntN(users), fmt.Sprint("k", random.IntN(20))
			versions[i]++
			if maps[i] == nil {
				maps[i] = make(map[string]string)
			}
			if random.IntN(3) == 0 {
				delete(maps[i], key)
				group = append(group, unset(fmt.Sprint("u", i), "e", versions[i], key))
			} else {
				maps[i][key] = fmt.Sprint(versions[i])
				group = append(group, set(fmt.Sprint("u", i), "e", versions[i], key, maps[i][key]))
			}
			if random.IntN(300) == 0 {
				w.save(group...)
				group = nil
			}
		}
		w.save(group...)
		for i := range maps {
			st, _, err := w.store.LoadState(w.ctx, fmt.Sprint("u", i), 0, 0, enough)
			w.no(err)
			got := make(map[string]string)
			for _, e := range st.Entries {
				got[e.Key] = string(e.Value)
			}
			if st.Version != versions[i] || fmt.Sprint(got) != fmt.Sprint(maps[i]) {
				w.Errorf("u%d: %d %v, want %d %v", i, st.Version, got, versions[i], maps[i])
			}
		}
	}},
}
