#!/usr/bin/env bash
# Gives the admission webhook a certificate where there is no cert-manager, or a
# new one in place of the old: run it again to rotate. The API server is told to
# trust the new authority and the one before it, so that no review fails while
# the new certificate is on its way to the pod.
#
# usage: deploy/certificate.sh [--context CONTEXT] [--namespace NAMESPACE] [--service SERVICE]
#                              [--webhook CONFIGURATION] [--secret SECRET] [--lifetime DURATION]
# IMAGEGATE names the imagegate program (default: bin/imagegate of this checkout).
set -euo pipefail

imagegate=${IMAGEGATE:-$(dirname "$0")/../bin/imagegate}
namespace=imagegate-system service=imagegate-admission webhook=imagegate secret=imagegate-admission-tls lifetime=8760h
kubectl=(kubectl)
while (($#)); do
	if (($# < 2)); then
		echo "certificate: $1 is not known, or needs a value: see the head of $0" >&2
		exit 1
	fi
	case $1 in
	--context) kubectl+=(--context "$2") ;;
	--namespace) namespace=$2 ;;
	--service) service=$2 ;;
	--webhook) webhook=$2 ;;
	--secret) secret=$2 ;;
	--lifetime) lifetime=$2 ;;
	*)
		echo "certificate: $1 is not known: see the head of $0" >&2
		exit 1
		;;
	esac
	shift 2
done
if ! command -v kubectl >/dev/null; then
	echo "certificate: kubectl is not installed" >&2
	exit 1
fi
if ! command -v "$imagegate" >/dev/null; then
	echo "certificate: there is no program $imagegate: make build, or name it by IMAGEGATE" >&2
	exit 1
fi

umask 077
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$imagegate" admission cert --name "$service.$namespace.svc,$service.$namespace.svc.cluster.local" --lifetime "$lifetime" --out "$dir"

# Trust first, then show: the other order has a gap.
cp "$dir/ca.crt" "$dir/bundle"
"${kubectl[@]}" -n "$namespace" get secret "$secret" --ignore-not-found -o 'go-template={{with index .data "ca.crt"}}{{.}}{{end}}' |
	base64 -d >>"$dir/bundle"
authority=$(base64 <"$dir/bundle" | tr -d '\n')
for kind in validatingwebhookconfiguration mutatingwebhookconfiguration; do
	webhooks=$("${kubectl[@]}" get "$kind" "$webhook" --ignore-not-found -o 'go-template={{len .webhooks}}')
	if ((${webhooks:-0} == 0)); then continue; fi
	patch='' # a JSON patch, an operation a webhook
	for ((i = 0; i < webhooks; i++)); do
		patch+=${patch:+,}"{\"op\": \"add\", \"path\": \"/webhooks/$i/clientConfig/caBundle\", \"value\": \"$authority\"}"
	done
	"${kubectl[@]}" patch "$kind" "$webhook" --type=json --patch "[$patch]"
done
"${kubectl[@]}" -n "$namespace" create secret generic "$secret" --type=kubernetes.io/tls --dry-run=client -o yaml \
	--from-file=tls.crt="$dir/tls.crt" --from-file=tls.key="$dir/tls.key" --from-file=ca.crt="$dir/ca.crt" |
	"${kubectl[@]}" apply -f -
