package report

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

var decided = time.Date(2026, 6, 2, 9, 30, 0, 0, time.UTC)

// digest is one that looks like a real one.
func digest(of string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(of))) }

// failing is an image on a Debian base with an old OpenSSL, a node application
// and no USER.
func failing() Document {
	uid, packages, compressed, size := 0, 214, int64(61_400_000), int64(158_300_000)
	platform := "linux/amd64"
	lowest := &gate.LayerRef{Index: 0, DiffID: digest("a"), CreatedBy: "# debian.sh --arch 'amd64' out/ 'bookworm' '@1775520000'"}
	own := &gate.LayerRef{Index: 2, DiffID: digest("c"), CreatedBy: "RUN /bin/sh -c npm ci --omit=dev # buildkit"}
	vulnerability := func(id, name, installed, fixed string, severity gate.Severity, score float64, layer *gate.LayerRef, origin string) gate.Violation {
		kind, path := "debian", ""
		if origin == gate.OriginImage {
			kind, path = "node-pkg", "app/node_modules/"+name+"/package.json"
		}
		fix := "update " + name + " to " + fixed
		if fixed == "" {
			fix = "no fix is published: wait for one, remove the package, or waive it with a reason"
		}
		return gate.Violation{
			Rule: "no-high-vulnerabilities", Check: "VULN-SEVERITY", Severity: severity, Platform: platform, Origin: origin, Layer: layer, Path: path,
			Message: id + " in " + name + " " + installed + " is " + string(severity), Fix: fix,
			Package:       &gate.PackageRef{Name: name, Type: kind, Installed: installed, Fixed: fixed},
			Vulnerability: &gate.VulnerabilityRef{ID: id, Severity: severity, Score: score, Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Source: "nvd"},
		}
	}
	v := gate.Verdict{
		APIVersion: gate.APIVersion, Kind: gate.KindVerdict, ID: "0197", Image: "registry.example/shop/cart:1.4.2", Digest: digest("1"), Decision: gate.Fail,
		Platforms: []gate.PlatformVerdict{{
			Platform: platform, Digest: digest("2"), User: &gate.User{UID: &uid, GID: &uid, Source: "default"}, OS: &gate.OSRef{Family: "debian", Name: "12.5"}, Class: gate.ClassFull,
			Base: &gate.BaseRef{Reference: "registry.example/base/node:22", Digest: digest("b"), Layers: 2, Proof: gate.ProofProven, Newest: &gate.NewestRef{
				Reference: "registry.example/base/node:22", Digest: digest("d"), Created: decided.AddDate(0, 0, -1), Removes: 5, Of: 7}},
			Layers: 4, CompressedBytes: &compressed, UncompressedBytes: &size, Packages: &packages,
		}},
		Violations: []gate.Violation{
			vulnerability("CVE-2026-1001", "openssl", "3.0.9-1", "3.0.15-1~deb12u1", gate.SeverityCritical, 9.8, lowest, gate.OriginBase),
			vulnerability("CVE-2026-1002", "openssl", "3.0.9-1", "3.0.15-1~deb12u1", gate.SeverityHigh, 7.5, lowest, gate.OriginBase),
			vulnerability("CVE-2026-1003", "libssl3", "3.0.9-1", "3.0.15-1~deb12u1", gate.SeverityHigh, 7.5, lowest, gate.OriginBase),
			vulnerability("GHSA-aaaa-bbbb-cccc", "lodash", "4.17.20", "4.17.21", gate.SeverityHigh, 7.2, own, gate.OriginImage),
			{Rule: "user", Check: "USER-01", Severity: gate.SeverityHigh, Platform: platform, Message: "no USER is set, so the process runs as root", Fix: "write USER 65532:65532 at the end of the Dockerfile", Origin: gate.OriginBase},
			{Rule: "integrity", Check: "CRED-01", Severity: gate.SeverityCritical, Platform: platform, Message: "a GitHub token lies in /app/.npmrc, line 2", Fix: "revoke the token, then rebuild without it", Path: "/app/.npmrc", Layer: own, Origin: gate.OriginImage},
			{Rule: "catalogue", Check: "SCAN-02", Severity: gate.SeverityHigh, Platform: platform, Message: "could not tell: the package database was replaced", Outcome: "unknown"},
		},
		Warnings: []gate.Violation{
			{Rule: "catalogue", Check: "MIN-01", Severity: gate.SeverityLow, Platform: platform, Message: "/bin/sh leads to the shell /usr/bin/dash", Fix: "build on a distroless base", Path: "/usr/bin/dash", Subject: "dash", Layer: lowest, Origin: gate.OriginBase},
			{Rule: "catalogue", Check: "META-03", Severity: gate.SeverityMedium, Message: "registry.example/shop/cart:1.4.2 is a tag, which may name another image tomorrow", Fix: "deploy by digest"},
		},
		Waived: []gate.Violation{vulnerability("CVE-2025-900", "tar", "1.34", "", gate.SeverityHigh, 7.1, lowest, gate.OriginBase)},
		Notes:  []gate.Violation{vulnerability("CVE-2025-901", "libxml2", "2.9.14", "", gate.SeverityHigh, 7.5, lowest, gate.OriginBase), {Rule: "catalogue", Check: "META-08", Severity: gate.SeverityInfo, Platform: platform, Message: "the history has 6 entries and 2 of them make no layer"}},
		Counts: gate.Counts{Critical: 1, High: 5, Medium: 1, Low: 1, Unfixed: 2}, Policy: gate.PolicyRef{Name: "strict", Digest: digest("e")},
		Database: &gate.Database{Version: 2, UpdatedAt: decided.AddDate(0, 0, -1)}, Exploits: &gate.Exploits{Name: "Known Exploited Vulnerabilities", Count: 1412, UpdatedAt: decided.AddDate(0, 0, -2)},
		Signature: gate.SignatureState{State: gate.Refused, Reason: "the verdict is fail"}, DecidedAt: decided,
	}
	v.Waived[0].Waiver = &gate.WaiverRef{Owner: "team-cart", Reason: "tar is never run on input of others", Expires: decided.AddDate(0, 3, 0)}
	img := gate.ImageEvidence{
		Platform: platform, Digest: digest("2"),
		Manifest: gate.Manifest{Layers: []gate.Descriptor{{Digest: digest("5"), Size: 29_000_000}, {Digest: digest("6"), Size: 16_000_000}, {Digest: digest("7"), Size: 15_400_000}, {Digest: digest("8"), Size: 1_000_000}}},
		Config: gate.Config{
			Created: decided.AddDate(0, 0, -3), Env: []string{"PATH=/usr/bin", "API_TOKEN=hunter2hunter2"}, Entrypoint: []string{"node"}, Cmd: []string{"server.js"}, ExposedPorts: []string{"8080/tcp"},
			DiffIDs: []string{digest("a"), digest("b"), digest("c"), digest("d")},
			History: []gate.History{{CreatedBy: lowest.CreatedBy}, {CreatedBy: "ENV NODE_VERSION=22.16.0", EmptyLayer: true}, {CreatedBy: "RUN /bin/sh -c apt-get install -y nodejs # buildkit"}, {CreatedBy: own.CreatedBy}, {CreatedBy: "COPY . /app # buildkit"}},
		},
		Base:   &gate.Base{Reference: "registry.example/base/node:22", Digest: digest("b"), Layers: 2, Proof: gate.ProofProven},
		Supply: &gate.Supply{},
		Contents: &gate.Contents{
			Complete: true, Files: 9120, Bytes: 150_100_000, Class: gate.ClassFull, ClassReasons: []string{"a package manager", "a shell"}, PackageDatabases: []string{"/var/lib/dpkg/status"},
			Layers: []gate.LayerEvidence{
				{Index: 0, DiffID: digest("a"), UncompressedBytes: 78_000_000, Files: 3200, Adds: []gate.Addition{{Path: "/usr", Files: 2900, Bytes: 70_000_000}, {Path: "/var", Files: 200, Bytes: 6_000_000}}},
				{Index: 1, DiffID: digest("b"), UncompressedBytes: 46_300_000, Files: 1100, Adds: []gate.Addition{{Path: "/usr/bin", Files: 4, Bytes: 41_000_000}}},
				{Index: 2, DiffID: digest("c"), UncompressedBytes: 31_000_000, Files: 4700, Wasted: 9_800_000, Adds: []gate.Addition{{Path: "/app/node_modules", Files: 4690, Bytes: 31_000_000}}},
				{Index: 3, DiffID: digest("d"), UncompressedBytes: 3_000_000, Files: 120, Deletes: 31, Adds: []gate.Addition{{Path: "/app", Files: 120, Bytes: 3_000_000}}},
			},
		},
		Scan: &gate.Scan{
			Scanner: "trivy 0.74.0", OS: &gate.OS{Family: "debian", Name: "12.5", Supported: true}, OSPackages: 128, LanguagePackages: 86,
			Problems: []gate.ScanProblem{{Kind: "file-too-large", Path: "/app/model.bin", Layer: 3, Message: "1.2 GB is more than is read"}},
		},
	}
	for _, f := range findings(v) {
		if f.Vulnerability != nil {
			img.Scan.Vulnerabilities = append(img.Scan.Vulnerabilities, gate.Vulnerability{ID: f.Vulnerability.ID, Title: "a flaw of " + f.Package.Name, Package: f.Package.Name, Type: f.Package.Type, Path: f.Path, Installed: f.Package.Installed, Fixed: f.Package.Fixed, Severity: f.Severity, Layer: f.Layer.Index})
		}
	}
	img.Scan.Vulnerabilities = append(img.Scan.Vulnerabilities,
		gate.Vulnerability{ID: "CVE-2024-77", Package: "perl-base", Type: "debian", Installed: "5.36.0-7", Severity: gate.SeverityMedium, Layer: 0, EPSS: 0.031, CVSS: map[string]gate.CVSS{"nvd": {V3Score: 5.3}}},
		gate.Vulnerability{ID: "TEMP-0290435", Package: "tar", Type: "debian", Installed: "1.34", Severity: gate.SeverityLow, Layer: 0, Exploited: true})
	img.Scan.Packages = append(img.Scan.Packages, []gate.Package{{Name: "openssl", Type: "debian", Version: "3.0.9-1"}, {Name: "libssl3", Type: "debian", Version: "3.0.9-1"}, {Name: "tar", Type: "debian", Version: "1.34"}, {Name: "lodash", Type: "node-pkg", Version: "4.17.20", Path: "app/node_modules/lodash/package.json", Layer: 2}, {Name: "express", Type: "node-pkg", Version: "4.19.2", Layer: 2}}...)
	index := []gate.IndexEntry{{Digest: digest("2"), Platform: platform, Role: "image"}, {Digest: digest("3"), Platform: "linux/arm64", Role: "image", Skipped: "its platform was not asked for"}, {Digest: digest("4"), Role: "attestation"}}
	return Document{Verdict: v, Evidence: &gate.Evidence{Digest: v.Digest, Index: index, Images: []gate.ImageEvidence{img}, Database: v.Database}}
}

// passing is a static binary on scratch: nothing to say.
func passing() Document {
	uid, packages, size := 65532, 3, int64(9_100_000)
	platform := "linux/arm64"
	v := gate.Verdict{
		APIVersion: gate.APIVersion, Kind: gate.KindVerdict, ID: "0198", Image: "registry.example/shop/ping@" + digest("9"), Digest: digest("9"), Decision: gate.Pass,
		Platforms: []gate.PlatformVerdict{{Platform: platform, Digest: digest("9"), User: &gate.User{Configured: "65532:65532", UID: &uid, GID: &uid, Source: "numeric"}, Class: gate.ClassStatic, Base: &gate.BaseRef{Proof: gate.ProofUnknown}, Layers: 1, CompressedBytes: &size, UncompressedBytes: &size, Packages: &packages}},
		Policy:    gate.PolicyRef{Name: "strict", Digest: digest("e")}, Database: &gate.Database{Version: 2, UpdatedAt: decided}, Signature: gate.SignatureState{State: gate.Signed}, DecidedAt: decided,
	}
	return Document{Verdict: v, Evidence: &gate.Evidence{Digest: v.Digest, Images: []gate.ImageEvidence{{
		Platform: platform, Digest: digest("9"), Manifest: gate.Manifest{Layers: []gate.Descriptor{{Digest: digest("f"), Size: size}}},
		Config: gate.Config{User: "65532:65532", Entrypoint: []string{"/ping"}, DiffIDs: []string{digest("0")}, History: []gate.History{{CreatedBy: "COPY ping / # buildkit"}}}, Base: &gate.Base{}, Supply: &gate.Supply{},
		Contents: &gate.Contents{Complete: true, Files: 1, Bytes: size, Class: gate.ClassStatic, ClassReasons: []string{"one static program"}, Layers: []gate.LayerEvidence{{DiffID: digest("0"), UncompressedBytes: size, Files: 1}}},
		Scan:     &gate.Scan{Scanner: "trivy 0.74.0", LanguagePackages: 3, Packages: []gate.Package{{Name: "stdlib", Type: "gobinary", Version: "v1.26.4"}}},
	}}}}
}

// broken is a verdict without a decision, and without evidence.
func broken() Document {
	return Document{Verdict: gate.Verdict{
		APIVersion: gate.APIVersion, Kind: gate.KindVerdict, Image: "registry.example/app:1.2", Decision: gate.Errored,
		Error: &gate.Failure{Code: gate.CodeUnavailable, Message: "the registry did not answer", Retryable: true}, Signature: gate.SignatureState{State: gate.NotAsked}, DecidedAt: decided,
	}}
}
