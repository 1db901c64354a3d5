package main

import "testing"

func TestTheCIIsKnownByItsJobsEnvironment(t *testing.T) {
	github := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "team/app", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_JOB": "gate"}
	for _, test := range []struct {
		name   string
		env    map[string]string
		tekton bool
		want   string
		run    string
	}{
		{"GitHub", github, false, "github", "github\nteam/app\n7\n2\ngate"},
		{"GitHub without a run's number", map[string]string{"GITHUB_ACTIONS": "true"}, false, "github", ""},
		{"GitLab", map[string]string{"GITLAB_CI": "true", "CI_SERVER_URL": "https://gitlab.example", "CI_JOB_ID": "9"}, false, "gitlab", "gitlab\nhttps://gitlab.example\n9"},
		{"Jenkins", map[string]string{"JENKINS_URL": "https://ci.example", "JOB_NAME": "app", "BUILD_ID": "3"}, false, "jenkins", "jenkins\nhttps://ci.example\napp\n3"},
		{"a shell that knows where Jenkins is", map[string]string{"JENKINS_URL": "https://ci.example"}, false, "", ""},
		{"Tekton", nil, true, "tekton", ""},
		{"a self-hosted runner in a Tekton step", github, true, "github", "github\nteam/app\n7\n2\ngate"},
		{"GitLab said to be absent", map[string]string{"GITLAB_CI": "false"}, false, "", ""},
		{"none", nil, false, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			getenv := func(name string) string { return test.env[name] }
			got := detectCI(getenv, func(dir string) bool { return test.tekton && dir == "/tekton" })
			if got.name != test.want || got.runID(getenv) != test.run {
				t.Errorf("%q with run %q, want %q with %q", got.name, got.runID(getenv), test.want, test.run)
			}
		})
	}
}
