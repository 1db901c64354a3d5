package audit

import "testing"

func TestLogLeakage(t *testing.T) {
	const secret = ", env: [{name: P, valueFrom: {secretKeyRef: {name: s, key: k}}}]"
	script := func(text string) string { return one(`command: [sh, -c, "` + text + `"]` + secret) }
	at := []string{"spec.containers[0].command[2]"}
	test(t, LogLeakage, []scenario{
		{name: "set -x", objects: script("set -x; ./app"), want: at, says: "prints each command"},
		{name: "set -eux", objects: script("set -eux\\n./app"), want: at},
		{name: "set -o xtrace", objects: script("set -o xtrace && ./app"), want: at},
		{name: "sh -xc", objects: one("command: [/bin/sh, -xc, ./app]" + secret), want: []string{"spec.containers[0].command[1]"}},
		{name: "a script in the arguments", objects: one(`command: [/bin/bash], args: [-c, "env | sort"]` + secret), want: []string{"spec.containers[0].args[1]"}, says: "prints its variables"},
		{name: "env alone", objects: one("command: [printenv]" + secret), want: []string{"spec.containers[0].command[0]"}},
		{name: "all variables from a Secret", objects: one(`command: [sh, -c, env], envFrom: [{secretRef: {name: s}}]`), want: at},
		{name: "a secret in plain sight counts", objects: one(`command: [sh, -c, env], env: [{name: DB_PASSWORD, value: hunter2}]`), want: at},
		{name: "a level in an option", objects: one("args: [--log-level=debug]"), want: []string{"spec.containers[0].args[0]"}, says: "--log-level=debug"},
		{name: "klog's bodies", objects: one("args: [-v=2, --v=8]"), want: []string{"spec.containers[0].args[1]"}},
		{name: "a level in a variable", objects: one("env: [{name: APP_LOG_LEVEL, value: TRACE}]"), want: []string{"spec.containers[0].env[0]"}, says: "TRACE"},
		{name: "a Secret with a copy of itself", objects: `{apiVersion: v1, kind: Secret, metadata: {name: s, annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}}}`, want: []string{`metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]`}, says: "copy"},
		{name: "set -x without secrets", objects: one(`command: [sh, -c, "set -x; env; ./app"]`)},
		{name: "env that sets a variable", objects: script("env FOO=bar ./app")},
		{name: "set -e", objects: script("set -e; ./app --set -y")},
		{name: "an option -x of another program", objects: one("command: [app, -x]" + secret)},
		{name: "ordinary levels", objects: one("args: [--log-level=info, -v=4], env: [{name: LOG_LEVEL, value: warn}]")},
		{name: "a ConfigMap with a copy of itself", objects: `{apiVersion: v1, kind: ConfigMap, metadata: {name: s, annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}}}`},
	})
}
