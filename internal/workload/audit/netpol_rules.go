package audit

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// flow is a rule of either direction: its ports, and the peers at the other end.
type flow struct {
	field string // "spec.egress[0]"
	peers string // the list's name: "from" or "to"
	out   bool
	ports []networkingv1.NetworkPolicyPort
	ends  []networkingv1.NetworkPolicyPeer
}

// flowsOf are the rules of a policy, as far as they are in force.
func flowsOf(n *netpol) []flow {
	var flows []flow
	if n.ingress {
		for i, r := range n.policy.Spec.Ingress {
			flows = append(flows, flow{fmt.Sprintf("spec.ingress[%d]", i), "from", false, r.Ports, r.From})
		}
	}
	if n.egress {
		for i, r := range n.policy.Spec.Egress {
			flows = append(flows, flow{fmt.Sprintf("spec.egress[%d]", i), "to", true, r.Ports, r.To})
		}
	}
	return flows
}

func (f flow) end(i int) string { return fmt.Sprintf("%s.%s[%d]", f.field, f.peers, i) }

// onlyDNS reports whether a rule is limited to the port of name servers.
func (f flow) onlyDNS() bool {
	for _, p := range f.ports {
		if p.EndPort != nil || p.Port == nil || p.Port.IntValue() != 53 {
			return false
		}
	}
	return len(f.ports) > 0
}

// metadataService is where clouds answer a pod's questions about its node,
// credentials among them; it listens on port 80.
var metadataService = netip.MustParseAddr("169.254.169.254")

// reachesMetadata reports whether a rule lets requests to the metadata service
// pass: its block holds the address, and one of its ports is 80.
func (f flow) reachesMetadata(block *networkingv1.IPBlock) bool {
	prefix, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !prefix.Contains(metadataService) {
		return false
	}
	for _, except := range block.Except {
		if p, err := netip.ParsePrefix(except); err == nil && p.Contains(metadataService) {
			return false
		}
	}
	return f.allowsPort(80)
}

func (f flow) allowsPort(port int32) bool {
	for _, p := range f.ports {
		switch {
		case p.Protocol != nil && *p.Protocol != corev1.ProtocolTCP:
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String: // a name may be any number
			return true
		case p.Port.IntVal == port, p.EndPort != nil && p.Port.IntVal <= port && port <= *p.EndPort:
			return true
		}
	}
	return len(f.ports) == 0
}

// everywhere reports whether a block is the whole internet, or half of it.
func everywhere(block *networkingv1.IPBlock) bool {
	prefix, err := netip.ParsePrefix(block.CIDR)
	return err == nil && prefix.Bits() <= 1
}

// allPods reports whether a peer is every pod of every namespace.
func allPods(p networkingv1.NetworkPolicyPeer) bool {
	return p.IPBlock == nil && p.NamespaceSelector != nil && emptySelector(p.NamespaceSelector) &&
		(p.PodSelector == nil || emptySelector(p.PodSelector))
}

func emptySelector(s *metav1.LabelSelector) bool {
	return len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0
}
