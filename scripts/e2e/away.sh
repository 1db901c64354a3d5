# The gate is down.
# shellcheck shell=bash
title "the gate is away"
fail_policy() {
	for kind in validatingwebhookconfiguration mutatingwebhookconfiguration; do
		n=$(kubectl get "$kind" imagegate -o 'go-template={{len .webhooks}}')
		patch=
		for ((i = 0; i < n; i++)); do patch+=${patch:+,}"{\"op\":\"replace\",\"path\":\"/webhooks/$i/failurePolicy\",\"value\":\"$1\"}"; done
		kubectl patch "$kind" imagegate --type=json -p "[$patch]" >/dev/null
	done
}
kubectl -n "$system" scale deploy/imagegate --replicas=0 >/dev/null
kubectl -n "$system" wait --for=delete pod -l app.kubernetes.io/component=gate --timeout=90s >/dev/null
pod test away-ignore "$unknown" "" >"$work/away.yaml"
see "with Ignore (overlay dev) a cluster goes on as before" create away.yaml
fail_policy Fail
pod test away-fail "$unknown" "" >"$work/away.yaml"
see "with Fail (overlay production) nothing new runs, and the webhook is named" refused "imagegate.dev" create away.yaml
show cat "$work/refused"
pod kube-system away-system "$registry/pause:1" "" >"$work/system.yaml"
see "kube-system is never locked out" create system.yaml
kubectl -n kube-system delete pod away-system --wait=false >/dev/null
see "what runs can be scaled" kubectl -n test scale deploy/app --replicas=0
see "the gate itself comes back" bash -c "kubectl -n $system scale deploy/imagegate --replicas=1 && kubectl -n $system rollout status deploy/imagegate --timeout=120s"
