package check

import (
	"fmt"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// DatabaseAge is SCAN-06.
var DatabaseAge = &Check{
	ID: "SCAN-06", Name: "db-age", Severity: gate.SeverityHigh, Tier: TierScan, Integrity: true,
	Doc: Doc{
		What:    "How old the vulnerability database is.",
		Why:     "An old database does not know what was found since; it is published every six hours.",
		Example: "With freshness: {database: 72h}, one of last week fails. So does one dated more than a day ahead, because a clock is wrong somewhere.",
		Fix:     "Run imagegate db update. Where there is no network, mirror the database and set freshness in the policy.",
	},
	Decide: func(in Input) Result {
		db, limit := in.Evidence.Database, in.Options.MaxDatabaseAge
		if db == nil {
			return unknown("no vulnerability database was used")
		}
		fix := "run imagegate db update, or set freshness: {database: …} in the policy"
		switch age := in.Now.Sub(db.UpdatedAt); {
		case db.UpdatedAt.IsZero():
			return failed(Finding{Message: "the vulnerability database carries no date", Fix: fix})
		case age < -24*time.Hour:
			return failed(Finding{Message: fmt.Sprintf("the vulnerability database is dated %s, in the future", db.UpdatedAt.UTC().Format(time.RFC3339)), Fix: "set the clock, and " + fix})
		case limit > 0 && age > limit:
			return failed(Finding{Message: fmt.Sprintf("the vulnerability database is of %s, %s old; the limit is %s", db.UpdatedAt.UTC().Format(time.RFC3339), age.Round(time.Hour), limit), Fix: fix})
		}
		return pass()
	},
}
