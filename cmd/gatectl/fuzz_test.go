package main

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
)

// A list of images is refused with a reason, or names images of registries,
// each once.
func FuzzImagesOfAFile(f *testing.F) {
	for _, s := range []string{"a:1\nb:2 # why\n\n# c:3\n", "\ufeffregistry.example/team/app@sha256:" + strings.Repeat("a", 64) + "\r\n", "oci:/etc\n", "a\na\n", "\x00", "UPPER CASE\n", strings.Repeat("a\n", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cmd := &cobra.Command{}
		cmd.SetIn(strings.NewReader(text))
		images, err := listed(cmd, nil, "-")
		if err != nil {
			if gate.CodeOf(err) != gate.CodeInvalid || len(images) > 0 {
				t.Errorf("%v beside %v", images, err)
			}
			return
		}
		seen := map[string]bool{}
		for _, image := range images {
			if ref, err := gate.ParseReference(image); err != nil || ref.Scheme != gate.SchemeRegistry || seen[image] {
				t.Errorf("%q is asked about", image)
			}
			seen[image] = true
		}
		if len(images) == 0 || len(images) > maxImages {
			t.Errorf("%d images are asked about", len(images))
		}
	})
}

// What a gate, or something in its place, answers is an error, or an evaluation
// or a verdict on which everything else can rely.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`{"kind":"Evaluation","id":"0190-1","state":"running","progress":{"step":"analyze"}}`, `{"kind":"Evaluation"}`, `{"kind":"Verdict","decision":"pass","digest":"latest"}`,
		`{"kind":"Verdict","id":"0190-1","decision":"pass","digest":"sha256:` + strings.Repeat("a", 64) + `"}`, `{"kind":"Verdict","decision":"maybe"}`, `{"kind":"Verdict","KIND":"Evaluation"}`, `null`, `[]`, `{"kind":null}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a answer
		if err := json.Unmarshal(data, &a); err != nil {
			return
		}
		v := a.verdict
		switch {
		case v == nil && a.ID == "":
			t.Errorf("%q is an evaluation that nobody can ask for again", data)
		case v != nil && v.Kind != gate.KindVerdict:
			t.Errorf("%q is taken for a verdict", data)
		case v != nil && v.Decision == gate.Pass && !isDigest(v.Digest):
			t.Errorf("%q passes %q", data, v.Digest)
		case v != nil && v.Decision != gate.Pass && v.Decision != gate.Fail && v.Decision != gate.Errored:
			t.Errorf("%q decides %q", data, v.Decision)
		}
	})
}

// Reports of a gate are joined into one that readers can read, or into none.
func FuzzCombine(f *testing.F) {
	for _, format := range []string{"junit", "sarif", "gitlab"} {
		for _, out := range several()[:2] {
			f.Add(format, out.local(format), out.local(format))
		}
		f.Add(format, []byte("null"), []byte("{}"))
		f.Add(format, []byte(`<testsuites tests="1"><a/></testsuites>`), []byte(`{"runs":null,"vulnerabilities":[],"remediations":[]}`))
	}
	f.Fuzz(func(t *testing.T, format string, one, other []byte) {
		data, err := combine(format, [][]byte{one, other})
		if err != nil {
			return
		}
		switch format {
		case "junit":
			var all, first, second testSuites
			if err := xml.Unmarshal(data, &all); err != nil {
				t.Fatalf("%q and %q become %q: %v", one, other, data, err)
			}
			if xml.Unmarshal(one, &first) != nil || xml.Unmarshal(other, &second) != nil || all.Tests != first.Tests+second.Tests {
				t.Errorf("%q and %q have %d tests together", one, other, all.Tests)
			}
		case "sarif", "gitlab":
			if !json.Valid(data) {
				t.Errorf("%q and %q become %q", one, other, data)
			}
		}
	})
}

// The end of a token is read from what its issuer wrote, whatever that is.
func FuzzExpiry(f *testing.F) {
	for _, s := range []string{"", "a.b.c", "a.eyJleHAiOjF9.c", "a.eyJleHAiOjFlMTF9.c", "a.eyJleHAiOi0xfQ.c", "a.bnVsbA.c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if at := expiry(token); !at.IsZero() && (at.Unix() < 1 || at.Unix() > 1e11) {
			t.Errorf("%q is over at %v", token, at)
		}
	})
}
