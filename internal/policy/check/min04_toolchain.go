package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// Toolchain is MIN-04.
var Toolchain = &Check{
	ID: "MIN-04", Name: "toolchain", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Compilers, linkers and make, packages of development files (-dev, -devel), and header files.",
		Why:     "They are not needed to run, bring most of an image's vulnerabilities, and build an intruder's tools on the spot.",
		Example: "gcc or javac in the last stage fails; header files alone are LOW, because interpreters bring their own.",
		Fix:     "Build in a stage of its own and copy the result; for Java use a JRE as base.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, p := range grouped(ofKinds(c, gate.ProgramToolchain)) {
			findings = append(findings, p.finding(gate.SeverityMedium, "builds programs", "build in a stage of its own and copy the result"))
		}
		findings = append(findings, developmentPackages(in.Image.Scan)...)
		if c.Headers > 0 {
			findings = append(findings, Finding{
				Severity: gate.SeverityLow, Message: fmt.Sprintf("%d C or kernel header files are there, which only compilers read", c.Headers),
				Fix: "build in a stage of its own and copy the result", Subject: "headers",
			})
		}
		return judged(c, "programs", findings, "programs")
	},
}

// developmentPackages are one finding for each layer that brings any.
func developmentPackages(s *gate.Scan) []Finding {
	if s == nil {
		return nil
	}
	var findings []Finding
	byLayer := map[int][]string{}
	var layers []int
	for _, p := range s.Packages {
		development := strings.HasSuffix(p.Name, "-dev") || strings.HasSuffix(p.Name, "-devel")
		if !development || !slices.Contains(systemPackages, p.Type) {
			continue
		}
		if byLayer[p.Layer] == nil {
			layers = append(layers, p.Layer)
		}
		byLayer[p.Layer] = append(byLayer[p.Layer], p.Name)
	}
	for _, l := range layers {
		names := byLayer[l]
		f := Finding{
			Severity: gate.SeverityMedium, Message: fmt.Sprintf("packages of development files are installed: %.400s", firstFew(names, 8)),
			Fix: "install them in a build stage only, or remove them in the RUN that needs them", Subject: shortened(names[0]),
		}
		if l >= 0 {
			f.Layer = at(l)
		}
		findings = append(findings, f)
	}
	return findings
}

// systemPackages are the types of packages whose names tell what they are: an
// npm package may well be called left-dev.
var systemPackages = []string{
	"alma", "alpine", "amazon", "azurelinux", "bottlerocket", "cbl-mariner", "centos", "centos-stream", "chainguard", "coreos", "debian", "echo", "fedora", "minimos",
	"opensuse", "opensuse-leap", "opensuse-tumbleweed", "oracle", "photon", "redhat", "rocky", "slem", "sles", "ubuntu", "wolfi",
}
