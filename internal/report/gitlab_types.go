package report

// GitLab's container scanning report, version 15.2.1 of the security report
// schemas, as far as it is used here.
type (
	gitlabReport struct {
		Version         string          `json:"version"`
		Scan            gitlabScan      `json:"scan"`
		Vulnerabilities []gitlabFinding `json:"vulnerabilities"`
		Remediations    []any           `json:"remediations"`
	}
	gitlabScan struct {
		Analyzer gitlabTool      `json:"analyzer"`
		Scanner  gitlabTool      `json:"scanner"`
		Start    string          `json:"start_time"`
		End      string          `json:"end_time"`
		Status   string          `json:"status"`
		Type     string          `json:"type"`
		Messages []gitlabMessage `json:"messages,omitempty"`
	}
	gitlabTool struct {
		ID      string       `json:"id"`
		Name    string       `json:"name"`
		Version string       `json:"version"`
		Vendor  gitlabVendor `json:"vendor"`
	}
	gitlabVendor struct {
		Name string `json:"name"`
	}
	gitlabMessage struct {
		Level string `json:"level"`
		Value string `json:"value"`
	}
	gitlabFinding struct {
		ID          string                  `json:"id"`
		Name        string                  `json:"name"`
		Description string                  `json:"description"`
		Severity    string                  `json:"severity"`
		Solution    string                  `json:"solution,omitempty"`
		Identifiers []gitlabIdentifier      `json:"identifiers"`
		CVSS        []gitlabCVSS            `json:"cvss_vectors,omitempty"`
		Links       []gitlabLink            `json:"links"`
		Details     map[string]gitlabDetail `json:"details,omitempty"`
		Location    gitlabLocation          `json:"location"`
	}
	gitlabIdentifier struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
		URL   string `json:"url,omitempty"`
	}
	gitlabCVSS struct {
		Vendor string `json:"vendor"`
		Vector string `json:"vector"`
	}
	gitlabLink struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	}
	gitlabDetail struct {
		Name  string `json:"name"`
		Type  string `json:"type"`
		Value string `json:"value"`
	}
	gitlabLocation struct {
		Dependency         gitlabDependency `json:"dependency"`
		OperatingSystem    string           `json:"operating_system"`
		Image              string           `json:"image"`
		DefaultBranchImage string           `json:"default_branch_image,omitempty"`
	}
	gitlabDependency struct {
		Package gitlabPackage `json:"package"`
		Version string        `json:"version"`
	}
	gitlabPackage struct {
		Name string `json:"name"`
	}
)
