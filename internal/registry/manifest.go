package registry

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// manifest is the union of image manifest and index (OCI image-spec, manifest.md
// and image-index.md; Docker's schema 2 and manifest list have the same fields).
// It is our own so that foreign kinds can be described instead of refused.
type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Manifests     []descriptor      `json:"manifests"`
	Annotations   map[string]string `json:"annotations"`
}

type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	URLs         []string          `json:"urls"`
	ArtifactType string            `json:"artifactType"`
	Annotations  map[string]string `json:"annotations"`
	Platform     *platform         `json:"platform"`
}

type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
}

func (p *platform) String() string {
	if p == nil || (p.OS == "" && p.Architecture == "") {
		return ""
	}
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	if len(s) > maxPlatform {
		// It stands in every finding, and no runtime knows it.
		s = strings.ToValidUTF8(s[:maxPlatform], "") + "…"
	}
	return s
}

// maxPlatform bounds the name of a platform, in bytes; authors write it.
const maxPlatform = 100

func (d descriptor) toGate() gate.Descriptor {
	return gate.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, URLs: d.URLs}
}

func (d descriptor) platform() string { return d.Platform.String() }

// The roles of an index's children.
const (
	roleImage       = "image"
	roleAttestation = "attestation"
	roleOther       = "other"
)

// entry describes a child. What counts is what runtimes do: they choose by
// media type and platform, and read the config where no platform is given.
// BuildKit's attestation manifests have the platform unknown/unknown, which no
// runtime chooses; an annotation or artifact type alone would let an author
// hide an image from the gate.
func (d descriptor) entry() gate.IndexEntry {
	e := gate.IndexEntry{Digest: d.Digest, MediaType: d.MediaType, ArtifactType: d.ArtifactType, Platform: d.platform(), Size: d.Size, Role: roleOther}
	if about := d.Annotations["vnd.docker.reference.digest"]; len(about) <= 100 {
		e.For = about
	}
	switch {
	case e.Platform == "unknown/unknown":
		e.Role = roleAttestation
	case isIndexType(d.MediaType), isManifestType(d.MediaType) && (e.Platform != "" || d.ArtifactType == "" || isImageConfig(d.ArtifactType)):
		e.Role = roleImage
	}
	return e
}

func isManifestType(mt string) bool {
	return mt == "application/vnd.oci.image.manifest.v1+json" || mt == "application/vnd.docker.distribution.manifest.v2+json"
}

func isIndexType(mt string) bool {
	return mt == "application/vnd.oci.image.index.v1+json" || mt == "application/vnd.docker.distribution.manifest.list.v2+json"
}

// isIndex also takes an index that does not state its media type.
func isIndex(m manifest) bool {
	return isIndexType(m.MediaType) || (m.MediaType == "" && m.Manifests != nil && m.Config.Digest == "")
}

func isImageConfig(mt string) bool {
	return mt == "application/vnd.oci.image.config.v1+json" || mt == "application/vnd.docker.container.image.v1+json"
}

// samePlatform compares "os/arch[/variant]": arm64 is arm64/v8, and a wanted
// platform without variant takes any.
func samePlatform(want, have string) bool {
	want, have = withoutV8(want), withoutV8(have)
	return want == have || (strings.Count(want, "/") == 1 && strings.HasPrefix(have, want+"/"))
}

func withoutV8(p string) string {
	if strings.HasSuffix(p, "/arm64/v8") {
		return strings.TrimSuffix(p, "/v8")
	}
	return p
}

// configFile is the OCI image config, with the fields Docker adds.
type configFile struct {
	Created      *time.Time `json:"created"`
	OS           string     `json:"os"`
	OSVersion    string     `json:"os.version"`
	Architecture string     `json:"architecture"`
	Variant      string     `json:"variant"`
	Config       struct {
		User         string              `json:"User"`
		Env          []string            `json:"Env"`
		Entrypoint   []string            `json:"Entrypoint"`
		Cmd          []string            `json:"Cmd"`
		WorkingDir   string              `json:"WorkingDir"`
		ExposedPorts map[string]struct{} `json:"ExposedPorts"`
		Volumes      map[string]struct{} `json:"Volumes"`
		Labels       map[string]string   `json:"Labels"`
		StopSignal   string              `json:"StopSignal"`
		OnBuild      []string            `json:"OnBuild"`
		Shell        []string            `json:"Shell"`
		Healthcheck  *struct {
			Test []string `json:"Test"`
		} `json:"Healthcheck"`
	} `json:"config"`
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []struct {
		CreatedBy  string `json:"created_by"`
		Comment    string `json:"comment"`
		Author     string `json:"author"`
		EmptyLayer bool   `json:"empty_layer"`
	} `json:"history"`
}

// maxHistoryLine bounds one history line kept, in bytes; authors write them.
const maxHistoryLine = 4 << 10

func evidence(m manifest, rawManifest, rawConfig []byte, digest string) (gate.ImageEvidence, error) {
	e := gate.ImageEvidence{Digest: digest, Manifest: gate.Manifest{
		MediaType: m.MediaType, ArtifactType: m.ArtifactType, Config: m.Config.toGate(), Annotations: m.Annotations, Size: int64(len(rawManifest)),
	}}
	for _, l := range m.Layers {
		e.Manifest.Layers = append(e.Manifest.Layers, l.toGate())
	}
	if rawConfig == nil {
		return e, nil
	}
	var c configFile
	if err := json.Unmarshal(rawConfig, &c); err != nil {
		return e, fmt.Errorf("the config %s is not an image config: %w", m.Config.Digest, err)
	}
	e.Config = gate.Config{
		OS: c.OS, OSVersion: c.OSVersion, Architecture: c.Architecture, Variant: c.Variant,
		User: c.Config.User, Env: c.Config.Env, Entrypoint: c.Config.Entrypoint, Cmd: c.Config.Cmd, WorkingDir: c.Config.WorkingDir,
		ExposedPorts: slices.Sorted(maps.Keys(c.Config.ExposedPorts)), Volumes: slices.Sorted(maps.Keys(c.Config.Volumes)), Labels: c.Config.Labels,
		StopSignal: c.Config.StopSignal, OnBuild: c.Config.OnBuild, Shell: c.Config.Shell, DiffIDs: c.RootFS.DiffIDs, Size: int64(len(rawConfig)),
	}
	if c.Created != nil {
		e.Config.Created = c.Created.UTC()
	}
	if c.Config.Healthcheck != nil {
		e.Config.Healthcheck = c.Config.Healthcheck.Test
	}
	for _, h := range c.History {
		e.Config.History = append(e.Config.History, gate.History{
			CreatedBy: bounded(h.CreatedBy), Comment: bounded(h.Comment), Author: bounded(h.Author), EmptyLayer: h.EmptyLayer,
		})
	}
	e.Platform = (&platform{OS: c.OS, Architecture: c.Architecture, Variant: c.Variant}).String()
	return e, nil
}

// bounded cuts a history line, not within a character.
func bounded(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxHistoryLine)], "")
}
