package main

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestFlagsOfTLSGoTogether(t *testing.T) {
	for name, test := range map[string]struct {
		options tlsOptions
		rights  string
		says    string // empty: nothing is wrong
	}{
		"plain HTTP":                        {tlsOptions{}, "", ""},
		"plain HTTP with rights":            {tlsOptions{}, "rights.yaml", ""},
		"HTTPS":                             {tlsOptions{cert: "c", key: "k"}, "", ""},
		"HTTPS with callers' certificates":  {tlsOptions{cert: "c", key: "k", clientCA: "a"}, "rights.yaml", ""},
		"a certificate without its key":     {tlsOptions{cert: "c"}, "", "are a pair"},
		"a key without its certificate":     {tlsOptions{key: "k"}, "", "are a pair"},
		"callers' certificates over HTTP":   {tlsOptions{clientCA: "a"}, "rights.yaml", "--client-ca needs --tls-cert and --tls-key"},
		"callers' certificates for nothing": {tlsOptions{cert: "c", key: "k", clientCA: "a"}, "", "--client-ca needs --rights"},
	} {
		err := test.options.check(test.rights)
		if test.says == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if test.says != "" && (gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}
