# The gate, deployed from deploy/overlays/dev.
# shellcheck shell=bash
title "the gate, from deploy/"
clean_up || true
for namespace in "$system" ci test strict ops open restricted; do
	kubectl wait --for=delete "namespace/$namespace" --timeout=120s >/dev/null 2>&1 || true
done
go build -o "$work/e2e" ./internal/e2e

# push NAME: an OCI archive into the registry; prints its digest.
push() {
	skopeo copy --quiet --digestfile "$work/digest" "oci-archive:$images/$1.tar" "docker://$registry/imagegate/$1:e2e" >&2
	cat "$work/digest"
}
gate_digest=$(push imagegate)
gatectl_digest=$(push gatectl)
gatectl_image=$registry/imagegate/gatectl@$gatectl_digest
"$work/e2e" database "$registry/trivy-db:2" >/dev/null

kubectl_image=$("$work/e2e" image -env PATH=/bin "$registry/imagegate/kubectl:e2e" "/bin/kubectl=$(command -v kubectl)" "/bin/busybox=$(command -v busybox)" \
	/bin/sh@busybox /bin/cat@busybox)
go_image=$("$work/e2e" image -user 0 -env PATH=/usr/local/go/bin:/bin -env HOME=/tmp -env GOTOOLCHAIN=local -env CGO_ENABLED=0 -env GOFLAGS=-buildvcs=false \
	"$registry/imagegate/go:e2e" "/usr/local/go=$(go env GOROOT)" "/bin/busybox=$(command -v busybox)" /bin/sh@busybox)

mkdir "$work/deploy"
cat >"$work/deploy/kustomization.yaml" <<END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [$(realpath --relative-to "$work/deploy" deploy/overlays/dev)]
images:
- {name: registry.example/imagegate, newName: $registry/imagegate/imagegate, digest: "$gate_digest"}
- {name: registry.example/gatectl, newName: $registry/imagegate/gatectl, digest: "$gatectl_digest"}
configMapGenerator:
- {name: registry-ca, namespace: $system, files: [ca.crt], options: {disableNameSuffixHash: true}}
patches:
- target: {kind: Deployment, name: imagegate}
  patch: |-
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: --ca-bundle=/etc/registry-ca/ca.crt}
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: "--db-source=$registry/trivy-db:2"}
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: --db-refresh=5s}
    - {op: add, path: /spec/template/spec/containers/0/volumeMounts/-, value: {name: registry-ca, mountPath: /etc/registry-ca, readOnly: true}}
    - {op: add, path: /spec/template/spec/volumes/-, value: {name: registry-ca, configMap: {name: registry-ca}}}
END
cp "$ca" "$work/deploy/ca.crt"
see "the manifests build" bash -c "kubectl kustomize --load-restrictor LoadRestrictionsNone '$work/deploy' >'$work/gate.yaml'"

kubectl create namespace "$system" >/dev/null
export COSIGN_PASSWORD
COSIGN_PASSWORD=$(head -c 24 /dev/urandom | base64)
bin/imagegate key generate --out "$work/gate" >/dev/null
kubectl -n "$system" create secret generic imagegate-signing-key --from-file=cosign.key="$work/gate.key" --from-literal=cosign.password="$COSIGN_PASSWORD" >/dev/null
head -c 32 /dev/urandom | base64 >"$work/token"
kubectl -n "$system" create secret generic imagegate-token --from-file=token="$work/token" >/dev/null
# The certificate first, or the pod would wait for its Secret; the webhooks get
# the authority when they are there.
deploy/certificate.sh >/dev/null
see "the API server takes them all" kubectl apply -f "$work/gate.yaml"
deploy/certificate.sh >/dev/null
see "the gate is ready, in a namespace that enforces PSS restricted" kubectl -n "$system" rollout status deploy/imagegate --timeout=120s
show kubectl -n "$system" get pods,svc,cronjob
