#!/usr/bin/env bash
# Audits a running cluster with kubectl and nothing else. Each finding is one
# line: section, severity, object, what is wrong. It reads, and changes nothing.
# What needs knowledge of images or of a policy is for `imagegate audit`.
#
# usage: scripts/security-audit.sh [--namespace NAMESPACE] [--context CONTEXT]
#   --namespace  looks at one namespace, and at nothing that belongs to the cluster
# exit status: 0 nothing found, 2 findings, 1 wrong use or kubectl cannot answer
set -euo pipefail

namespace='' kubectl=(kubectl)
while (($#)); do
	case $1 in
	-h | --help)
		sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"
		exit 0
		;;
	--namespace=* | --context=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
	--namespace | --context)
		if [ -z "${2:-}" ]; then
			echo "security-audit: $1 needs a value" >&2
			exit 1
		fi
		if [ "$1" = --namespace ]; then namespace=$2; else kubectl+=(--context "$2"); fi
		shift 2
		;;
	*)
		echo "security-audit: $1 is not known: see --help" >&2
		exit 1
		;;
	esac
done
if ! command -v kubectl >/dev/null; then
	echo "security-audit: kubectl is not installed" >&2
	exit 1
fi
scope=(--all-namespaces)
if [ -n "$namespace" ]; then
	scope=(--namespace "$namespace")
	# kubectl lists nothing in a namespace that does not exist, and is content.
	if ! "${kubectl[@]}" get namespace "$namespace" -o name >/dev/null; then
		echo "security-audit: namespace $namespace cannot be read: check its name and the context" >&2
		exit 1
	fi
fi

findings=0 section=''
section() {
	section=$1
	echo "== $1"
}
finding() { # SEVERITY OBJECT WORDS…
	findings=$((findings + 1))
	printf '%-8s %-8s %s: %s\n' "$section" "$1" "$2" "${*:3}"
}
# list RESOURCE TEMPLATE ARGUMENT… prints the template's text. Its separator is
# "|", which no name, image or label holds. An audit that could not look must
# not say that all is well.
list() {
	if ! "${kubectl[@]}" get "$1" "${@:3}" -o "go-template=$2"; then
		echo "security-audit: kubectl cannot list $1${namespace:+ in namespace $namespace}: check the context, and that you may list it" >&2
		return 1
	fi
}

# System namespaces hold what the cluster is made of: it needs what it needs.
system() { [[ $1 == kube-system || $1 == kube-public || $1 == kube-node-lease ]]; }

# All of it is asked first: bash forgets the status of a loop's input.
if [ -z "$namespace" ]; then
	nodes=$(list nodes '{{range .items}}{{.metadata.name}}|{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}|{{.status.nodeInfo.kubeletVersion}}{{"\n"}}{{end}}')
	namespaces=$(list namespaces '{{range .items}}{{.metadata.name}}|{{with .metadata.labels}}{{with index . "pod-security.kubernetes.io/enforce"}}{{.}}{{end}}|{{with index . "pod-security.kubernetes.io/enforce-version"}}{{.}}{{end}}{{else}}|{{end}}{{"\n"}}{{end}}')
	clusterroles=$(list clusterroles '{{range .items}}{{$r := .metadata.name}}{{range .rules}}{{$r}}|{{range .apiGroups}}{{.}},{{end}}|{{range .resources}}{{.}},{{end}}|{{range .verbs}}{{.}},{{end}}|{{range .resourceNames}}{{.}},{{end}}{{"\n"}}{{end}}{{end}}')
	clusterbindings=$(list clusterrolebindings '{{range .items}}{{$b := .metadata.name}}{{$r := .roleRef.name}}{{range .subjects}}{{$b}}|{{$r}}|{{.kind}}|{{with .namespace}}{{.}}{{end}}|{{.name}}{{"\n"}}{{end}}{{end}}')
fi
roles=$(list roles '{{range .items}}{{$n := .metadata.namespace}}{{$r := .metadata.name}}{{range .rules}}{{$n}}|{{$r}}|{{range .apiGroups}}{{.}},{{end}}|{{range .resources}}{{.}},{{end}}|{{range .verbs}}{{.}},{{end}}|{{range .resourceNames}}{{.}},{{end}}{{"\n"}}{{end}}{{end}}' "${scope[@]}")
bindings=$(list rolebindings '{{range .items}}{{$n := .metadata.namespace}}{{$b := .metadata.name}}{{$r := .roleRef}}{{range .subjects}}{{$n}}|{{$b}}|{{$r.kind}}|{{$r.name}}|{{.kind}}|{{.name}}{{"\n"}}{{end}}{{end}}' "${scope[@]}")
policies=$(list networkpolicies '{{range .items}}{{.metadata.namespace}}|{{.metadata.name}}|{{with .spec.podSelector.matchLabels}}some{{end}}{{with .spec.podSelector.matchExpressions}}some{{end}}|{{range .spec.policyTypes}}{{.}},{{end}}{{"\n"}}{{end}}' "${scope[@]}")

# One line per container of every kind: init and ephemeral ones run code too.
# field prints a value of a securityContext, and "-" where there is none, which
# is not the same as false or 0.
field() { echo "{{with .securityContext}}{{if eq (print .$1) \"<nil>\"}}-{{else}}{{.$1}}{{end}}{{else}}-{{end}}|"; }
line='{{$pod}}CLASS|{{.name}}|{{.image}}|'
line+=$(field privileged)$(field allowPrivilegeEscalation)$(field readOnlyRootFilesystem)$(field runAsNonRoot)$(field runAsUser)
line+='{{$inherited}}{{with .securityContext}}{{with .capabilities}}{{range .drop}}{{.}},{{end}}{{end}}{{end}}|'
line+='{{with .resources}}{{with .limits}}{{with .memory}}{{.}}{{end}}{{end}}{{end}}{{"\n"}}'
template='{{range .items}}{{$pod := printf "%s|%s|" .metadata.namespace .metadata.name}}{{$inherited := "-|-|"}}'
template+='{{with .spec.securityContext}}{{$inherited = printf "%v|%v|" .runAsNonRoot .runAsUser}}{{end}}'
for class in initContainers containers ephemeralContainers; do
	template+="{{range .spec.$class}}${line/CLASS/${class%s}}{{end}}"
done
containers=$(list pods "$template{{end}}" "${scope[@]}")
pods=$(list pods '{{range .items}}{{.metadata.namespace}}|{{.metadata.name}}|{{.status.phase}}|{{if .spec.hostNetwork}}hostNetwork {{end}}{{if .spec.hostPID}}hostPID {{end}}{{if .spec.hostIPC}}hostIPC {{end}}|{{range .spec.volumes}}{{with .hostPath}}{{.path}} {{end}}{{end}}{{"\n"}}{{end}}' "${scope[@]}")

section cluster
if [ -z "$namespace" ]; then
	while IFS='|' read -r name ready version; do
		if [ -n "$name" ] && [ "$ready" != True ]; then finding HIGH "node/$name" "not ready (kubelet $version)"; fi
	done <<<"$nodes"
	while IFS='|' read -r name enforce version; do
		if [ -z "$name" ] || system "$name"; then continue; fi
		case $enforce in
		restricted | baseline)
			if [ -z "$version" ] || [ "$version" = latest ]; then
				finding LOW "namespace/$name" "Pod Security $enforce without a pinned version: an upgrade of the cluster changes what it means"
			fi
			;;
		*) finding MEDIUM "namespace/$name" "Pod Security ${enforce:-is not set}: label it pod-security.kubernetes.io/enforce: restricted" ;;
		esac
	done <<<"$namespaces"
fi
while IFS='|' read -r ns name phase _; do
	if [ -n "$name" ] && [[ $phase == Failed || $phase == Unknown ]]; then finding LOW "pod/$ns/$name" "its phase is $phase"; fi
done <<<"$pods"

section rbac
wild() { # OBJECT GROUPS RESOURCES VERBS RESOURCENAMES
	if [[ ,$3 == *,\**, && ,$4 == *,\**, ]]; then
		finding HIGH "$1" "every verb on every resource of ${2%,}: name those it needs"
	elif [[ ,$3 == *,secrets,* && ,$4 =~ ,(get|list|watch|\*), && ,$2 =~ ,(,|\*) ]]; then
		# A list is of all Secrets, whatever resourceNames says.
		if [ -n "$5" ] && [ "$4" = get, ]; then return; fi
		finding MEDIUM "$1" "reads Secrets: narrow it with resourceNames, and to get"
	elif [[ ,$4 =~ ,(escalate|bind|impersonate), ]]; then
		finding HIGH "$1" "may ${4%,}: that is every permission it can name"
	fi
}
if [ -z "$namespace" ]; then
	while IFS='|' read -r name groups resources verbs names; do
		case $name in '' | system:* | cluster-admin | admin | edit | view) continue ;; esac
		wild "clusterrole/$name" "$groups" "$resources" "$verbs" "$names"
	done <<<"$clusterroles"
	while IFS='|' read -r name role kind ns subject; do
		if [ "$role" = cluster-admin ] && [ "$subject" != system:masters ]; then
			finding HIGH "clusterrolebinding/$name" "$kind ${ns:+$ns/}$subject is cluster-admin"
		elif [[ $subject == system:anonymous || $subject == system:unauthenticated ]] && [ "$role" != system:public-info-viewer ]; then
			finding HIGH "clusterrolebinding/$name" "strangers ($subject) hold $role"
		fi
	done <<<"$clusterbindings"
fi
while IFS='|' read -r ns name groups resources verbs names; do
	if [ -n "$name" ] && ! system "$ns"; then wild "role/$ns/$name" "$groups" "$resources" "$verbs" "$names"; fi
done <<<"$roles"
while IFS='|' read -r ns name kind role subjectkind subject; do
	if [ "$kind" = ClusterRole ] && [[ $role == cluster-admin ]]; then
		finding HIGH "rolebinding/$ns/$name" "$subjectkind $subject is cluster-admin in the namespace"
	elif [ "$subject" = default ] && [ "$subjectkind" = ServiceAccount ] && ! system "$ns"; then
		finding MEDIUM "rolebinding/$ns/$name" "the default ServiceAccount holds $role: every pod that names no other has it"
	fi
done <<<"$bindings"

section network
declare -A peopled=() ingress=() egress=()
while IFS='|' read -r ns name _; do
	if [ -n "$name" ] && ! system "$ns"; then peopled[$ns]=1; fi
done <<<"$pods"
while IFS='|' read -r ns _ selects types; do
	if [ -z "$ns" ] || [ -n "$selects" ]; then continue; fi
	if [[ $types == *Ingress* ]]; then ingress[$ns]=1; fi
	if [[ $types == *Egress* ]]; then egress[$ns]=1; fi
done <<<"$policies"
while read -r ns; do
	if [ -z "$ns" ]; then continue; fi
	for direction in ingress egress; do
		declare -n covered=$direction
		if [ -z "${covered[$ns]:-}" ]; then
			finding MEDIUM "namespace/$ns" "no NetworkPolicy selects all its pods for $direction: begin with a default deny"
		fi
	done
done < <(printf '%s\n' "${!peopled[@]}" | sort)

section context
while IFS='|' read -r ns pod class name _ privileged escalation readonly nonroot user podnonroot poduser drop _; do
	if [ -z "$pod" ] || system "$ns"; then continue; fi
	object="pod/$ns/$pod $class $name"
	if [ "$privileged" = true ]; then
		finding CRITICAL "$object" "privileged: it is root on the node"
	else
		if [ "$escalation" != false ]; then finding HIGH "$object" "allowPrivilegeEscalation is not false"; fi
		if [[ ,$drop != *,ALL,* ]]; then finding MEDIUM "$object" "capabilities are not dropped (drop: [ALL])"; fi
	fi
	# A container's word goes before its pod's.
	if [ "$nonroot" = - ]; then nonroot=$podnonroot; fi
	if [ "$user" = - ]; then user=$poduser; fi
	if [ "$user" = 0 ] || { [ "$nonroot" != true ] && [[ $user == - || $user == '<nil>' ]]; }; then
		finding HIGH "$object" "may run as root: set runAsNonRoot, and a runAsUser that is not 0"
	fi
	if [ "$readonly" != true ]; then finding MEDIUM "$object" "its root file system can be written"; fi
done <<<"$containers"
while IFS='|' read -r ns name _ host paths; do
	if [ -z "$name" ] || system "$ns"; then continue; fi
	if [ -n "$host" ]; then finding HIGH "pod/$ns/$name" "shares the node's namespaces: ${host% }"; fi
	if [ -n "$paths" ]; then finding HIGH "pod/$ns/$name" "mounts the node's files: ${paths% }"; fi
done <<<"$pods"

section images
while IFS='|' read -r ns pod class name image _; do
	if [ -z "$pod" ] || system "$ns"; then continue; fi
	object="pod/$ns/$pod $class $name"
	last=${image##*/}
	if [[ $image =~ @sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$ ]]; then
		continue
	elif [[ $image == *@* ]]; then
		finding HIGH "$object" "$image has no well-formed digest"
	elif [[ $last != *:* || $last == *:latest ]]; then
		finding HIGH "$object" "$image is whatever latest is today: name a digest"
	else
		finding MEDIUM "$object" "$image is a tag, which can be moved: name a digest"
	fi
done <<<"$containers"

section limits
while IFS='|' read -r ns pod class name _ _ _ _ _ _ _ _ _ memory; do
	# An ephemeral container cannot have any.
	if [ -z "$pod" ] || system "$ns" || [ "$class" = ephemeralContainer ]; then continue; fi
	if [ -z "$memory" ]; then finding MEDIUM "pod/$ns/$pod $class $name" "no memory limit: it can starve its node"; fi
done <<<"$containers"

echo
if ((findings)); then
	echo "$findings finding$( ((findings == 1)) || echo s)"
	exit 2
fi
echo "nothing found"
