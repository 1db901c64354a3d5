package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestAnExceptionNamesAPathASubjectOrAPackage(t *testing.T) {
	for _, s := range []struct {
		name       string
		finding    Finding
		exceptions []string
		want       bool
	}{
		{"none", Finding{Path: "/app/x"}, nil, false},
		{"the path", Finding{Path: "/app/x"}, []string{"/app/x"}, true},
		{"any depth below a path", Finding{Path: "/app/a/b/c"}, []string{"/app/**"}, true},
		{"one depth only", Finding{Path: "/app/a/b"}, []string{"/app/*"}, false},
		{"another path that begins alike", Finding{Path: "/application/x"}, []string{"/app/**"}, false},
		{"a subject", Finding{Subject: "22/tcp"}, []string{"22/*"}, true},
		{"another subject", Finding{Subject: "2222/tcp"}, []string{"22/*"}, false},
		{"a package", Finding{Package: &gate.PackageRef{Name: "openssl"}}, []string{"openssl"}, true},
		{"what is about nothing in particular", Finding{Message: "x"}, []string{"*"}, false},
	} {
		t.Run(s.name, func(t *testing.T) {
			if got := s.finding.Excepted(s.exceptions); got != s.want {
				t.Errorf("excepted %v, want %v", got, s.want)
			}
		})
	}
}
