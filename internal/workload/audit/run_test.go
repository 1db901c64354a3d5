package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestFindingsAreWorstFirstAndThenByPlace(t *testing.T) {
	in := Input{Objects: parse(t, podOf("containers: [{name: c, image: a}]")+podOf("hostNetwork: true, containers: [{name: c, image: a}]"))}
	found := Run(in)
	if !slices.IsSortedFunc(found, func(a, b Finding) int { return b.Severity.Rank() - a.Severity.Rank() }) {
		t.Error("the findings are not sorted by severity")
	}
	for _, f := range found {
		if f.Check == "" || f.Severity == "" || f.Object != nil && (f.Kind != "Pod" || f.Namespace != "ns" || f.Name != "a" || f.File != "test.yaml" || f.Line == 0) {
			t.Errorf("incomplete: %+v", f)
		}
	}
	if fmt.Sprint(Run(in)) != fmt.Sprint(found) {
		t.Error("the same input had another answer")
	}
}

func TestIdsAndNamesAreOfTheCatalogue(t *testing.T) {
	last, names := "", map[string]bool{}
	for _, c := range All() {
		if c.ID <= last || names[c.Name] {
			t.Errorf("%s %s is out of order, or named twice", c.ID, c.Name)
		}
		last, names[c.Name] = c.ID, true
		if c.Doc.What == "" || c.Doc.Why == "" || c.Doc.Example == "" || c.Doc.Fix == "" || c.Severity.Rank() == 0 {
			t.Errorf("%s is not documented", c.ID)
		}
	}
	if len(All()) != 47 {
		t.Errorf("%d checks", len(All()))
	}
}

func TestAnnotationsWaiveNothing(t *testing.T) {
	plain := one("image: nginx")
	waived := strings.Replace(plain, "name: a,", "name: a, annotations: {kube-linter.io/ignore-all: x, kube-score/ignore: '*', polaris.fairwinds.com/exempt: 'true', imagegate/ignore: '*'},", 1)
	if a, b := len(Run(Input{Objects: parse(t, plain)})), len(Run(Input{Objects: parse(t, waived)})); a != b {
		t.Errorf("%d findings, and %d with annotations", a, b)
	}
}

func TestABundleThatCannotBeReadIsAnError(t *testing.T) {
	if _, err := CheckManifests("a", []byte("{{ .Values }}"), Options{}); err == nil {
		t.Error("no error")
	}
}

func TestTheGateIsAskedOnceAboutAnImage(t *testing.T) {
	asked := 0
	Run(Input{Objects: parse(t, one("image: i")+one("image: i")), Options: Options{Images: func(string) (ImageFacts, bool) {
		asked++
		return ImageFacts{}, false
	}}})
	if asked != 1 {
		t.Errorf("it was asked %d times", asked)
	}
}

// FuzzCheckManifests looks for input that ends the process.
func FuzzCheckManifests(f *testing.F) {
	f.Add(podOf("securityContext: {runAsUser: 0}, hostNetwork: true, volumes: [{name: a, hostPath: {path: /}}], containers: [{name: c, image: i}], ephemeralContainers: [{name: e}]"))
	f.Add(deployment("app: a", "app: b", "containers: [{name: c, image: 'a@sha256:1', env: [{name: PASSWORD, value: x}], resources: {limits: {memory: 1Gi}}}]"))
	f.Add("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, spec: {podSelector: {}, egress: [{}]}}")
	f.Add("{apiVersion: v1, kind: Service, spec: {selector: {a: b}}}")
	f.Add("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]}")
	f.Add("{apiVersion: tekton.dev/v1, kind: Task, spec: {steps: [{image: a}], stepTemplate: {image: b}}}")
	f.Add("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}")
	f.Fuzz(func(t *testing.T, text string) {
		findings, err := CheckManifests("f", []byte(text), Options{AllowedRegistries: []string{"a"}})
		if err != nil {
			return
		}
		for _, found := range findings {
			if found.Object == nil || len(found.Patch) == 0 {
				continue
			}
			if _, err := Mend(found.Object, []Finding{found}); err != nil {
				t.Errorf("%s: %v", found.Check, err)
			}
		}
	})
}
