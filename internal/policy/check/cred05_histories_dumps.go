package check

import "github.com/imagegate/imagegate/internal/gate"

// HistoriesDumps is CRED-05.
var HistoriesDumps = &Check{
	ID: "CRED-05", Name: "histories-dumps", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Shell histories, core files, heap dumps, database dumps and packet captures in any layer, deleted ones included.",
		Why:      "They hold what passed through a shell, a process or a wire: passwords, keys, personal data.",
		Example:  "/root/.bash_history with a line in it and /app/dump.sql fail; an empty history passes; what a package of the proven base ships is LOW.",
		Fix:      "Rebuild without the file; name it in .dockerignore, and run builds with HISTFILE unset.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, d := range c.Dumps {
			if d.Size == 0 || acceptedPath(in.Options.AllowedSecretPaths, d.Path) {
				continue
			}
			severity := gate.SeverityMedium
			if packaged(in, d.Package, d.Layer) {
				severity = gate.SeverityLow
			}
			f := secretFile(in, d, severity, "may hold what should be secret")
			f.Fix = "rebuild so that no layer holds it, and revoke what it tells; name it in .dockerignore"
			findings = append(findings, f)
		}
		return judged(c, "dumps", findings, "dumps")
	},
}
