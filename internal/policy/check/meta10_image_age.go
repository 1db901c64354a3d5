package check

import (
	"fmt"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// ImageAge is META-10.
var ImageAge = &Check{
	ID: "META-10", Name: "image-age", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "The config's creation date against the policy's greatest age.",
		Why:      "An image nobody has rebuilt for months has not taken its base's fixes.",
		Example:  "With freshness: {image: 90d}, an image made last year fails; one dated 1970 is unknown, because reproducible builds write that.",
		Fix:      "Rebuild the image.",
		Controls: []string{"Kyverno block-stale-images"},
	},
	Decide: func(in Input) Result {
		if in.Options.MaxImageAge == 0 {
			return notApplicable("the policy sets no greatest age")
		}
		created := in.Image.Config.Created
		if created.Year() < 1980 {
			return unknown("the config does not say when the image was made (reproducible builds leave it out)")
		}
		if age := in.Now.Sub(created); age > in.Options.MaxImageAge {
			return failed(Finding{Message: fmt.Sprintf("the image was made %d days ago, the limit is %d", days(age), days(in.Options.MaxImageAge)), Fix: "rebuild it"})
		}
		return pass()
	},
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }
