package gate

import (
	"strconv"
	"time"
)

// Evidence is what the gate observed about one reference: facts, no opinion.
// A nil pointer or empty slice means "not looked at" or "absent", never zero:
// after an early deny Contents and Scan are nil. Policies decide over it, and
// it is stored with each verdict so that the decision can be made again.
type Evidence struct {
	// Reference is the image as asked for, in Docker's familiar full form.
	Reference Reference `json:"reference"`
	// Digest is what the reference resolved to: the index digest for an
	// index, the manifest digest otherwise. Empty when the reference alone
	// condemned the image and nothing was fetched.
	Digest string `json:"digest,omitempty"`
	// MediaType is that of the top descriptor.
	MediaType string `json:"mediaType,omitempty"`
	// Index lists every child of an image index, also those not evaluated.
	Index []IndexEntry `json:"index,omitempty"`
	// Images holds one entry for each platform that was evaluated.
	Images []ImageEvidence `json:"images,omitempty"`
	// Database is the vulnerability database used; nil when none was.
	Database *Database `json:"database,omitempty"`
	// Exploits names the list of exploited vulnerabilities that was used;
	// nil when there was none.
	Exploits *Exploits `json:"exploits,omitempty"`
}

// IndexEntry is one descriptor of an image index (OCI image-spec, image index).
type IndexEntry struct {
	Digest       string `json:"digest"`
	MediaType    string `json:"mediaType"`
	ArtifactType string `json:"artifactType,omitempty"`
	Platform     string `json:"platform,omitempty"`
	Size         int64  `json:"size"`
	// Role is "image", "attestation" (BuildKit's attestation manifests) or
	// "other"; only images are evaluated.
	Role string `json:"role"`
	// Skipped says why an image child was not evaluated, for example that
	// its platform was not asked for.
	Skipped string `json:"skipped,omitempty"`
	// For is the digest of the image that an attestation says it is about
	// (BuildKit's annotation vnd.docker.reference.digest).
	For string `json:"for,omitempty"`
}

// ImageEvidence is what was observed of one platform's image.
type ImageEvidence struct {
	// Platform is "os/arch[/variant]" as the config states it.
	Platform string   `json:"platform"`
	Digest   string   `json:"digest"`
	Manifest Manifest `json:"manifest"`
	Config   Config   `json:"config"`
	// Base is what is known of the base image; nil when nothing was looked up.
	Base *Base `json:"base,omitempty"`
	// Supply is what is attached to the image; nil when nothing was looked up.
	Supply *Supply `json:"supply,omitempty"`
	// Contents are the facts of the layers; nil when no layer was read.
	Contents *Contents `json:"contents,omitempty"`
	// Scan is Trivy's view of the layers; nil when nothing was scanned.
	Scan *Scan `json:"scan,omitempty"`
}

// Manifest holds the parts of an image manifest that checks read.
type Manifest struct {
	MediaType    string            `json:"mediaType"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Config       Descriptor        `json:"config"`
	Layers       []Descriptor      `json:"layers,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	// Size is the manifest's own size in bytes.
	Size int64 `json:"size"`
}

// Descriptor is an OCI content descriptor. URLs is not empty for foreign
// layers, whose bytes may come from elsewhere.
type Descriptor struct {
	MediaType string   `json:"mediaType"`
	Digest    string   `json:"digest"`
	Size      int64    `json:"size"`
	URLs      []string `json:"urls,omitempty"`
}

// Config is the image configuration (OCI image-spec, config.md), as read from
// the registry; nothing in it is inferred from history.
type Config struct {
	Created      time.Time         `json:"created,omitzero"`
	OS           string            `json:"os,omitempty"`
	OSVersion    string            `json:"osVersion,omitempty"`
	Architecture string            `json:"architecture,omitempty"`
	Variant      string            `json:"variant,omitempty"`
	User         string            `json:"user,omitempty"`
	Env          []string          `json:"env,omitempty"`
	Entrypoint   []string          `json:"entrypoint,omitempty"`
	Cmd          []string          `json:"cmd,omitempty"`
	WorkingDir   string            `json:"workingDir,omitempty"`
	ExposedPorts []string          `json:"exposedPorts,omitempty"` // sorted, as "8080/tcp"
	Volumes      []string          `json:"volumes,omitempty"`      // sorted
	Labels       map[string]string `json:"labels,omitempty"`
	StopSignal   string            `json:"stopSignal,omitempty"`
	OnBuild      []string          `json:"onBuild,omitempty"`
	Shell        []string          `json:"shell,omitempty"`
	// Healthcheck is the test command; nil when there is none.
	Healthcheck []string  `json:"healthcheck,omitempty"`
	DiffIDs     []string  `json:"diffIDs,omitempty"`
	History     []History `json:"history,omitempty"`
	// Size is the config blob's size in bytes.
	Size int64 `json:"size"`
}

// History is one author-written history entry: advisory, never proof.
type History struct {
	CreatedBy  string `json:"createdBy,omitempty"`
	Comment    string `json:"comment,omitempty"`
	Author     string `json:"author,omitempty"`
	EmptyLayer bool   `json:"emptyLayer,omitempty"`
}

// CreatedBy is the history line of layer i, or "" when the history does not
// account for exactly the layers there are.
func (c Config) CreatedBy(i int) string {
	n, line := 0, ""
	for _, h := range c.History {
		if h.EmptyLayer {
			continue
		}
		if n == i {
			line = h.CreatedBy
		}
		n++
	}
	if n != len(c.DiffIDs) {
		return ""
	}
	return line
}

// Database names the vulnerability database that was used.
type Database struct {
	Version    int       `json:"version"` // Trivy's schema version
	UpdatedAt  time.Time `json:"updatedAt"`
	NextUpdate time.Time `json:"nextUpdate,omitzero"`
	// Digest is that of the OCI artifact the database came from; empty for
	// a plain directory.
	Digest string `json:"digest,omitempty"`
	// JavaUpdatedAt is when the database of Java archives was made; zero when
	// there is none.
	JavaUpdatedAt time.Time `json:"javaUpdatedAt,omitzero"`
}

// ID tells databases apart: the artifact's digest where known, else schema
// and date; and the date of the Java database where there is one.
func (d Database) ID() string {
	id := d.Digest
	if id == "" {
		id = "v" + strconv.Itoa(d.Version) + "@" + d.UpdatedAt.UTC().Format(time.RFC3339Nano)
	}
	if !d.JavaUpdatedAt.IsZero() {
		id += " java@" + d.JavaUpdatedAt.UTC().Format(time.RFC3339Nano)
	}
	return id
}
