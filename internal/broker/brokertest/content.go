package brokertest

import (
	"bytes"
	"maps"
	"strings"

	"throng"
)

var contentTests = []test{
	{"Content/ChannelNames", channelNames},
	{"Content/Publication", publicationFields},
}

// channelNames: a name is bytes to a broker. The names are close to each other in
// the ways that a broker's own key syntax may mix up.
func channelNames(w *world) {
	names := []string{
		"plain", "Plain", "with space", "with  space", " ", "a:b:c", "a.b.c", "a/b/c", "a::", ":",
		"*", "a*", "a?", "a[bc]", ">", "a.>", "a.*", "$SYS", "@user:1", "{tag}", "{", "}", "%41", "a%20b", `"`, `'`, `\`,
		"ünïcödé", "привет", "日本語", "🦀", "👩‍👩‍👧", "e\u0301", "\u00e9",
	}
	for i, name := range names {
		names[i] = name + w.suffix
	}
	names = append(names, w.suffix+strings.Repeat("x", throng.MaxChannelBytes-len(w.suffix)))
	for _, name := range names {
		w.subscribe(name)
	}
	for _, name := range names {
		if p := w.publish(name, kept, name); p.Offset != 1 {
			w.Errorf("channel %q: the first offset is %d", name, p.Offset)
		}
	}
	for _, name := range names {
		w.wantData("sink", w.sink.wait(w, name, 1), name)
		w.wantData("history", w.since(name, kept, nil).Publications, name)
	}
}

// publicationFields: all that a publisher said arrives, live and in history.
func publicationFields(w *world) {
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	far := w.clock.Now() + 3_600_000
	publications := []throng.Publication{
		{Data: []byte(`{"text":"héllo \u0000 🦀"}`)},
		{Data: everyByte, Binary: true},
		{Data: bytes.Repeat(everyByte, 256), Binary: true},
		{Event: "new:msg é", Data: []byte(`null`)},
		{Event: "empty"},
		{Data: []byte(`1`), Tags: map[string]string{"": "empty", "a b": `"quoted"`, "é": "🦀", "n": "1\n2"}},
		{Data: []byte(`2`), Publisher: &throng.ClientInfo{User: "ü:1", Client: throng.NewClientID(), Info: []byte(`{"a":[1]}`)}},
		{Data: []byte(`3`), Publisher: &throng.ClientInfo{Client: throng.NewClientID()}},
		{Data: []byte(`4`), ExpiresAt: far, Exclude: throng.NewClientID()},
	}
	for name, r := range map[string]throng.Retention{"history": kept, "plain": {}} {
		channel := w.channel(name)
		w.subscribe(channel)
		before := w.clock.Now()
		for _, p := range publications {
			w.request(throng.PublishRequest{Channel: channel, Publication: &p, Retention: r})
		}
		views := map[string][]*throng.Publication{name + " sink": w.sink.wait(w, channel, len(publications))}
		if r.Enabled() {
			views[name+" history"] = w.since(channel, r, nil).Publications
		}
		for view, got := range views {
			w.wantPublications(view, got, publications, before)
		}
	}
}

func (w *world) wantPublications(view string, got []*throng.Publication, want []throng.Publication, notBefore int64) {
	w.Helper()
	if len(got) != len(want) {
		w.Fatalf("%s: %d publications, want %d", view, len(got), len(want))
	}
	const slack = 60_000 // a broker may take the time of its server
	for i, p := range got {
		q := &want[i]
		if p.Event != q.Event || !bytes.Equal(p.Data, q.Data) || p.Binary != q.Binary {
			w.Errorf("%s: publication %d: event, data or kind differ", view, i)
		}
		if p.ExpiresAt != q.ExpiresAt || p.Exclude != q.Exclude || !maps.Equal(p.Tags, q.Tags) {
			w.Errorf("%s: publication %d: deadline, exclusion or tags differ", view, i)
		}
		if p.Time < notBefore-slack || p.Time > w.clock.Now()+slack {
			w.Errorf("%s: publication %d: time %d", view, i, p.Time)
		}
		if !samePublisher(p.Publisher, q.Publisher) {
			w.Errorf("%s: publication %d: publisher %+v, want %+v", view, i, p.Publisher, q.Publisher)
		}
	}
}

func samePublisher(a, b *throng.ClientInfo) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.User == b.User && a.Client == b.Client && bytes.Equal(a.Info, b.Info)
}
