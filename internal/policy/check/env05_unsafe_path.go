package check

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// UnsafePath is ENV-05.
var UnsafePath = &Check{
	ID: "ENV-05", Name: "unsafe-path", Severity: gate.SeverityMedium, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "Directories of PATH that are empty, relative, or open to every process: /tmp, /var/tmp, /dev/shm.",
		Why:     "Who can write there decides which program a name starts.",
		Example: "PATH=/usr/bin:, PATH=./bin:/usr/bin and PATH=/tmp/tools fail; /app/bin passes: directories that the image itself leaves open are the business of FS-04.",
		Fix:     "Keep only absolute directories that the image owns in PATH.",
	},
	Decide: func(in Input) Result {
		if in.Image.Config.OS == "windows" {
			return notApplicable("PATH of Windows is written in another way")
		}
		var findings []Finding
		for _, v := range judgedEnv(in) {
			if v.name != "PATH" || v.value == "" {
				continue
			}
			for dir := range strings.SplitSeq(v.value, ":") {
				problem := ""
				switch {
				case dir == "":
					problem = "PATH has an empty part, which is the working directory"
				case !path.IsAbs(dir):
					problem = fmt.Sprintf("PATH has %.100q, which depends on the working directory", dir)
				case anybodyWrites(path.Clean(dir)):
					problem = fmt.Sprintf("PATH has %.100q, where anybody may put programs", dir)
				}
				if problem != "" && !slices.ContainsFunc(findings, func(f Finding) bool { return f.Message == problem }) {
					findings = append(findings, Finding{Message: problem, Fix: "keep only absolute directories of the image in PATH", Subject: subject(dir)})
				}
			}
		}
		return verdictOn(bounded(findings, "directories"))
	},
}
