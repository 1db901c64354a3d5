# What may run, and what may not.
# shellcheck shell=bash
title "admission"
unknown=$("$work/e2e" image -user 65532 "$registry/team/unknown:1" "/app=$work/e2e" "/etc/os-release=scripts/e2e/app/os-release")
vulnerable=$registry/team/app:vulnerable

pod test passed "$app" "" >"$work/passed.yaml"
see "an image that passed is admitted" create passed.yaml
pod test tagged "$registry/team/app:2" "" >"$work/tagged.yaml"
see "one named by tag is admitted" create tagged.yaml
see "and pinned to the digest that was decided" says "$registry/team/app:2@sha256:" kubectl -n test get pod tagged -o 'jsonpath={.spec.containers[0].image}'
pod test unknown "$unknown" "" >"$work/unknown.yaml"
see "an image nobody asked about is denied" refused "was never decided under policy cluster" create unknown.yaml
show cat "$work/refused"
failing=$registry/team/app@$(kubectl -n ci get taskrun -l tekton.dev/pipelineRun=vulnerable,tekton.dev/pipelineTask=gate -o 'jsonpath={.items[0].status.results[?(@.name=="digest")].value}')
pod test failing "$failing" "" >"$work/failing.yaml"
see "an image that failed is denied, with the reason" refused "CVE-2023-5363" create failing.yaml
show cat "$work/refused"
kubectl -n test create deployment refused --image="$failing" --dry-run=client -o yaml >"$work/deployment.yaml"
see "so is a Deployment of it" refused "CVE-2023-5363" apply deployment.yaml
see "an ephemeral container is looked at too" refused "was never decided" kubectl -n test debug passed --image="$unknown" --container=debugger --target=main
see "labels of what runs may change" kubectl -n test label pod passed seen=yes
see "a namespace may only warn" says "Warning: imagegate" bash -c "sed 's/namespace: test/namespace: open/' '$work/failing.yaml' | kubectl create -f -"
pod ops broken "$failing" 'break-glass.image-policy.k8s.io/reason: "payments are down"' >"$work/broken.yaml"
see "glass breaks where it may, with a reason" says "the glass was broken" create broken.yaml
pod test broken "$failing" 'break-glass.image-policy.k8s.io/reason: "let me"' >"$work/broken.yaml"
see "and nowhere else" refused "CVE-2023-5363" create broken.yaml
see "it shows in the metrics" says "imagegate_break_glass_total 1" kubectl get --raw "/api/v1/namespaces/$system/services/imagegate:8080/proxy/metrics"
# What a pod create costs with the webhooks (test) and without (ci).
kubectl proxy --port=0 >"$work/proxy" 2>&1 &
proxy=$!
until_true 10 grep -q Starting "$work/proxy"
see "pods are created (dry run) with the webhooks and without" "$work/e2e" creates "http://$(grep -o '127.0.0.1:[0-9]*' "$work/proxy")" "$app" ci test ci test
show cat "$work/out"
kill "$proxy"
see "scripts/security-audit.sh finds nothing in the gate's own namespace" scripts/security-audit.sh --namespace "$system"
see "and what is wrong elsewhere" bash -c "! scripts/security-audit.sh --namespace ci"
show tail -5 "$work/out"
see "imagegate audit reads the cluster" bash -c "bin/imagegate audit --cluster --namespace test --severity CRITICAL | tail -1"
show cat "$work/out"
see "our manifests are taken again under admission (dry run)" kubectl apply --dry-run=server -f "$work/gate.yaml"
