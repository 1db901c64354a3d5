package audit

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

func TestPSSRestricted(t *testing.T) {
	nonRoot := "securityContext: {runAsNonRoot: true}, containers: [{name: c, image: i}]"
	test(t, PSSRestricted, []scenario{
		{name: "volume types of the profile pass", objects: podOf(nonRoot + ", volumes: [{name: a, emptyDir: {}}, {name: b, configMap: {name: x}}, {name: c, persistentVolumeClaim: {claimName: x}}]")},
		{name: "other volume types fail, each at its place", objects: podOf(nonRoot + ", volumes: [{name: a, emptyDir: {}}, {name: b, nfs: {server: x, path: /}}]"), want: []string{"spec.volumes[1]"}, says: "nfs"},
		{name: "hostPath is left to W-13", objects: podOf(nonRoot + ", volumes: [{name: a, hostPath: {path: /}}]")},
		{name: "a host process of Windows fails", objects: podOf("securityContext: {runAsNonRoot: true}, containers: [{name: c, image: i, securityContext: {windowsOptions: {hostProcess: true}}}]"), want: []string{"spec.containers[0].securityContext.windowsOptions.hostProcess"}, says: "hostProcess"},
		{name: "a user that is not root must be demanded", objects: one("image: i, securityContext: {runAsUser: 1000}"), want: []string{"spec.containers[0].securityContext.runAsNonRoot"}, says: "runAsNonRoot != true"},
		{name: "a container that W-02 reports is not reported again", objects: one("image: i")},
		{name: "a user namespace does not excuse at the pinned version", objects: podOf("hostUsers: false, containers: [{name: c, image: i, securityContext: {runAsUser: 1000}}]"), want: []string{"spec.containers[0].securityContext.runAsNonRoot"}},
		{name: "a user namespace excuses from 1.35 on", objects: podOf("hostUsers: false, containers: [{name: c, image: i, securityContext: {runAsUser: 1000}}]"), options: Options{PodSecurityVersion: "v1.35"}},
		{name: "root for the pod, which every container overrides", objects: podOf("securityContext: {runAsUser: 0, runAsNonRoot: true}, containers: [{name: c, image: i, securityContext: {runAsUser: 1000}}]"), want: []string{"spec.securityContext.runAsUser"}},
		{name: "Windows is exempt, and that is unknown", objects: podOf("os: {name: windows}, " + nonRoot), want: []string{"spec.os.name"}, says: "exempts", outcome: "unknown"},
	})
}

// TestWeSeeWhatKubernetesSees holds the one-by-one evaluation against the
// library's own, at several versions, over the pods of the guide.
func TestWeSeeWhatKubernetesSees(t *testing.T) {
	b, err := manifest.ReadPath("testdata/guide")
	if err != nil {
		t.Fatal(err)
	}
	pods := 0
	for _, version := range []string{"v1.25", "v1.30", "v1.34", "v1.36"} {
		target, err := api.ParseVersion(version)
		if err != nil {
			t.Fatal(err)
		}
		evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range b.Objects {
			for _, template := range manifest.Templates(o) {
				pods++
				var want, got []string
				for _, r := range evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: target}, &template.Meta, &template.Spec) {
					if !r.Allowed {
						want = append(want, r.ForbiddenReason)
					}
				}
				in := Input{Objects: []*manifest.Object{o}, Options: Options{PodSecurityVersion: version}}
				for _, f := range Run(in) {
					got = append(got, f.Check)
				}
				for _, reason := range want {
					if !reported(reason, got) {
						t.Errorf("%s at %s: Kubernetes says %q, the audit only %v", o.Name(), version, reason, got)
					}
				}
			}
		}
	}
	if pods == 0 {
		t.Error("no pods were compared")
	}
}

// reported knows which checks answer for which of Kubernetes' reasons.
func reported(reason string, checks []string) bool {
	for words, ids := range map[string]string{
		"runAsNonRoot": "W-01 W-02", "runAsUser": "W-01 W-02", "capabilities": "W-06", "allowPrivilegeEscalation": "W-07", "privileged": "W-08",
		"seccompProfile": "W-09 W-18", "AppArmor": "W-10", "seLinux": "W-11", "host namespaces": "W-12", "hostPath": "W-13", "hostPort": "W-14",
		"procMount": "W-15", "sysctls": "W-16", "probe": "W-17", "restricted volume": "W-01 W-13", "hostProcess": "W-01",
	} {
		if !strings.Contains(reason, words) {
			continue
		}
		for _, id := range checks {
			if strings.Contains(ids, id) {
				return true
			}
		}
	}
	return false
}

func TestEveryStandardHasACheck(t *testing.T) {
	for id := range standards() {
		switch id {
		case "restrictedVolumes", "windowsHostProcess", "runAsNonRoot", "runAsUser", // W-01 and W-02
			"seccompProfile_restricted", // W-18
			"capabilities_baseline":     // W-06, whose restricted form overrides it
			continue
		}
		answered := false
		for _, known := range []policy.CheckID{
			"capabilities_restricted", "allowPrivilegeEscalation", "privileged", "seccompProfile_baseline", "appArmorProfile", "seLinuxOptions",
			"hostNamespaces", "hostPathVolumes", "hostPorts", "procMount_restricted", "procMount", "sysctls", "hostProbesAndHostLifecycle",
		} {
			answered = answered || id == known
		}
		if !answered {
			t.Errorf("Kubernetes' check %s is none of ours", id)
		}
	}
	if len(standards()) != 19 {
		t.Errorf("Kubernetes has %d checks, and was 19 when these were written", len(standards()))
	}
	if r := standard("sysctls", api.MajorMinorVersion(1, 34), manifest.Template{}, &corev1.PodSpec{}); !r.Allowed {
		t.Error(fmt.Sprint(r))
	}
}
