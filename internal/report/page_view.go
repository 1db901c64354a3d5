package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// What a page holds at most, so that it stays below two megabytes: rows of all
// platforms together, findings of each standing, steps.
const (
	pageRows      = 500
	pageFindings  = 500
	pageLayers    = 200
	pageSteps     = 10
	pagePlatforms = 12
)

// pageView is what the page's template shows. All text in it is clean; the
// template escapes it.
type pageView struct {
	Decision, Word, Image, Digest, Sentence, Problem, Origin string
	Chips                                                    []chip
	Steps                                                    []step
	MoreSteps                                                string
	Platforms                                                []platformView
	MorePlatforms                                            string
	Groups                                                   []standingView
	Skipped                                                  []string
	Version                                                  string
}

// chip is a number with a word under it.
type chip struct {
	Label string
	Class string
	Count int
}

func newPageView(d Document, o Options) pageView {
	v := d.Verdict
	p := pageView{
		Decision: "error", Word: "No decision", Image: short(v.Image, 400), Digest: short(v.Digest, 100), Sentence: sentence(v), Origin: origin(v), Skipped: skipped(d.Evidence),
		Version: short(o.Version, 60),
	}
	switch v.Decision {
	case gate.Pass:
		p.Decision, p.Word = "pass", "Pass"
	case gate.Fail:
		p.Decision, p.Word = "fail", "Fail"
	}
	if strings.Contains(v.Image, v.Digest) {
		p.Digest = ""
	}
	if v.Error != nil {
		p.Problem = short(v.Error.Message, 1000)
	}
	if v.Database != nil {
		c := v.Counts
		p.Chips = []chip{{"critical", "critical", c.Critical}, {"high", "high", c.High}, {"medium", "medium", c.Medium}, {"low", "low", c.Low}, {"unknown", "unknown", c.Unknown}, {"without a fix", "plain", c.Unfixed}}
	}
	p.Steps = steps(v)
	if rest := len(p.Steps) - pageSteps; rest > 0 {
		p.Steps, p.MoreSteps = p.Steps[:pageSteps], "And "+plural(rest, "further fix")+", with the findings below."
	}
	all := platforms(v)
	if rest := len(all) - pagePlatforms; rest > 0 {
		all, p.MorePlatforms = all[:pagePlatforms], plural(rest, "further platform")+" not shown."
	}
	room := rooms{layersBudget, vulnsBudget, problemsBudget}
	for i, pv := range all {
		p.Platforms = append(p.Platforms, newPlatformView(d, pv, i, len(all), &room))
	}
	p.Groups = standings(v)
	return p
}

// rooms are what the platforms share.
type rooms struct{ layers, vulns, problems budget }

// fact is a line of a platform's description.
type fact struct{ Name, Value, Note string }

// platformView is one platform's part of the page.
type platformView struct {
	ID, Name, Digest string
	Facts            []fact
	Advice           string
	Layers           layersView
	Vulns            vulnsView
	Coverage         coverageView
}

func newPlatformView(d Document, p gate.PlatformVerdict, i, of int, room *rooms) platformView {
	img := d.image(p.Platform)
	v := platformView{ID: fmt.Sprintf("platform-%d", i), Name: cmp.Or(short(p.Platform, 60), "unnamed platform"), Digest: short(p.Digest, 100), Advice: clean(rebuild(p.Base))}
	f := factsOf(p)
	user := fact{"User", f.User, ""}
	if p.User != nil {
		user.Note = short(p.User.Problem, 200)
	}
	class := fact{"Class", f.Class, ""}
	base := fact{"Base image", f.Base, ""}
	if p.Base != nil {
		base.Value, base.Note = cmp.Or(short(p.Base.Reference, 200), "none named"), proofText(p.Base.Proof)
		if p.Base.Layers > 0 {
			base.Note += "; " + plural(p.Base.Layers, "layer")
		}
		if p.Base.Digest != "" {
			base.Note += "; " + short(p.Base.Digest, 80)
		}
	}
	packages := fact{"Packages", f.Packages, ""}
	if img != nil && img.Contents != nil {
		class.Note = listed(img.Contents.ClassReasons, 6)
	}
	if img != nil && img.Scan != nil {
		packages.Note = fmt.Sprintf("%d of the distribution, %d of languages", img.Scan.OSPackages, img.Scan.LanguagePackages)
	}
	v.Facts = []fact{{"System", f.OS, ""}, user, class, base, {"Size", f.Size, ""}, packages}
	if img != nil {
		v.Facts = append(v.Facts, configFacts(img.Config)...)
	}
	v.Layers = newLayersView(d, p, img, max(pageLayers/of, 20), &room.layers)
	v.Vulns = newVulnsView(d, p, max(pageRows/of, 40), &room.vulns)
	v.Coverage = newCoverageView(d, p, img, &room.problems)
	return v
}

// configFacts are what the image starts and shows. Values of the environment
// are not shown: they may be secrets.
func configFacts(c gate.Config) []fact {
	var out []fact
	add := func(name, value string) {
		if value != "" {
			out = append(out, fact{Name: name, Value: value})
		}
	}
	add("Starts", history(strings.Join(append(slices.Clone(c.Entrypoint), c.Cmd...), " "), 200))
	add("Ports", listed(c.ExposedPorts, 8))
	add("Environment", listed(envNames(c.Env), 12))
	if !c.Created.IsZero() {
		add("Created", day(c.Created))
	}
	return out
}

// envNames are the names of environment variables, in the config's order.
func envNames(env []string) []string {
	var names []string
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		names = append(names, name)
	}
	return names
}

// coverageView says what was recognised and what was not looked at.
type coverageView struct {
	OS, Databases string
	Languages     []counted
	Problems      []string
	MoreProblems  string
	Unseen        []string
}

func newCoverageView(d Document, p gate.PlatformVerdict, img *gate.ImageEvidence, room *budget) coverageView {
	v := coverageView{OS: factsOf(p).OS, Unseen: unseen(d, p)}
	if img == nil {
		return v
	}
	if img.Contents != nil {
		v.Databases = cmp.Or(listed(img.Contents.PackageDatabases, 8), "none")
	}
	if s := img.Scan; s != nil {
		v.Languages = languages(s)
		const most = 20
		for i, problem := range s.Problems {
			line := strings.TrimSpace(fmt.Sprintf("%s %s: %s", short(problem.Kind, 40), short(problem.Path, 200), short(problem.Message, 300)))
			if i == most || !room.spend(20, line) {
				v.MoreProblems = fmt.Sprintf("and %d more", len(s.Problems)-i)
				break
			}
			v.Problems = append(v.Problems, line)
		}
		if len(v.Languages) > most {
			v.Languages = v.Languages[:most]
		}
	}
	return v
}
