package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// maxFile bounds a policy file in bytes.
const maxFile = 1 << 20

// The document types a policy file can hold.
const (
	apiVersion = "image-policy.k8s.io/v1"
	kind       = "ImagePolicy"
)

// LoadFile reads the policies of a file. The error is CodeInvalid, with a
// *LoadError as its cause where the file could be read.
func LoadFile(name string) ([]*Policy, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	return Load(name, data)
}

// readFile reads a file to just above the bound that Load holds it to.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the policy file %s cannot be read", name), err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the policy file %s cannot be read", name), err)
	}
	return data, nil
}

// Load reads policies from YAML: ImagePolicy documents, or ConfigMaps whose
// data holds them. A policy is named by its metadata, or else by the file (or
// the ConfigMap's key) without extension.
func Load(file string, data []byte) ([]*Policy, error) {
	l := loader{decoder: decoder{file: file}}
	base := filepath.Base(file)
	l.documents(strings.TrimSuffix(base, filepath.Ext(base)), data, 0, true)
	if len(l.policies) == 0 && len(l.problems) == 0 {
		l.problems = append(l.problems, Problem{File: file, Message: "there is no policy in it: expected a document with apiVersion: " + apiVersion + " and kind: " + kind})
	}
	if len(l.problems) > 0 {
		return nil, gate.NewError(gate.CodeInvalid, "the policy does not load", &LoadError{l.problems})
	}
	return l.policies, nil
}

type loader struct {
	decoder
	policies []*Policy
}

// syntaxLine is how the YAML library names a line.
var syntaxLine = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?`)

// SyntaxError is the line, 0 where it names none, and the words of an error of
// the YAML library.
func SyntaxError(err error) (line int, what string) {
	if m := syntaxLine.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
		line, _ = strconv.Atoi(m[1]) // the form holds digits only
	}
	return line, syntaxLine.ReplaceAllString(err.Error(), "")
}

// documents reads each YAML document of data.
func (l *loader) documents(name string, data []byte, offset int, outer bool) {
	l.offset = offset
	if len(data) > maxFile {
		l.problems = append(l.problems, Problem{File: l.file, Message: fmt.Sprintf("it is larger than %d bytes", maxFile)})
		return
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	for i := 0; ; i++ {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			line, what := SyntaxError(err)
			if line > 0 {
				line += offset
			}
			l.problems = append(l.problems, Problem{File: l.file, Line: line, Message: "this is not YAML: " + what})
			return
		}
		if n.Kind != yaml.DocumentNode || len(n.Content) != 1 || n.Content[0].Tag == "!!null" {
			continue
		}
		l.document(name, n.Content[0], data, i, outer)
		l.offset = offset
	}
}

func (l *loader) document(name string, n *yaml.Node, data []byte, index int, outer bool) {
	switch k := stringField(n, "kind"); {
	case k == "ConfigMap" && outer:
		l.configMap(n)
	case k == kind || k == "":
		if p := l.policy(name, n); p != nil {
			if index > 0 && p.ref.Name == name {
				p.ref.Name = fmt.Sprintf("%s-%d", name, index+1)
			}
			sum := sha256.New()
			fmt.Fprintf(sum, "%s\x00%d\x00", p.ref.Name, index)
			sum.Write(data)
			p.ref.Digest = "sha256:" + hex.EncodeToString(sum.Sum(nil))
			l.policies = append(l.policies, p)
		}
	default:
		l.fail(n, "kind is %.100q, expected %s or a ConfigMap that holds one", k, kind)
	}
}

func stringField(n *yaml.Node, name string) string {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1].Value
		}
	}
	return ""
}

// configMap reads the policies of a ConfigMap's data; other keys of the
// ConfigMap are Kubernetes' business.
func (l *loader) configMap(n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "data" {
			continue
		}
		values := n.Content[i+1]
		for j := 0; values.Kind == yaml.MappingNode && j+1 < len(values.Content); j += 2 {
			key, value := values.Content[j].Value, values.Content[j+1]
			offset := value.Line // a block scalar's text begins on the next line
			if value.Style != yaml.LiteralStyle && value.Style != yaml.FoldedStyle {
				offset = value.Line - 1
			}
			l.documents(strings.TrimSuffix(key, filepath.Ext(key)), []byte(value.Value), offset, false)
		}
	}
	l.offset = 0
}

// policy reads one ImagePolicy document; nil when it has mistakes.
func (l *loader) policy(name string, n *yaml.Node) *Policy {
	before := len(l.problems)
	p := &Policy{options: check.DefaultOptions(), lifetime: defaultLifetime, checks: check.All()}
	p.ref.Name = name
	c := compiler{decoder: &l.decoder, policy: p, given: map[string]string{}, names: map[string]bool{}}
	version, rules := false, false
	l.object(n, "the policy", map[string]func(*yaml.Node){
		"apiVersion": func(n *yaml.Node) { version = true; l.word(n, "apiVersion", apiVersion) },
		"kind":       func(n *yaml.Node) { l.word(n, "kind", kind) },
		"metadata": func(n *yaml.Node) {
			l.object(n, "metadata", map[string]func(*yaml.Node){
				"name":        func(n *yaml.Node) { p.ref.Name = l.text(n, "metadata.name") },
				"labels":      func(*yaml.Node) {},
				"annotations": func(*yaml.Node) {},
			})
		},
		"match": func(n *yaml.Node) {
			l.object(n, "match", map[string]func(*yaml.Node){
				"repositories": func(n *yaml.Node) { p.match = c.patterns(n, "match.repositories") },
			})
		},
		"rules": func(n *yaml.Node) {
			rules = true
			l.list(n, "rules", c.rule)
		},
		"waivers": func(n *yaml.Node) { l.list(n, "waivers", c.waiver) },
		"grace":   c.grace,
	})
	if !version {
		l.fail(n, "apiVersion is missing, expected %s", apiVersion)
	}
	if !rules {
		l.fail(n, "rules are missing: a policy without rules would pass everything")
	}
	if len(l.problems) > before {
		return nil
	}
	return p
}
