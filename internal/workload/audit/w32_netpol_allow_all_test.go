package audit

import "testing"

func TestNetpolAllowAll(t *testing.T) {
	egress := func(rules string) string { return netpolIn("podSelector: {}, policyTypes: [Egress], egress: " + rules) }
	ingress := func(rules string) string {
		return netpolIn("podSelector: {}, policyTypes: [Ingress], ingress: " + rules)
	}
	test(t, NetpolAllowAll, []scenario{
		{name: "an empty egress rule", objects: egress("[{}]"), want: []string{"spec.egress[0]"}, says: "denies nothing"},
		{name: "an empty ingress rule", objects: ingress("[{}]"), want: []string{"spec.ingress[0]"}, says: "denies nothing"},
		{name: "no rule at all denies everything", objects: egress("[]") + ingress("[]")},
		{name: "a service for everybody", objects: ingress("[{ports: [{port: 8443}]}]")},
		{name: "egress ports without peers", objects: egress("[{ports: [{port: 443}]}]"), want: []string{"spec.egress[0]"}, says: "every address"},
		{name: "name servers anywhere", objects: egress("[{ports: [{port: 53, protocol: UDP}]}]"), want: []string{"spec.egress[0]"}, says: "name servers"},
		{name: "all pods of the cluster", objects: egress("[{to: [{namespaceSelector: {}}]}]"), want: []string{"spec.egress[0].to[0]"}, says: "every pod"},
		{name: "all pods of the cluster on one port", objects: egress("[{to: [{namespaceSelector: {}}], ports: [{port: 53}]}]")},
		{name: "all pods of the namespace", objects: ingress("[{from: [{podSelector: {}}]}]")},
		{name: "an empty peer", objects: ingress("[{from: [{}]}]"), want: []string{"spec.ingress[0].from[0]"}, says: "refuses"},
		{name: "the metadata service", objects: egress("[{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"), want: []string{"spec.egress[0].to[0].ipBlock"}, says: "169.254.169.254"},
		{name: "the metadata service in a smaller block", objects: egress("[{to: [{ipBlock: {cidr: 169.254.0.0/16}}], ports: [{port: 80}]}]"), want: []string{"spec.egress[0].to[0].ipBlock"}, says: "169.254.169.254"},
		{name: "the metadata service within a range of ports", objects: egress("[{to: [{ipBlock: {cidr: 169.254.0.0/16}}], ports: [{port: 1, endPort: 100}]}]"), want: []string{"spec.egress[0].to[0].ipBlock"}},
		{name: "the metadata service on another port", objects: egress("[{to: [{ipBlock: {cidr: 169.254.0.0/16}}], ports: [{port: 443}, {port: 80, protocol: UDP}]}]")},
		{name: "the internet without the metadata service, on one port", objects: egress("[{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.0.0/16]}}], ports: [{port: 443}]}]"), want: []string{"spec.egress[0].to[0].ipBlock"}, says: "every address"},
		{name: "half of the internet on every port", objects: egress("[{to: [{ipBlock: {cidr: 0.0.0.0/1}}]}]"), want: []string{"spec.egress[0].to[0].ipBlock"}, says: "every port"},
		{name: "all of IPv6", objects: ingress(`[{from: [{ipBlock: {cidr: "::/0"}}]}]`), want: []string{"spec.ingress[0].from[0].ipBlock"}},
		{name: "a private block", objects: egress("[{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]")},
		{name: "a rule of a direction that is not in force", objects: netpolIn("podSelector: {}, policyTypes: [Ingress], egress: [{}]")},
		{name: "a policy that is only context", context: egress("[{}]")},
	})
}

func TestTheInternetOnOnePortIsOnlyAHint(t *testing.T) {
	found := NetpolAllowAll.Decide(Input{Objects: parse(t, netpolIn("podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}], ports: [{port: 443}]}]"))})
	if len(found) != 1 || found[0].Severity != "LOW" {
		t.Errorf("got %+v", found)
	}
}
