# Build, gate, sign, deploy.
# shellcheck shell=bash
title "the pipeline"
for namespace in ci test strict ops open; do kubectl create namespace "$namespace" >/dev/null; done
# Where builds run nothing is gated; what they make is.
kubectl label namespace ci imagegate.dev/admission=disabled >/dev/null
kubectl label namespace ops imagegate.dev/break-glass=allowed >/dev/null
kubectl label namespace open imagegate.dev/mode=warn >/dev/null
kubectl label namespace strict imagegate.dev/policy=no-grace >/dev/null
kubectl -n ci create secret generic imagegate-token --from-file=token="$work/token" >/dev/null
kubectl -n ci create secret generic registry-credentials --type=kubernetes.io/dockerconfigjson --from-literal=.dockerconfigjson='{"auths":{}}' >/dev/null
kubectl -n ci create configmap registry-ca --from-file=ca.crt="$ca" >/dev/null

# The Tasks as they ship, but for the names of registries.
for file in tasks/*/*.yaml pipelines/secure-image-pipeline/secure-image-pipeline.yaml; do
	sed -e "s#registry.example/imagegate/gatectl:[0-9.]*#$gatectl_image#; s#registry.example/imagegate/buildah:[0-9.]*#$buildah#; s#registry.example/imagegate/kubectl:[0-9.]*#$kubectl_image#" "$file"
	echo ---
done >"$work/tekton.yaml"
see "Tekton's webhook takes the Tasks and the Pipeline" kubectl -n ci apply -f "$work/tekton.yaml"
kubectl apply -f tasks/deploy/samples/rbac.yaml >/dev/null

# source NAME [FILE=PATH…]: the application's sources as a workspace.
source_of() {
	local name=$1
	shift
	local args=(--from-file=main.go=scripts/e2e/app/main.go --from-file=go.mod=scripts/e2e/app/go.mod.txt --from-file=scripts/e2e/app/os-release --from-file=scripts/e2e/app/debian_version)
	kubectl -n ci create configmap "$name" "${args[@]}" "$@" >/dev/null
}
source_of source-good --from-file=Dockerfile=scripts/e2e/app/Dockerfile --from-file=packages=scripts/e2e/app/packages
sed '/^USER/d' scripts/e2e/app/Dockerfile >"$work/Dockerfile.root"
source_of source-root --from-file=Dockerfile="$work/Dockerfile.root" --from-file=packages=scripts/e2e/app/packages
source_of source-vulnerable --from-file=Dockerfile=scripts/e2e/app/Dockerfile --from-file=packages=scripts/e2e/vulnerable-packages
sed "s#^ARG BUILDER#ARG BUILDER=$go_image#" scripts/e2e/app/Dockerfile >"$work/Dockerfile.v1beta1"
source_of source-document --from-file=Dockerfile="$work/Dockerfile.v1beta1" --from-file=packages=scripts/e2e/app/packages

# A Deployment to deploy to, which runs something that was decided before.
first=$("$work/e2e" image -user 65532:65532 "$registry/team/first:1" "/app=$work/e2e")
see "gatectl in a pod asks the gate about a first image" kubectl -n ci run first --image="$gatectl_image" --restart=Never --attach --rm --quiet --overrides="$(
	cat <<END
{"spec": {"containers": [{"name": "first", "image": "$gatectl_image", "args": ["check", "--server=http://imagegate.$system.svc:8080", "--token-file=/token/token", "$first"],
"volumeMounts": [{"name": "token", "mountPath": "/token"}]}], "volumes": [{"name": "token", "secret": {"secretName": "imagegate-token"}}]}}
END
)"
cat >"$work/app.yaml" <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: test}
spec:
  replicas: 1
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
      - {name: app, image: "$first", ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: test}
spec: {selector: {app: app}, ports: [{port: 80, targetPort: 8080}]}
END
see "a Deployment of a passed image is admitted" apply app.yaml

# run NAME SOURCE TAG: a PipelineRun of our own pipeline.
run_of() {
	cat <<-END
		apiVersion: tekton.dev/v1
		kind: PipelineRun
		metadata: {name: $1, namespace: ci}
		spec:
		  pipelineRef: {name: secure-image-pipeline}
		  params:
		  - {name: IMAGE, value: "$registry/team/app:$3"}
		  - {name: ENVIRONMENT, value: test}
		  - {name: BUILD_ARGS, value: ["--build-arg=BUILDER=$go_image"]}
		  taskRunSpecs:
		  - {pipelineTaskName: deploy, serviceAccountName: pipeline-deployer}
		  workspaces:
		  - {name: source, configMap: {name: $2}}
		  - {name: dockerconfig, secret: {secretName: registry-credentials}}
	END
}
# ran NAME True|False: the run ends, and ended so.
ran() {
	local status
	for ((i = 0; i < 600; i++)); do
		status=$(kubectl -n ci get pipelinerun "$1" -o 'jsonpath={.status.conditions[0].status}')
		case $status in
		"$2") return 0 ;;
		True | False) break ;;
		esac
		sleep 0.5
	done
	kubectl -n ci get pipelinerun "$1" -o 'jsonpath={.status.conditions[0].message}'
	return 1
}
log_of() { kubectl -n ci logs -l "tekton.dev/pipelineRun=$1,tekton.dev/pipelineTask=$2" --all-containers --tail=60 --prefix=false; }
state_of() { kubectl -n ci get taskruns -l "tekton.dev/pipelineRun=$1" -o custom-columns='TASK:.metadata.labels.tekton\.dev/pipelineTask,REASON:.status.conditions[0].reason,SECONDS:.status.completionTime'; }

run_of good source-good 1 >"$work/good.yaml"
create good.yaml >/dev/null
see "an application is compiled in a pod, gated, signed and deployed" ran good True
show state_of good
show log_of good gate
digest=$(kubectl -n ci get pipelinerun good -o 'jsonpath={.status.results[?(@.name=="digest")].value}')
app=$registry/team/app@$digest
see "the Deployment runs that digest" says "$digest" kubectl -n test get deploy app -o 'jsonpath={.spec.template.spec.containers[0].image}'
see "and answers HTTP" until_true 30 says "built, gated, signed, deployed" kubectl get --raw /api/v1/namespaces/test/services/app:80/proxy/
see "cosign's signature is beside the image" bin/imagegate verify --signature-only --key "$work/gate.pub" --ca-bundle "$ca" "$app"

for bad in root vulnerable; do
	run_of "$bad" "source-$bad" "$bad" >"$work/$bad.yaml"
	create "$bad.yaml" >/dev/null
	see "a $bad image stops at the gate" ran "$bad" False
	see "and is not deployed" says "$digest" kubectl -n test get deploy app -o 'jsonpath={.spec.template.spec.containers[0].image}'
done
see "the TaskRun says why: root" says USER-01 log_of root gate
show log_of root gate
see "the TaskRun says why: a vulnerability" says CVE-2023-5363 log_of vulnerable gate
show log_of vulnerable gate

title "a Task where Pod Security is enforced at restricted"
kubectl -n tekton-pipelines patch configmap feature-flags --type=merge -p '{"data":{"set-security-context":"true"}}' >/dev/null
kubectl create namespace restricted >/dev/null
kubectl label namespace restricted imagegate.dev/admission=disabled pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/enforce-version=v1.34 >/dev/null
kubectl -n restricted create secret generic imagegate-token --from-file=token="$work/token" >/dev/null
see "the Tasks are taken there" kubectl -n restricted apply -f "$work/tekton.yaml"
cat >"$work/restricted.yaml" <<END
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: gate, namespace: restricted}
spec:
  taskRef: {name: image-gate}
  params: [{name: IMAGE, value: "$app"}]
END
# The controller takes up the flag when it sees the ConfigMap change.
sleep 2
create restricted.yaml >/dev/null
see "image-gate runs" kubectl -n restricted wait taskrun/gate --for=condition=Succeeded --timeout=120s
show kubectl -n restricted get taskrun gate -o 'jsonpath={range .status.results[*]}{.name}={.value}{"\n"}{end}'

title "the source document's own Pipeline (v1beta1)"
kubectl -n ci delete pipeline secure-image-pipeline >/dev/null
see "it is taken as it stands" kubectl -n ci apply -f pipelines/testdata/source-document-pipeline.yaml
cat >"$work/document.yaml" <<END
apiVersion: tekton.dev/v1beta1
kind: PipelineRun
metadata: {name: document, namespace: ci}
spec:
  pipelineRef: {name: secure-image-pipeline}
  params:
  - {name: imageUrl, value: $registry/team/app}
  - {name: imageTag, value: "2"}
  taskRunSpecs:
  - {pipelineTaskName: deploy-to-test, taskServiceAccountName: pipeline-deployer}
  workspaces:
  - {name: source, configMap: {name: source-document}}
  - {name: dockerconfig, secret: {secretName: registry-credentials}}
END
create document.yaml >/dev/null
see "it builds, scans, signs and deploys" ran document True
show state_of document
