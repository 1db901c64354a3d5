package check

import "github.com/imagegate/imagegate/internal/gate"

// DeletedSecret is CRED-04.
var DeletedSecret = &Check{
	ID: "CRED-04", Name: "secret-was-deleted", Severity: gate.SeverityCritical, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Credentials in files that a later layer deletes or replaces.",
		Why:      "Layers are kept as they are: whoever pulls the image can read the file from the layer that brought it.",
		Example:  "COPY token.txt, then RUN rm token.txt, fails; RUN --mount=type=secret leaves nothing and passes.",
		Fix:      "Revoke the credential, then rebuild so that no layer ever holds it.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result { return secretFindings(in, true) },
}
