package registry

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/imagegate/imagegate/internal/gate"
)

// statement is an in-toto Statement (v0.1 and v1 have the same fields).
type statement struct {
	PredicateType string `json:"predicateType"`
	Subject       []struct {
		Digest map[string]string `json:"digest"`
	} `json:"subject"`
	Predicate json.RawMessage `json:"predicate"`
}

// The bounds on what is kept of one statement.
const (
	maxSubjects   = 20
	maxImages     = 12
	maxParameters = 100
)

// statement reads an in-toto statement into an attachment.
func (f *finder) statement(a *gate.Attachment, body []byte) {
	if body == nil {
		return
	}
	var s statement
	if json.Unmarshal(body, &s) != nil || s.PredicateType == "" {
		a.Problem = "it is not an in-toto statement"
		return
	}
	a.PredicateType, a.Kind, a.Subjects = fmt.Sprintf("%.200s", s.PredicateType), kindOf(s.PredicateType), []string{}
	for _, subject := range s.Subject {
		digest := "sha256:" + subject.Digest["sha256"]
		if slices.Contains(f.digests(), digest) {
			a.About = true
		}
		if len(a.Subjects) < maxSubjects {
			a.Subjects = append(a.Subjects, fmt.Sprintf("%.100s", digest))
		}
	}
	if a.Kind == gate.AttachmentProvenance {
		readProvenance(a, s.Predicate)
	}
}

// envelope reads a DSSE envelope (secure-systems-lab/dsse, envelope.md).
func (f *finder) envelope(a *gate.Attachment, body []byte) {
	if body == nil {
		return
	}
	var e struct {
		Payload string `json:"payload"`
		Type    string `json:"payloadType"`
	}
	if json.Unmarshal(body, &e) != nil || e.Type != "application/vnd.in-toto+json" {
		a.Problem = "it is not a DSSE envelope of an in-toto statement"
		return
	}
	payload, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		payload, err = base64.URLEncoding.DecodeString(e.Payload)
	}
	if err != nil {
		a.Problem = "the payload of its envelope is not base64"
		return
	}
	a.Envelope = body
	f.statement(a, payload)
}

// kindOf tells attachments apart by predicate type.
func kindOf(predicate string) gate.AttachmentKind {
	for prefix, kind := range map[string]gate.AttachmentKind{
		"https://slsa.dev/provenance/": gate.AttachmentProvenance, "https://slsa.dev/verification_summary/": gate.AttachmentVSA,
		"https://spdx.dev/Document": gate.AttachmentSBOM, "https://cyclonedx.org/bom": gate.AttachmentSBOM, "https://cyclonedx.org/schema": gate.AttachmentSBOM,
		"https://cosign.sigstore.dev/attestation/vuln/": gate.AttachmentScan, "https://in-toto.io/attestation/vulns/": gate.AttachmentScan,
		"https://sigstore.dev/cosign/sign/": gate.AttachmentSignature,
	} {
		if strings.HasPrefix(predicate, prefix) {
			return kind
		}
	}
	return gate.AttachmentOther
}

func isSBOM(mediaType string) bool {
	switch mt, _, _ := strings.Cut(mediaType, ";"); mt {
	case "application/spdx+json", "text/spdx+json", "text/spdx", "application/vnd.cyclonedx+json", "application/vnd.cyclonedx+xml", "application/vnd.syft+json":
		return true
	}
	return false
}

// provenance is the union of SLSA provenance v0.2 and v1, as BuildKit, GitHub
// and others write them.
type provenance struct {
	Builder struct {
		ID string `json:"id"`
	} `json:"builder"`
	Materials  []material `json:"materials"`
	Invocation struct {
		ConfigSource struct {
			URI string `json:"uri"`
		} `json:"configSource"`
		Parameters struct {
			Args map[string]string `json:"args"`
		} `json:"parameters"`
	} `json:"invocation"`
	Metadata struct {
		Completeness struct {
			Parameters bool `json:"parameters"`
		} `json:"completeness"`
	} `json:"metadata"`
	BuildDefinition struct {
		ExternalParameters struct {
			ConfigSource struct {
				URI string `json:"uri"`
			} `json:"configSource"`
			Workflow struct {
				Repository string `json:"repository"`
			} `json:"workflow"`
			Request struct {
				Args map[string]string `json:"args"`
			} `json:"request"`
		} `json:"externalParameters"`
		ResolvedDependencies []material `json:"resolvedDependencies"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID string `json:"id"`
		} `json:"builder"`
	} `json:"runDetails"`
}

type material struct {
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest"`
}

// readProvenance takes from a predicate what checks ask about. Fields of another
// shape than expected leave what was read until then.
func readProvenance(a *gate.Attachment, predicate json.RawMessage) {
	var p provenance
	if json.Unmarshal(predicate, &p) != nil {
		a.Problem = "its provenance has another form than SLSA v0.2 or v1"
	}
	first := func(s ...string) string { return fmt.Sprintf("%.300s", cmp.Or(s...)) }
	d := p.BuildDefinition
	a.Builder = first(p.RunDetails.Builder.ID, p.Builder.ID)
	a.Source = first(d.ExternalParameters.ConfigSource.URI, d.ExternalParameters.Workflow.Repository, p.Invocation.ConfigSource.URI)
	a.Complete = p.Metadata.Completeness.Parameters || len(d.ExternalParameters.Request.Args) > 0
	for _, m := range append(p.Materials, d.ResolvedDependencies...) {
		if image := m.image(); image != "" && len(a.Images) < maxImages {
			a.Images = append(a.Images, image)
		}
	}
	for _, args := range []map[string]string{p.Invocation.Parameters.Args, d.ExternalParameters.Request.Args} {
		for name, value := range args {
			// Paths, references and short words are no secrets; the rest is
			// for checks to judge by name.
			name, isArgument := strings.CutPrefix(name, "build-arg:")
			if isArgument && len(value) >= 6 && !strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "$") && len(a.Parameters) < maxParameters {
				a.Parameters = append(a.Parameters, fmt.Sprintf("%.100s", name))
			}
		}
	}
	slices.Sort(a.Parameters)
}

// image is the image that a material names by package URL, as
// "repository:tag@digest"; "" for what is no image.
func (m material) image() string {
	if !strings.HasPrefix(m.URI, "pkg:docker/") && !strings.HasPrefix(m.URI, "pkg:oci/") {
		return ""
	}
	p, err := packageurl.FromString(m.URI)
	if err != nil {
		return ""
	}
	qualifiers := p.Qualifiers.Map()
	name, tag, digest := p.Name, p.Version, qualifiers["digest"]
	if p.Namespace != "" {
		name = p.Namespace + "/" + p.Name
	}
	if p.Type == "oci" { // the version is the digest, the repository a qualifier
		name, tag, digest = qualifiers["repository_url"], qualifiers["tag"], p.Version
	}
	if sum := m.Digest["sha256"]; digest == "" && sum != "" {
		digest = "sha256:" + sum
	}
	if strings.HasPrefix(tag, "sha256:") {
		tag, digest = "", tag
	}
	if name == "" || len(name)+len(tag)+len(digest) > 500 {
		return ""
	}
	if tag != "" {
		name += ":" + tag
	}
	if digest != "" {
		name += "@" + digest
	}
	return name
}
