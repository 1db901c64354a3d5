package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestABoundedListHidesNothingWorseThanItShows(t *testing.T) {
	var findings []Finding
	for range 2 * maxFindings {
		findings = append(findings, Finding{Severity: gate.SeverityLow, Message: "low", Fix: "mend"})
	}
	findings = append(findings, Finding{Severity: gate.SeverityHigh, Message: "high", Fix: "mend"})
	got := graded(findings, "files")
	if len(got) != maxFindings+1 || got[0].Message != "high" {
		t.Fatalf("%d findings, the first %+v", len(got), got[0])
	}
	if last := got[maxFindings]; last.Message != "and 51 more files" || last.Severity != gate.SeverityLow {
		t.Errorf("the rest: %+v", last)
	}
}

func TestACutListIsNeverSound(t *testing.T) {
	lists := map[string][]*Check{
		"setuid":        {SetuidSetgid},
		"worldWritable": {WorldWritable},
		"accounts":      {PrivilegedGroups, UID0Duplicates, Passwords, LoginShells},
		"programs":      {SudoSuPresent, SSHServer, ControlTools, NetDebugTools, Toolchain, RuntimeInstallers, PrivilegedDaemons},
		"remote":        {SudoSuPresent, SSHServer, ControlTools},
		"hooks":         {PersistenceHooks},
		"command":       {SelfModifiableApp},
		"trust":         {TrustStore},
		"caches":        {PackageCaches},
		"stray":         {StrayFiles},
		"secrets":       {SecretPatterns, PrivateKeys, DeletedSecret},
		"keys":          {PrivateKeys, DeletedSecret},
		"credentials":   {CredentialFiles, VCSRemoteCreds, DeletedSecret},
		"dumps":         {HistoriesDumps},
	}
	for list, checks := range lists {
		for _, c := range checks {
			in := sound()
			in.Image = &in.Evidence.Images[0]
			if got := c.Decide(*in); got.Outcome != Pass && got.Outcome != NotApplicable {
				t.Errorf("%s answers %s on the sound image", c.ID, got.Outcome)
			}
			in.Image.Contents.Accounts = &gate.Accounts{Users: []gate.Account{{Name: "app", UID: 65532, GID: 65532}}}
			in.Image.Contents.Shells = []gate.File{{Path: "/bin/sh"}}
			in.Image.Contents.Trust = &gate.Trust{Bundle: "/etc/ssl/certs/ca-certificates.crt", Count: 140}
			in.Image.Contents.Truncated = []string{list}
			if got := c.Decide(*in); got.Outcome != Unknown {
				t.Errorf("%s answers %s although the list %q was cut", c.ID, got.Outcome, list)
			}
		}
	}
}
