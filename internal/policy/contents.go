package policy

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
)

// contents reads
//
//	contents:
//	  class: distroless          # at least this minimal: scratch static distroless slim full
//	  shell: deny                # and so on for the words below; allow is the default
//	  packageManager: deny
//	  setuid: deny
//	  allowedSetuid: [/usr/bin/ping]
//	  capabilities: deny
//	  worldWritable: deny
//	  allowedWorldWritable: [/app/cache]
//	  specialFiles: deny
//	  unsafeArchive: deny
//	  metadataRemoved: deny
//	  endOfLife: deny
//	  secrets: deny
//	  allowedSecretPaths: [/app/tests/**]
func (c *compiler) contents(n *yaml.Node) {
	o := &c.policy.options
	paths := func(what string, to *[]string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			for _, p := range c.texts(n, what) {
				if _, err := path.Match(p, ""); err != nil || !strings.HasPrefix(p, "/") {
					c.fail(n, "%s %.100q is not an absolute path or glob", what, p)
				}
				*to = append(*to, p)
			}
		}
	}
	c.family(n, "contents", map[string]func(*yaml.Node){
		"class": func(n *yaml.Node) {
			o.MaxClass = gate.Class(c.word(n, "contents.class", "scratch", "static", "distroless", "slim", "full"))
			c.enforce("at least as minimal as "+n.Value, "BASE-07")
		},
		"shell":                c.denied("contents.shell", "no shell", "MIN-01"),
		"packageManager":       c.denied("contents.packageManager", "no package manager", "MIN-02"),
		"setuid":               c.denied("contents.setuid", "no setuid or setgid files", "FS-01"),
		"allowedSetuid":        paths("contents.allowedSetuid", &o.AllowedSetuid),
		"capabilities":         c.denied("contents.capabilities", "no files with capabilities", "FS-02"),
		"worldWritable":        c.denied("contents.worldWritable", "nothing that everyone may write", "FS-03"),
		"allowedWorldWritable": paths("contents.allowedWorldWritable", &o.AllowedWorldWritable),
		"specialFiles":         c.denied("contents.specialFiles", "no device nodes or pipes", "FS-05"),
		"unsafeArchive":        c.denied("contents.unsafeArchive", "no archive entries that leave the root", "FS-06"),
		"metadataRemoved":      c.denied("contents.metadataRemoved", "no package records removed", "SCAN-02"),
		"endOfLife":            c.denied("contents.endOfLife", "no distribution past its end of life", "BASE-10"),
		"secrets":              c.denied("contents.secrets", "no credentials in any layer, deleted files included", "CRED-01", "CRED-02", "CRED-03", "CRED-04", "CRED-06"),
		"allowedSecretPaths":   paths("contents.allowedSecretPaths", &o.AllowedSecretPaths),
	})
}

// config reads
//
//	config:
//	  secretsInEnv: deny        # by name and by value
//	  allowedEnv: [GREETING_TOKEN]
//	  dangerousPorts: deny      # ssh, telnet, Docker API …
//	  allowedPorts: [22]
//	  sensitiveVolumes: deny
//	  kernelWorkdir: deny       # /proc, /sys, /dev
//	  command: required         # ENTRYPOINT or CMD
func (c *compiler) config(n *yaml.Node) {
	o := &c.policy.options
	c.family(n, "config", map[string]func(*yaml.Node){
		"secretsInEnv":   c.denied("config.secretsInEnv", "no secrets in the environment", "ENV-01", "ENV-02"),
		"allowedEnv":     func(n *yaml.Node) { o.AllowedEnv = c.texts(n, "config.allowedEnv") },
		"dangerousPorts": c.denied("config.dangerousPorts", "no ports of remote control", "CONF-01"),
		"allowedPorts": func(n *yaml.Node) {
			for _, p := range c.texts(n, "config.allowedPorts") {
				if v, err := strconv.Atoi(p); err != nil || v < 1 || v > 65535 {
					c.fail(n, "config.allowedPorts %.100q is not a port", p)
				}
				o.AllowedPorts = append(o.AllowedPorts, p)
			}
		},
		"sensitiveVolumes": c.denied("config.sensitiveVolumes", "no volumes over system directories", "CONF-04"),
		"kernelWorkdir":    c.denied("config.kernelWorkdir", "no working directory in a file system of the kernel", "CONF-06"),
		"command": func(n *yaml.Node) {
			if c.word(n, "config.command", "required", "optional") == "required" {
				c.enforce("ENTRYPOINT or CMD is set", "CONF-08")
			}
		},
	})
}

// sentence joins what a rule demands.
func (r *rule) sentence() string {
	if r.pattern != nil {
		verb := "must"
		if !r.allow {
			verb = "must not"
		}
		return fmt.Sprintf("the reference %s match %s", verb, r.pattern)
	}
	return strings.Join(r.demands, "; ")
}
