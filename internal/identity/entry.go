package identity

import "time"

// Decision is how something that was asked for ended.
type Decision string

// The decisions of the audit log.
const (
	Allowed Decision = "allowed"
	Denied  Decision = "denied"
)

// Entry is one line of the audit log. It holds no secret.
type Entry struct {
	At     time.Time `json:"at"`
	Caller string    `json:"caller"`
	Kind   Kind      `json:"kind"`
	// Verb is one of the rights', or what was done to a token.
	Verb       Verb   `json:"verb"`
	Repository string `json:"repository,omitempty"`
	// Subject is the evaluation, digest, rescan or token it was about.
	Subject  string   `json:"subject,omitempty"`
	Decision Decision `json:"decision"`
	// Detail says more, such as how many denials before it were not written.
	Detail  string `json:"detail,omitempty"`
	Request string `json:"request,omitempty"` // as the log names it
}

// The verbs that only the audit log has.
const (
	VerbAuthenticate Verb = "authenticate" // a credential that was refused
	VerbCreateToken  Verb = "token-create"
	VerbRevokeToken  Verb = "token-revoke"
)
