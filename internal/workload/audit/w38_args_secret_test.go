package audit

import "testing"

func TestArgsSecret(t *testing.T) {
	args := func(list string) string { return one("args: [" + list + "]") }
	at := func(i string) []string { return []string{"spec.containers[0].args[" + i + "]"} }
	test(t, ArgsSecret, []scenario{
		{name: "an option with its value", objects: args("run, --password=hunter2"), want: at("1"), says: "--password"},
		{name: "an option before its value", objects: args("--api-token, hunter2"), want: at("0"), says: "--api-token"},
		{name: "Redis", objects: args("--requirepass, hunter2"), want: at("0")},
		{name: "a variable in a script", objects: one(`command: [sh, -c, "DB_PASSWORD=hunter2 ./app"]`), want: []string{"spec.containers[0].command[2]"}, says: "DB_PASSWORD"},
		{name: "an option in a script", objects: args(`-c, "mysqladmin --password 'hunter2' ping"`), want: at("1")},
		{name: "a header", objects: args(`-H, "Authorization: Bearer a1b2c3d4"`), want: at("1"), says: "Authorization"},
		{name: "a URL with a password", objects: args("--db=postgres://app:hunter2@db/app"), want: at("0"), says: "a URL"},
		{name: "a probe", objects: one("livenessProbe: {exec: {command: [redis-cli, --pass, hunter2]}}"), want: []string{"spec.containers[0].livenessProbe.exec.command[1]"}},
		{name: "a hook", objects: one("lifecycle: {preStop: {exec: {command: [stop, --token=hunter2]}}}"), want: []string{"spec.containers[0].lifecycle.preStop.exec.command[1]"}},
		{name: "a file", objects: args("--password-file=/run/secrets/db, --token-path, keys/t")},
		{name: "another variable", objects: args("--password=$(DB_PASSWORD), --token, $(TOKEN)")},
		{name: "a header from a variable", objects: args(`"curl -H 'Authorization: Bearer $TOKEN' https://a"`)},
		{name: "a switch", objects: args("--require-token, --pass-access-token, --verbose, --use-secrets=true")},
		{name: "how long tokens live", objects: args("--token-ttl=3600000")},
		{name: "an option at the end", objects: args("--password")},
		{name: "a URL without a password", objects: args("--issuer=https://idp.example/token=a")},
	})
}
