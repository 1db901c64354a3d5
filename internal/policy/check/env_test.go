package check

import "testing"

func TestEveryFormOfCredentialHoldsOneOfItsHints(t *testing.T) {
	for kind, value := range map[string]string{
		"a GitHub token":        "github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ0123456789abcdefghijklmnopqrstuv",
		"a GitLab token":        "glpat-aB3dE5fG7hJ9kL1mN3pQ",
		"an AWS access key id":  "ASIAQ3EGRZ7T5B2KUXNM",
		"a private key":         "-----BEGIN PRIVATE KEY-----",
		"a JSON web token":      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijklmnop",
		"a Slack token":         "xoxp-123456789012-abcdef",
		"a Google API key":      "AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
		"a Stripe key":          "rk_live_a1b2c3d4e5f6g7h8",
		"an npm token":          "npm_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2",
		"a URL with a password": "amqp://a:hunter2@mq",
	} {
		if got := CredentialKind("x=" + value); got != kind {
			t.Errorf("%q is told for %s", got, kind)
		}
	}
}

func TestAnExampleDoesNotHideARealCredentialAfterIt(t *testing.T) {
	for value, want := range map[string]string{
		"AKIAIOSFODNN7EXAMPLE AKIAQ3EGRZ7T5B2KUXNM":        "an AWS access key id",
		"https://a:$PW@one.example https://a:hunter2@two":  "a URL with a password",
		"AKIAIOSFODNN7EXAMPLE https://a:changeme@example/": "",
	} {
		if got := CredentialKind(value); got != want {
			t.Errorf("%q is told for %q, want %q", value, got, want)
		}
	}
}
