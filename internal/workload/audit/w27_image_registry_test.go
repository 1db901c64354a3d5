package audit

import "testing"

func TestImageRegistry(t *testing.T) {
	field := []string{"spec.containers[0].image"}
	from := func(allowed ...string) Options { return Options{AllowedRegistries: allowed} }
	test(t, ImageRegistry, []scenario{
		{name: "where nothing is named everything is allowed", objects: one("image: nginx")},
		{name: "a registry", objects: one("image: 'registry.example/a/b:1'"), options: from("registry.example")},
		{name: "a path below a repository", objects: one("image: registry.example/team/a/b"), options: from("registry.example/team/")},
		{name: "a star at the end", objects: one("image: registry.example/team/a"), options: from("registry.example/team/*")},
		{name: "a name that begins the same", objects: one("image: registry.example/team-evil/a"), options: from("registry.example/team"), want: field, says: "registry.example/team-evil/a"},
		{name: "a host that begins the same", objects: one("image: registry.example.evil/a"), options: from("registry.example"), want: field},
		{name: "a host as a path", objects: one("image: evil.example/registry.example/a"), options: from("registry.example"), want: field},
		{name: "Docker Hub by its full name", objects: one("image: nginx"), options: from("docker.io/library")},
		{name: "Docker Hub without its name", objects: one("image: grafana/grafana"), options: from("grafana")},
		{name: "Docker Hub by its old name", objects: one("image: index.docker.io/library/nginx"), options: from("index.docker.io/library")},
		{name: "Docker Hub is not allowed by default", objects: one("image: nginx"), options: from("registry.example"), want: field, says: "docker.io/library/nginx"},
		{name: "a registry with a port", objects: one("image: 'localhost:5000/a'"), options: from("localhost:5000")},
		{name: "an ill-formed digest does not hide where from", objects: one("image: 'evil.example/a@sha256:a1'"), options: from("registry.example"), want: field},
		{name: "an empty entry allows nothing", objects: one("image: nginx"), options: from(""), want: field},
	})
}
