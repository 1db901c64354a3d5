package audit

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// auditLimits are the flags by which the API server keeps its log, and the
// least that is asked of each.
var auditLimits = []struct {
	flag  string
	least int
	unit  string
}{{"--audit-log-maxage", 30, "days"}, {"--audit-log-maxbackup", 10, "files"}, {"--audit-log-maxsize", 100, "MB"}}

// apiServerFlags judges a container that runs kube-apiserver; any other has no
// finding.
func apiServerFlags(c Container) []Finding {
	if len(c.Spec.Command) == 0 || path.Base(c.Spec.Command[0]) != "kube-apiserver" {
		return nil
	}
	flags := map[string]string{}
	words := slices.Concat(c.Spec.Command[1:], c.Spec.Args)
	for i, word := range words {
		name, value, assigned := strings.Cut(word, "=")
		if !assigned && i+1 < len(words) {
			value = words[i+1]
		}
		flags[name] = value
	}
	var findings []Finding
	if flags["--audit-policy-file"] == "" {
		findings = append(findings, c.finding(".command", "the API server has no audit policy (--audit-policy-file): nothing is logged", "write one, mount it, and name it"))
	}
	if flags["--audit-log-path"] == "" && flags["--audit-webhook-config-file"] == "" {
		return append(findings, c.finding(".command", "the API server sends its audit log nowhere (--audit-log-path)", "name a file on a volume that outlives the pod, or a webhook"))
	}
	for _, l := range auditLimits {
		if n, err := strconv.Atoi(flags[l.flag]); flags["--audit-log-path"] != "" && (err != nil || n < l.least) {
			findings = append(findings, lower(c.finding(".command", fmt.Sprintf("%s is not set to %d %s or more: old entries may be lost, or fill the disk", l.flag, l.least, l.unit), fmt.Sprintf("set %s=%d", l.flag, l.least))))
		}
	}
	return findings
}
