package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const weakPod = "apiVersion: v1\nkind: Pod\nmetadata: {name: weak, namespace: shop}\nspec:\n  containers:\n  - {name: c, image: nginx}\n"

// runsAudit runs the command and answers with its exit status and outputs.
func runsAudit(t *testing.T, stdin string, args ...string) (int, string, string) {
	t.Helper()
	cmd := newAudit()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	var out, errs bytes.Buffer
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(append([]string{}, args...)) // nil would be the test's own
	err := cmd.ExecuteContext(t.Context())
	var status exitStatus
	switch {
	case err == nil:
		return exitPass, out.String(), errs.String()
	case errors.As(err, &status):
		return int(status), out.String(), errs.String()
	}
	return exitCode(err), out.String(), errs.String() + err.Error()
}

func TestAuditOfAWeakPodFails(t *testing.T) {
	status, out, _ := runsAudit(t, weakPod, "-")
	if status != exitFail || !strings.Contains(out, "W-04 readonly-rootfs") || !strings.Contains(out, "-:6 spec.containers[0]") {
		t.Errorf("exit status %d\n%s", status, out)
	}
}

func TestAuditFailsOnlyAtOrAboveTheSeverity(t *testing.T) {
	namespace := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {a: b}\n"
	if status, out, errs := runsAudit(t, namespace, "-"); status != exitPass {
		t.Errorf("exit status %d\n%s%s", status, out, errs)
	}
	if status, out, _ := runsAudit(t, weakPod, "--severity", "CRITICAL", "-"); status != exitPass || !strings.Contains(out, "PASS") {
		t.Errorf("exit status %d: nothing is CRITICAL but what is unknown\n%s", status, out)
	}
	if status, _, _ := runsAudit(t, weakPod, "--severity", "CRITICAL", "--strict", "-"); status != exitFail {
		t.Errorf("exit status %d: with --strict what is unknown fails", status)
	}
}

func TestAuditWritesPatchesThatMend(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fixes")
	if status, _, errs := runsAudit(t, weakPod, "--fix-dir", dir, "-"); status != exitFail || !strings.Contains(errs, "patched in "+dir+": 1") {
		t.Errorf("exit status %d: %s", status, errs)
	}
	for _, file := range []string{"kustomization.yaml", "pod-shop-weak.json"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
}

func TestAuditSaysWhatItWasNotGiven(t *testing.T) {
	for _, test := range []struct {
		args []string
		says string
	}{
		{nil, "name files"},
		{[]string{"-", "-"}, "once"},
		{[]string{"--severity", "BAD", "-"}, "--severity"},
		{[]string{"--output", "bad", "-"}, "--output"},
		{[]string{"--pod-security-version", "1", "-"}, "--pod-security-version"},
		{[]string{"--cluster", "-"}, "--cluster"},
		{[]string{"--namespace", "a", "-"}, "--cluster"},
		{[]string{"no-such-file"}, "no-such-file"},
		{[]string{"--cluster", "--kubeconfig", "no-such-file"}, "kubeconfig"},
		{[]string{"-"}, "no objects"},
	} {
		if status, _, errs := runsAudit(t, "", test.args...); status != exitUsage || !strings.Contains(errs, test.says) {
			t.Errorf("%v: exit status %d, %q does not say %q", test.args, status, errs, test.says)
		}
	}
}

func TestAuditOfAClusterThatDoesNotAnswerIsAnError(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "config")
	text := "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nclusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\nusers: [{name: a, user: {}}]\n"
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := runsAudit(t, "", "--cluster", "--kubeconfig", kubeconfig); status != exitError || !strings.Contains(errs, "did not answer") {
		t.Errorf("exit status %d: %s", status, errs)
	}
}
