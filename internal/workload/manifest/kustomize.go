package manifest

import (
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// maxKustomization bounds a kustomization that is read for what it names.
const maxKustomization = 1 << 20

// kustomization is the part of a kustomization that names files which are no
// objects: patches are fragments of some, and generators take any text.
type kustomization struct {
	Patches               []struct{ Path string }
	PatchesJSON6902       []struct{ Path string } `json:"patchesJson6902"`
	PatchesStrategicMerge []string
	Replacements          []struct{ Path string }
	Configurations        []string
	Generators            []generator `json:"configMapGenerator"`
	SecretGenerators      []generator `json:"secretGenerator"`
	HelmCharts            []struct{ ValuesFile string }
}

type generator struct{ Files, Envs []string }

// inputs are the files that the kustomization of a directory names as something
// else than resources, each with that directory.
func inputs(dir string) map[string]string {
	all := map[string]string{}
	for _, name := range []string{"kustomization.yaml", "kustomization.yml"} {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err != nil || info.Size() > maxKustomization {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		var k kustomization
		if err := yaml.Unmarshal(text, &k); err != nil {
			continue // Kustomize will say so; here its files count as manifests
		}
		for _, path := range k.paths() {
			all[filepath.Join(dir, path)] = dir
		}
	}
	return all
}

func (k kustomization) paths() []string {
	all := append(k.PatchesStrategicMerge, k.Configurations...)
	for _, list := range [][]struct{ Path string }{k.Patches, k.PatchesJSON6902, k.Replacements} {
		for _, p := range list {
			all = append(all, p.Path)
		}
	}
	for _, g := range append(k.Generators, k.SecretGenerators...) {
		all = append(all, g.Envs...)
		for _, f := range g.Files { // [key=]file
			all = append(all, f[strings.Index(f, "=")+1:])
		}
	}
	for _, c := range k.HelmCharts {
		all = append(all, c.ValuesFile)
	}
	return all
}
