package server

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/imagegate/imagegate/internal/gate"
)

func init() {
	for _, html := range []string{"text/html", "text/markdown", "application/xml"} {
		openapi3filter.RegisterBodyDecoder(html, openapi3filter.FileBodyDecoder)
	}
	for _, document := range []string{"application/sarif+json", "application/spdx+json", "application/vnd.cyclonedx+json"} {
		openapi3filter.RegisterBodyDecoder(document, openapi3filter.JSONBodyDecoder)
	}
}

func (m *memory) Report(_ context.Context, v gate.Verdict, format string) ([]byte, string, error) {
	types := map[string]string{"json": "application/json", "sarif": "application/sarif+json", "html": "text/html; charset=utf-8", "junit": "application/xml"}
	if format == "json" || format == "sarif" {
		return []byte(`{"format":"` + format + `","image":"` + v.Image + `"}`), types[format], nil
	}
	return []byte("<" + format + ">"), types[format], nil
}

func (m *memory) SBOM(_ context.Context, v gate.Verdict, format, platform string) ([]byte, string, error) {
	if platform == "" {
		return nil, "", gate.NewError(gate.CodeInvalid, v.Digest+" has images for linux/amd64, linux/arm64: name one platform", nil)
	}
	types := map[string]string{"cyclonedx": "application/vnd.cyclonedx+json", "spdx": "application/spdx+json"}
	return []byte(`{"format":"` + format + `"}`), types[format], nil
}

func TestReportsComeInTheirOwnTypesAndCannotActInABrowser(t *testing.T) {
	s, _ := newServer(t, Options{Token: "0123456789abcdef"})
	const authorized = "Bearer 0123456789abcdef"
	for _, c := range []struct {
		path, mediaType, body string
		status                int
	}{
		{"/report", "application/json", `"json"`, 200},
		{"/report?format=html", "text/html", "<html>", 200},
		{"/report?format=junit", "application/xml", "<junit>", 200},
		{"/report?format=sarif", "application/sarif+json", `"sarif"`, 200},
		{"/report?format=pdf", "application/problem+json", "format", 400},
		{"/sbom?platform=linux/arm64", "application/vnd.cyclonedx+json", `"cyclonedx"`, 200},
		{"/sbom?format=spdx&platform=linux/arm64", "application/spdx+json", `"spdx"`, 200},
		{"/sbom", "application/problem+json", "name one platform", 400},
	} {
		w, _ := call(t, s, http.MethodGet, "/v1/images/"+digest+c.path, "", "Authorization", authorized)
		if w.Code != c.status || !strings.HasPrefix(w.Header().Get("Content-Type"), c.mediaType) || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s: %d %s %s", c.path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		if c.status == 200 && (w.Header().Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "sandbox")) {
			t.Errorf("%s: headers %v", c.path, w.Header())
		}
	}
	other := "sha256:" + strings.Repeat("0", 64)
	if w, _ := call(t, s, http.MethodGet, "/v1/images/"+other+"/report", "", "Authorization", authorized); w.Code != 404 {
		t.Errorf("an image that was never evaluated: %d", w.Code)
	}
	if w, _ := call(t, s, http.MethodGet, "/v1/images/"+digest+"/report", ""); w.Code != 401 {
		t.Errorf("without a token: %d", w.Code)
	}
}
