package gate

import "time"

// Scan is Trivy's view of an image: what it recognised, what it found, and
// what it could not do.
type Scan struct {
	Scanner string `json:"scanner"` // "trivy 0.74.0"
	// OS is nil when none was recognised.
	OS              *OS             `json:"os,omitempty"`
	Packages        []Package       `json:"packages,omitempty"`
	Vulnerabilities []Vulnerability `json:"vulnerabilities,omitempty"`
	// OSPackages and LanguagePackages count Packages by kind.
	OSPackages       int `json:"osPackages"`
	LanguagePackages int `json:"languagePackages"`
	// Problems are analyzer errors, skipped files and detectors that did
	// not run. Any of them makes the result incomplete.
	Problems []ScanProblem `json:"problems,omitempty"`
}

// OS is the distribution as Trivy recognised it.
type OS struct {
	Family string `json:"family"`
	Name   string `json:"name,omitempty"`
	// EndOfLife is nil when Trivy's table does not know the release.
	EndOfLife *bool `json:"endOfLife,omitempty"`
	// Supported is false when Trivy has no detector for the distribution,
	// so that its packages were not looked up.
	Supported bool `json:"supported"`
}

// Package is one installed package.
type Package struct {
	Name    string `json:"name"`
	Type    string `json:"type"` // "debian", "alpine", "npm", "gobinary" …: Trivy's type
	Version string `json:"version"`
	PURL    string `json:"purl,omitempty"`
	Path    string `json:"path,omitempty"`
	Layer   int    `json:"layer"` // -1 when unknown
	// Licenses are SPDX expressions or the package's own words.
	Licenses []string `json:"licenses,omitempty"`
	// SBOM is the SBOM file inside the image that alone names the package;
	// empty when the package itself was seen.
	SBOM string `json:"sbom,omitempty"`
}

// Vulnerability is one match of a package and an advisory.
type Vulnerability struct {
	ID        string   `json:"id"`
	Package   string   `json:"package"`
	Type      string   `json:"type"`
	PURL      string   `json:"purl,omitempty"`
	Path      string   `json:"path,omitempty"`
	Installed string   `json:"installed"`
	Fixed     string   `json:"fixed,omitempty"` // empty: no fix is published
	Status    string   `json:"status,omitempty"`
	Title     string   `json:"title,omitempty"`
	URL       string   `json:"url,omitempty"`
	Severity  Severity `json:"severity"`
	// SeveritySource is who said so ("debian", "nvd", "ghsa" …).
	SeveritySource string `json:"severitySource,omitempty"`
	// CVSS holds every score the database has, by source.
	CVSS map[string]CVSS `json:"cvss,omitempty"`
	// Layer is the index of the layer that brought the package; -1 unknown.
	Layer int `json:"layer"`
	// Exploited is true when the list of exploited vulnerabilities names it.
	Exploited bool `json:"exploited,omitempty"`
	// EPSS is the probability of exploitation within 30 days, 0 to 1, where
	// the list gives one (FIRST, Exploit Prediction Scoring System).
	EPSS float64 `json:"epss,omitempty"`
}

// Exploits names a list of exploited vulnerabilities, such as CISA's KEV.
type Exploits struct {
	Name      string    `json:"name,omitempty"`    // the list's own title
	Version   string    `json:"version,omitempty"` // its own version
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
	Count     int       `json:"count"`
	Digest    string    `json:"digest"` // of the file
}

// CVSS is one source's scores. A zero score is an absent one.
type CVSS struct {
	V2Vector  string  `json:"v2Vector,omitempty"`
	V2Score   float64 `json:"v2Score,omitempty"`
	V3Vector  string  `json:"v3Vector,omitempty"`
	V3Score   float64 `json:"v3Score,omitempty"`
	V40Vector string  `json:"v40Vector,omitempty"`
	V40Score  float64 `json:"v40Score,omitempty"`
}

// ScanProblem is something the scanner did not do.
type ScanProblem struct {
	Kind    string `json:"kind"` // "analyzer-error", "file-too-large", "java-db-absent" …
	Path    string `json:"path,omitempty"`
	Layer   int    `json:"layer"` // -1 when it concerns the whole image
	Message string `json:"message"`
}
