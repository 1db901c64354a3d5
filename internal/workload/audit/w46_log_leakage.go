package audit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// LogLeakage is W-46.
var LogLeakage = &Check{
	ID: "W-46", Name: "log-leakage", Severity: gate.SeverityLow,
	Doc: Doc{
		What:     "Ways by which secrets reach logs and histories: shells that print each command or all variables while secrets are among them, programs at debug or trace level, and Secrets that carry a copy of themselves in kubectl's annotation.",
		Why:      "Logs are read by many, kept for long, and sent to others.",
		Example:  "sh -c \"set -x; ./app\" and sh -c env with a secretKeyRef fail; so do --log-level=debug, --v=8 and LOG_LEVEL=trace, and a Secret with the annotation kubectl.kubernetes.io/last-applied-configuration. env with no secret, env FOO=bar ./app, and --log-level=info pass.",
		Fix:      "Leave set -x and env out of production; log at info; apply Secrets with kubectl apply --server-side, which keeps no copy.",
		Controls: []string{"CIS Kubernetes 5.4.1"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for c := range in.Containers() {
			secret := hasSecretEnv(c.Spec)
			for _, line := range commandsOf(c.Spec) {
				findings = append(findings, leakingCommand(c, line, secret)...)
			}
			for i, e := range c.Spec.Env {
				if strings.HasSuffix(strings.ToUpper(e.Name), "LOG_LEVEL") && loudLevel(e.Value) {
					findings = append(findings, c.finding(fmt.Sprintf(".env[%d]", i), fmt.Sprintf("%s %q logs at level %s: headers and bodies may be among what it writes", c.Class, c.Spec.Name, e.Value), "log at info"))
				}
			}
		}
		for _, o := range in.Objects {
			if _, copied := o.Unstructured.GetAnnotations()[corev1.LastAppliedConfigAnnotation]; copied && o.Is("", "Secret") {
				f := about(o, manifest.Join("metadata.annotations", corev1.LastAppliedConfigAnnotation), "the Secret carries a copy of its own values in an annotation, which many tools print", "remove the annotation, and apply Secrets with kubectl apply --server-side")
				f.Patch = []Operation{{Op: "remove", Path: jsonPointer(manifest.Steps(f.Field))}}
				findings = append(findings, f)
			}
		}
		return findings
	},
}

// hasSecretEnv reports whether a secret is among a container's variables.
func hasSecretEnv(c *corev1.Container) bool {
	return slices.ContainsFunc(c.EnvFrom, func(e corev1.EnvFromSource) bool { return e.SecretRef != nil }) ||
		slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool {
			return e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil || e.ValueFrom == nil && suspect(e.Name, e.Value) != nil
		})
}

var (
	// tracing is a shell that prints each command with its variables filled in.
	tracing = regexp.MustCompile(`(^|[\s;&|(])set\s+(-[a-wyz]*x|-o\s+xtrace)`)
	// tracingFlag is the same by the shell's own option.
	tracingFlag = regexp.MustCompile(`^-[a-z]*x[a-z]*$`)
	// printing shows all variables: env and the like with nothing behind them.
	printing = regexp.MustCompile(`(?m)(^|[;&|(]|\bthen\b|\bdo\b)\s*(env|printenv|export -p)\s*($|[;&|)>])`)
	shells   = regexp.MustCompile(`(^|/)(ba|da|a|z|k)?sh$`)
	// loudFlag is an option that asks for a level.
	loudFlag = regexp.MustCompile(`^--?(?:log[-.]?level|loglevel|log\.level|verbosity)=(.+)$`)
	// klog is Kubernetes' logging: from 8 on it writes bodies.
	klog = regexp.MustCompile(`^--?v=([89]|[1-9][0-9]+)$`)
)

func leakingCommand(c Container, line commandLine, secret bool) []Finding {
	var findings []Finding
	isShell := len(line.words) > 0 && shells.MatchString(line.words[0]) || len(c.Spec.Command) > 0 && shells.MatchString(c.Spec.Command[0])
	for i, word := range line.words {
		field := fmt.Sprintf("%s[%d]", line.field, i)
		switch {
		case secret && (tracing.MatchString(word) || isShell && tracingFlag.MatchString(word)):
			findings = append(findings, c.finding(field, fmt.Sprintf("the shell of %s %q prints each command with its variables, secrets among them", c.Class, c.Spec.Name), "leave out set -x"))
		case secret && (isShell && printing.MatchString(word) || len(line.words) == 1 && printing.MatchString(word)):
			findings = append(findings, c.finding(field, fmt.Sprintf("%s %q prints its variables, secrets among them", c.Class, c.Spec.Name), "print only what is needed"))
		default:
			m := loudFlag.FindStringSubmatch(word)
			if m != nil && loudLevel(m[1]) || klog.MatchString(word) {
				findings = append(findings, c.finding(field, fmt.Sprintf("%s %q is started with %s: headers and bodies may be among what it writes", c.Class, c.Spec.Name, word), "log at info"))
			}
		}
	}
	return findings
}

func loudLevel(level string) bool {
	return slices.Contains([]string{"debug", "trace", "all"}, strings.ToLower(strings.Trim(level, `"'`)))
}
