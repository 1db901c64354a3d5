package check

import "github.com/imagegate/imagegate/internal/gate"

// VCSRemoteCreds is CRED-06.
var VCSRemoteCreds = &Check{
	ID: "CRED-06", Name: "vcs-remote-creds", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Addresses with a user and a password or token in the configuration of a repository or of git itself (.git/config, .gitconfig), and authorization headers that CI systems leave there.",
		Why:      "The token opens the repository, and often all of its owner's.",
		Example:  "COPY . /app with https://user:token@host/repository in /app/.git/config fails; https://host/repository passes.",
		Fix:      "Revoke the token, name .git in .dockerignore, and rebuild.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		return credentials(in, "holds an address with a password or token", ofRepository)
	},
}
