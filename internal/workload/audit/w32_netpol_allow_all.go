package audit

import (
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// NetpolAllowAll is W-32.
var NetpolAllowAll = &Check{
	ID: "W-32", Name: "netpol-allow-all", Severity: gate.SeverityMedium,
	Doc: Doc{
		What:     "Rules of network policies that allow everything: empty rules, all pods of all namespaces on every port, and address blocks that hold the cloud's metadata service.",
		Why:      "Such a policy looks like protection, and satisfies whoever counts policies, but denies nothing. 169.254.169.254 hands the node's credentials to whoever asks.",
		Example:  "egress: [{}] fails; so does ipBlock 0.0.0.0/0 without an except of 169.254.169.254/32, unless its ports leave out 80. Both directions closed (ingress: [], egress: []) pass; incoming traffic from anywhere to named ports passes; the internet on named ports is LOW.",
		Fix:      "Name the peers and the ports that are needed; take 169.254.169.254/32 out of wide blocks with except.",
		Controls: []string{"CIS Kubernetes 5.3.2", "NSA/CISA Network separation"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for _, n := range netpolsOf(judged(in)) {
			if n.policy == nil {
				continue
			}
			for _, f := range flowsOf(n) {
				findings = append(findings, f.open(n.object)...)
			}
		}
		return findings
	},
}

// open finds what a rule allows too widely.
func (f flow) open(o *manifest.Object) []Finding {
	direction, whom := "from", "incoming"
	if f.out {
		direction, whom = "to", "outgoing"
	}
	if len(f.ends) == 0 {
		switch {
		case len(f.ports) == 0:
			return []Finding{about(o, f.field, fmt.Sprintf("an empty rule allows all %s traffic: the policy denies nothing", whom),
				"name the peers and ports that are needed; to deny everything, leave the list of rules empty")}
		case f.out:
			return []Finding{lower(about(o, f.field, fmt.Sprintf("the rule names ports and no peers: it allows traffic to every address%s", f.dnsWords()),
				"name the peers under to"))}
		}
		return nil // a service for everybody
	}
	var findings []Finding
	for i, end := range f.ends {
		switch {
		case end.IPBlock == nil && end.PodSelector == nil && end.NamespaceSelector == nil:
			findings = append(findings, about(o, f.end(i), "the peer is empty: the API server refuses the policy",
				"name an ipBlock, a podSelector or a namespaceSelector"))
		case allPods(end) && len(f.ports) == 0:
			findings = append(findings, about(o, f.end(i), fmt.Sprintf("the rule allows traffic %s every pod of the cluster on every port", direction),
				"select the namespaces by kubernetes.io/metadata.name and the pods by their labels, or name the ports"))
		case end.IPBlock != nil:
			findings = append(findings, f.openBlock(o, f.end(i)+".ipBlock", end.IPBlock)...)
		}
	}
	return findings
}

func (f flow) openBlock(o *manifest.Object, field string, block *networkingv1.IPBlock) []Finding {
	switch {
	case f.out && f.reachesMetadata(block):
		finding := about(o, field, fmt.Sprintf("%s holds 169.254.169.254: the pod can ask the cloud's metadata service for the node's credentials", block.CIDR),
			"leave it out: except: [169.254.169.254/32]")
		finding.Patch = set(o, field+".except", appendText(block.Except, "169.254.169.254/32"))
		return []Finding{finding}
	case !everywhere(block):
		return nil
	case len(f.ports) == 0:
		return []Finding{about(o, field, fmt.Sprintf("the rule allows every address of %s on every port", block.CIDR), "name the ports, and a smaller block")}
	case f.out:
		return []Finding{lower(about(o, field, fmt.Sprintf("the rule allows traffic to every address of %s", block.CIDR),
			"name the blocks that are needed, or send the traffic through a proxy that knows names"))}
	}
	return nil
}

func (f flow) dnsWords() string {
	if f.onlyDNS() {
		return ", and name servers anywhere carry data away"
	}
	return ""
}

// lower makes a finding a hint.
func lower(f Finding) Finding {
	f.Severity = gate.SeverityLow
	return f
}

// appendText is a list as JSON patches hold it, with one more element.
func appendText(list []string, element string) []any {
	var all []any
	for _, s := range list {
		all = append(all, s)
	}
	return append(all, element)
}
