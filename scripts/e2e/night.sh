# A newer vulnerability database, and the nightly rescan.
# shellcheck shell=bash
title "the night after"
# The namespace strict has a policy without grace.
kubectl -n "$system" get configmap imagegate-policies -o 'go-template={{index .data "cluster.yaml"}}' >"$work/cluster.yaml"
sed -e 's/name: cluster/name: no-grace/; /^grace:/d' "$work/cluster.yaml" >"$work/no-grace.yaml"
kubectl -n "$system" create configmap imagegate-policies --from-file="$work/cluster.yaml" --from-file="$work/no-grace.yaml" --dry-run=client -o yaml | kubectl apply -f - >/dev/null 2>&1
ask() {
	kubectl -n ci delete pod ask --ignore-not-found >/dev/null
	kubectl -n ci run ask --image="$gatectl_image" --restart=Never --attach --rm --quiet --overrides="$(
		cat <<-END
			{"spec": {"containers": [{"name": "ask", "image": "$gatectl_image", "args": ["check", "--server=http://imagegate.$system.svc:8080", "--token-file=/token/token", "--policy=no-grace", "$app"],
			"volumeMounts": [{"name": "token", "mountPath": "/token"}]}], "volumes": [{"name": "token", "secret": {"secretName": "imagegate-token"}}]}}
		END
	)"
}
see "a policy that comes with the ConfigMap is in force without a restart" until_true 120 ask
pod strict before "$app" "" >"$work/before.yaml"
see "the application is admitted under it" create before.yaml

"$work/e2e" database "$registry/trivy-db:2" scripts/e2e/newer-advisories.yaml >/dev/null
made() { kubectl get --raw "/api/v1/namespaces/$system/services/imagegate:8080/proxy/readyz"; }
before=$(made)
newer() { [ "$(made)" != "$before" ]; }
see "the gate takes up a newer database by itself" until_true 60 newer
kubectl -n "$system" create job night --from=cronjob/imagegate-rescan >/dev/null
night_ended() { kubectl -n "$system" get job night -o 'jsonpath={.status.conditions[*].type}' | grep -qE 'Failed|Complete'; }
see "the nightly CronJob, started by hand, ends" until_true 120 night_ended
show kubectl -n "$system" logs job/night
see "it says what newly fails" says CVE-2026-0001 kubectl -n "$system" logs job/night
pod strict after "$app" "" >"$work/after.yaml"
see "what was admitted is refused now, with the reason" refused "CVE-2026-0001" create after.yaml
show cat "$work/refused"
pod test graced "$app" "" >"$work/graced.yaml"
see "where the policy gives grace, it is admitted with a warning" says "is admitted until" create graced.yaml
show cat "$work/says"
see "what runs goes on running" kubectl -n test rollout status deploy/app --timeout=10s
