package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

var update = flag.Bool("update", false, "write the golden files again")

// verdict has something in every part of the table.
func verdict() gate.Verdict {
	uid, packages, size := 65532, 12, int64(5_800_000)
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	return gate.Verdict{
		APIVersion: gate.APIVersion, Kind: gate.KindVerdict, ID: "0190", Image: "registry.example/app:1.2", Digest: "sha256:abc", Decision: gate.Fail,
		Platforms: []gate.PlatformVerdict{{
			Platform: "linux/amd64", User: &gate.User{Configured: "app", UID: &uid, GID: &uid, Source: "passwd"}, OS: &gate.OSRef{Family: "debian", Name: "12"}, Class: gate.ClassSlim,
			Base: &gate.BaseRef{Reference: "registry.example/base:1", Proof: gate.ProofProven, Layers: 1}, Layers: 2, CompressedBytes: &size, UncompressedBytes: &size, Packages: &packages,
		}},
		Violations: []gate.Violation{{
			Rule: "vulnerabilities", Check: "VULN-SEVERITY", Severity: gate.SeverityHigh, Platform: "linux/amd64", Message: "CVE-2026-1 in openssl 3.0.9 is HIGH, scored 7.5", Fix: "update openssl to 3.0.15",
			Layer: &gate.LayerRef{Index: 1, CreatedBy: "RUN apt-get install openssl"},
		}},
		Warnings: []gate.Violation{{Rule: "catalogue", Check: "USER-03", Severity: gate.SeverityMedium, Message: "USER \"app\" is a name", Fix: "write USER 65532:65532"}},
		Waived:   []gate.Violation{{Rule: "vulnerabilities", Check: "VULN-CVSS", Severity: gate.SeverityMedium, Message: "CVE-2026-2", Waiver: &gate.WaiverRef{Owner: "team-a", Reason: "not reachable", Expires: at}}},
		Notes:    []gate.Violation{{Check: "META-08"}}, Counts: gate.Counts{High: 1, Medium: 1, Unfixed: 1},
		Policy: gate.PolicyRef{Name: "default"}, Database: &gate.Database{Version: 2, UpdatedAt: at}, Signature: gate.SignatureState{State: gate.Refused, Reason: "the verdict is fail"},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; go test -update writes it again. Got:\n%s", file, got)
	}
}

func TestTheTableShowsWhatAPersonNeeds(t *testing.T) {
	broken := gate.Verdict{Image: "registry.example/app:1.2", Decision: gate.Errored, Error: &gate.Failure{Code: gate.CodeUnavailable, Message: "the registry did not answer", Retryable: true}}
	for name, v := range map[string]gate.Verdict{"fail.golden": verdict(), "error.golden": broken} {
		var b bytes.Buffer
		if err := Write(&b, "table", Document{Verdict: v}, Options{}); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
}

func TestJSONIsTheVerdictDocument(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, "json", Document{Verdict: verdict()}, Options{}); err != nil {
		t.Fatal(err)
	}
	var back gate.Verdict
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, verdict()) {
		t.Errorf("read back: %+v", back)
	}
}

func TestAnAuthorsTextCannotDriveTheTerminal(t *testing.T) {
	v := verdict()
	v.Violations[0].Layer.CreatedBy = "RUN x\x1b[2J\r\n\u202egood\u009b31m"
	v.Violations[0].Message = "a\nPASS  registry.example/app"
	var b bytes.Buffer
	if err := Write(&b, "table", Document{Verdict: v}, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"\x1b", "\r", "\u202e", "\u009b", "\nPASS"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("%q reaches the terminal", bad)
		}
	}
}

func TestColourOnlyWhereAskedFor(t *testing.T) {
	var plain, painted bytes.Buffer
	if err := Write(&plain, "table", Document{Verdict: verdict()}, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := Write(&painted, "table", Document{Verdict: verdict()}, Options{Color: true}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plain.String(), "\x1b") || !strings.Contains(painted.String(), "\x1b[1;31mFAIL") {
		t.Error("colour is not where it should be")
	}
}

func TestLongListsAreCutWithAWord(t *testing.T) {
	v := verdict()
	for range 40 {
		v.Violations = append(v.Violations, v.Violations[0])
	}
	var cut, all bytes.Buffer
	if err := Write(&cut, "table", Document{Verdict: v}, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := Write(&all, "table", Document{Verdict: v}, Options{All: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(cut.String(), "… and 16 more") || strings.Contains(all.String(), "more:") || strings.Count(all.String(), "CVE-2026-1 in") != 41 {
		t.Error("the list is not cut as it says")
	}
}

func TestAnUnknownFormatIsRefused(t *testing.T) {
	if err := Write(&bytes.Buffer{}, "xml", Document{Verdict: verdict()}, Options{}); gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), "table, json") {
		t.Errorf("%v", err)
	}
	if Known("xml") || !Known("json") {
		t.Error("Known and Write disagree")
	}
}
