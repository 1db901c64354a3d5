package layer

import (
	"path"
	"strings"
)

// strayDirs are listed as one entry, whatever is in them.
var strayDirs = map[string]string{
	".git": "git repository", ".svn": "svn working copy", ".hg": "mercurial repository", ".idea": "editor settings", ".vscode": "editor settings",
	".vs": "editor settings", ".github": "CI config", ".circleci": "CI config", ".devcontainer": "editor settings",
}

var strayFiles = map[string]string{
	".DS_Store": "desktop file", "Thumbs.db": "desktop file", ".gitlab-ci.yml": "CI config", ".travis.yml": "CI config", "Jenkinsfile": "CI config",
	"azure-pipelines.yml": "CI config", "bitbucket-pipelines.yml": "CI config", ".drone.yml": "CI config",
	"Containerfile": "Dockerfile", "compose.yml": "compose file", "compose.yaml": "compose file", "Vagrantfile": "build file",
}

// thirdParty hold what others wrote: their stray files are theirs.
var thirdParty = map[string]bool{
	"node_modules": true, "bower_components": true, "vendor": true, "site-packages": true, "dist-packages": true, "gems": true,
}

// stray lists a file or directory that development left behind; quiet is true
// when nothing below shall be listed.
func (g *gatherer) stray(at, name string, n *Node, isDir bool) (quiet bool) {
	if isDir && thirdParty[name] {
		return true
	}
	kind := ""
	if isDir {
		kind = strayDirs[name]
	} else if n.Entry.Kind == File {
		kind = strayKind(name)
	}
	if kind == "" {
		return isDir && thirdPartyTree(at, name)
	}
	e := n.Entry
	if e == nil {
		e = &Entry{Kind: Dir, Mode: 0o755} // implied by what is in it
	}
	f := toFile(path.Join(at, name), e, firstLayer(n))
	f.Target, f.Detail = "", kind
	g.add("stray", &g.c.Stray, f)
	return isDir
}

func strayKind(name string) string {
	if kind := strayFiles[name]; kind != "" {
		return kind
	}
	switch {
	case name == "Dockerfile", strings.HasPrefix(name, "Dockerfile."), strings.HasSuffix(name, ".Dockerfile"):
		return "Dockerfile"
	case strings.HasPrefix(name, "docker-compose") && (strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")):
		return "compose file"
	}
	return ""
}

// thirdPartyTree is true of trees of a toolchain or of documents, whose examples
// and tests have Dockerfiles of their own.
func thirdPartyTree(at, name string) bool {
	switch at {
	case "/usr/share":
		return name == "doc"
	case "/usr/local":
		return name == "go" || name == "cargo" || name == "rustup"
	case "/go":
		return name == "pkg"
	}
	return false
}

// firstLayer is that of a directory, or of the first thing in it where it has
// no entry of its own.
func firstLayer(n *Node) int {
	for n.Entry == nil {
		names := n.names()
		if len(names) == 0 {
			return max(0, n.Layer)
		}
		n = n.children[names[0]]
	}
	return n.Layer
}
