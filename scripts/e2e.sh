#!/usr/bin/env bash
# The whole way on a real cluster: deploys the gate from deploy/, builds, gates,
# signs and deploys a sample application with Tekton, and holds the cluster to
# the verdicts. Prints a line for each thing seen; exits 1 when one was not.
#
# It needs a cluster of its own to work on (it makes namespaces and webhooks, and
# takes them away at its end) with Tekton Pipelines, kubectl that reaches it, a
# registry that both this machine and the cluster reach, Go, skopeo and busybox:
#
#   E2E_REGISTRY   host:port of the registry, over TLS          (registry.local:5000)
#   E2E_CA         file of the authority its certificate is of  ($SSL_CERT_FILE)
#   E2E_IMAGES     directory of imagegate.tar and gatectl.tar, OCI archives as
#                  scripts/image.sh makes them                   (dist/images)
#   E2E_BUILDAH    an image of buildah in that registry: see tasks/buildah/README.md
#   E2E_KEEP=1     leaves everything in place at the end
set -euo pipefail
cd "$(dirname "$0")/.."
export GOEXPERIMENT=jsonv2 CGO_ENABLED=0 GOFLAGS=-trimpath

registry=${E2E_REGISTRY:-registry.local:5000}
ca=${E2E_CA:-${SSL_CERT_FILE:-}}
images=${E2E_IMAGES:-dist/images}
buildah=${E2E_BUILDAH:-$registry/buildah:1}
work=$(mktemp -d)
system=imagegate-system
# shellcheck source=scripts/e2e/lib.sh
. scripts/e2e/lib.sh

for tool in kubectl skopeo go busybox; do
	command -v "$tool" >/dev/null || die "$tool is not installed"
done
[ -r "$ca" ] || die "name the authority of the registry's certificate with E2E_CA"
for image in imagegate gatectl; do
	[ -r "$images/$image.tar" ] || die "$images/$image.tar is missing: scripts/image.sh makes it, E2E_IMAGES says where"
done
[ -x bin/imagegate ] || die "bin/imagegate is missing: make build"
kubectl get crd pipelines.tekton.dev >/dev/null || die "the cluster has no Tekton Pipelines, or kubectl does not reach it"
export SSL_CERT_FILE=$ca

. scripts/e2e/setup.sh    # images, database, the gate
. scripts/e2e/pipeline.sh # build, gate, sign, deploy
. scripts/e2e/admit.sh    # what may run, and what may not
. scripts/e2e/night.sh    # a newer database, and what it changes
. scripts/e2e/away.sh     # the gate is down
finish
