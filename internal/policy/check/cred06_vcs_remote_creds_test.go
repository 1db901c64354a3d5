package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestVCSRemoteCreds(t *testing.T) {
	remote := gate.SecretFile{Kind: "git remote", Path: "/app/.git/config", Layer: 1, Detail: "github.com"}
	deleted := remote
	deleted.Deleted = true
	test(t, VCSRemoteCreds, []scenario{
		{name: "none", want: Pass},
		{name: "a token in a remote's address", change: withCredentials(remote), want: Fail, severity: gate.SeverityHigh, says: `/app/.git/config holds an address with a password or token (git remote: "github.com")`},
		{name: "in the user's own", change: withCredentials(gate.SecretFile{Kind: "git config", Path: "/root/.gitconfig"}), want: Fail},
		{name: "a netrc is the business of CRED-03", change: withCredentials(gate.SecretFile{Kind: "netrc", Path: "/root/.netrc"}), want: Pass},
		{name: "a deleted one is the business of CRED-04", change: withCredentials(deleted), want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
