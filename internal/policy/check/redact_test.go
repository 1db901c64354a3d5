package check

import "testing"

func TestRedact(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"nothing to hide", "COPY --chown=1:1 app /app # buildkit", "COPY --chown=1:1 app /app # buildkit"},
		{"a build argument", "RUN |2 A=1 NPM_TOKEN=abc def /bin/sh -c npm ci # buildkit", "RUN |2 A=1 NPM_TOKEN=*** /bin/sh -c npm ci # buildkit"},
		{"a value without quotes to the end", "ARG DB_PASSWORD=correct horse battery", "ARG DB_PASSWORD=***"},
		{"the first builder's ENV", "/bin/sh -c #(nop)  ENV API_KEY=a b", "/bin/sh -c #(nop)  ENV API_KEY=***"},
		{"an assignment", `RUN /bin/sh -c TOKEN="a \" b" run --fast`, "RUN /bin/sh -c TOKEN=*** run --fast"},
		{"a word of several parts", `TOKEN=a"b c"'d e' run`, "TOKEN=*** run"},
		{"in a quote, to its end", `docker run -e "DB_PASSWORD=a b" x`, `docker run -e "DB_PASSWORD=***" x`},
		{"an option with =", "app --db-password=hunter2 --port=80", "app --db-password=*** --port=80"},
		{"an option and its value", "app --db-password hunter2 --port 80", "app --db-password *** --port 80"},
		{"an option of Java", "java -Dspring.datasource.password=x -DdbPassword=y -jar a", "java -Dspring.datasource.password=*** -DdbPassword=*** -jar a"},
		{"a switch", "docker login --password-stdin registry.example", "docker login --password-stdin registry.example"},
		{"JSON", `{"password": "a b", "port": 1}`, `{"password": *** "port": 1}`},
		{"a URL", "git clone https://me:p@ss@git.example/a@b", "git clone https://***@git.example/a@b"},
		{"a URL without a colon", "pip install git+https://abcdef@git.example/a", "pip install git+https://***@git.example/a"},
		{"a header", `curl -H "Authorization: Bearer abc.def" x`, `curl -H "Authorization: Bearer ***" x`},
		{"another header", `curl -H 'PRIVATE-TOKEN: abc' x`, `curl -H 'PRIVATE-TOKEN: ***' x`},
		{"curl's user", "curl -u me:hunter2 x", "curl -u me:*** x"},
		{"a uid and a gid", "useradd -u 1000:1000 app", "useradd -u 1000:1000 app"},
		{"a token anywhere", "RUN echo ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2 > /x", "RUN echo *** > /x"},
		{"a key", "RUN echo '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----' > /k", "RUN echo '***' > /k"},
		{"a key that is cut off", "X -----BEGIN PRIVATE KEY-----\nabc", "X ***"},
		{"MySQL", "mysql -uroot -phunter2 db", "mysql -uroot -p*** db"},
		{"chpasswd", "echo 'root:hunter2' | chpasswd", "echo 'root:***' | chpasswd"},
		{"a reference", `A_TOKEN=$TOKEN B_TOKEN="${B}" C_TOKEN=$(cat /run/secrets/c) run`, `A_TOKEN=$TOKEN B_TOKEN="${B}" C_TOKEN=$(cat /run/secrets/c) run`},
		{"a file", "app --password-file /run/x --token=/run/secrets/t", "app --password-file /run/x --token=/run/secrets/t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Redact(c.line); got != c.want {
				t.Errorf("%q becomes %q, want %q", c.line, got, c.want)
			}
		})
	}
}

func FuzzRedact(f *testing.F) {
	for _, seed := range []string{
		"RUN |2 A=1 NPM_TOKEN=abc def /bin/sh -c npm ci # buildkit", `TOKEN=a"b c"'d e' --password x 'SECRET: y`, "a://b:c@d@e/ -----BEGIN PRIVATE KEY-----x",
		"ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2 AKIAQ3EGRZ7T5B2KUXNM", "curl -u a:b -H 'Authorization: Basic abc' x:y | chpasswd", "ENV A_KEY= TOKEN=a\\", "/bin/sh -c #(nop) ARG PASSWORD=a b=c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Redact(s)
		if twice := Redact(once); twice != once {
			t.Errorf("%q becomes %q and then %q", s, once, twice)
		}
		if kind := CredentialKind(once); kind != "" {
			t.Errorf("%q becomes %q, which holds %s", s, once, kind)
		}
	})
}
