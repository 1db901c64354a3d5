package policy

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// user reads
//
//	user:
//	  nonRoot: true       # no spelling of uid 0, and a user that can be resolved
//	  numeric: true       # so that Kubernetes can verify runAsNonRoot
//	  nonRootGroup: true  # no gid 0
func (c *compiler) user(n *yaml.Node) {
	when := func(what, demand string, ids ...string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			if c.boolean(n, what) {
				c.enforce(demand, ids...)
			}
		}
	}
	c.family(n, "user", map[string]func(*yaml.Node){
		"nonRoot":      when("user.nonRoot", "USER is set and is not root, by any spelling or name", "USER-01", "USER-02", "USER-04", "USER-05"),
		"numeric":      when("user.numeric", "USER is a number", "USER-03"),
		"nonRootGroup": when("user.nonRootGroup", "the group is not root's", "USER-06"),
	})
}

// layers reads
//
//	layers:
//	  maxCount: 40
//	  maxCompressed: 500MiB        # all layers, as the manifest declares them
//	  maxLayerCompressed: 200MiB   # any one layer
//	  maxUncompressed: 2GiB        # all layers, unpacked
//	  maxWasted: 50MiB             # pulled and never seen
func (c *compiler) layers(n *yaml.Node) {
	o := &c.policy.options
	bytes := func(name string, to *int64, demand, id string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			*to = c.size(n, "layers."+name)
			c.enforce(fmt.Sprintf(demand, n.Value), id)
		}
	}
	c.family(n, "layers", map[string]func(*yaml.Node){
		"maxCount": func(n *yaml.Node) {
			o.MaxLayers = c.count(n, "layers.maxCount")
			c.enforce("at most "+n.Value+" layers", "META-09")
		},
		"maxCompressed":      bytes("maxCompressed", &o.MaxCompressed, "at most %s compressed", "META-09"),
		"maxLayerCompressed": bytes("maxLayerCompressed", &o.MaxLayerCompressed, "at most %s compressed in one layer", "META-09"),
		"maxUncompressed":    bytes("maxUncompressed", &o.MaxUncompressed, "at most %s unpacked", "META-09"),
		"maxWasted":          bytes("maxWasted", &o.MaxWasted, "at most %s pulled and never seen", "MIN-07"),
	})
}

// freshness reads
//
//	freshness:
//	  verdict: 24h    # how long a verdict counts
//	  database: 72h   # how old the vulnerability database may be
//	  image: 90d      # how old the image may be
func (c *compiler) freshness(n *yaml.Node) {
	o := &c.policy.options
	c.family(n, "freshness", map[string]func(*yaml.Node){
		"verdict": func(n *yaml.Node) {
			c.policy.lifetime = c.duration(n, "freshness.verdict")
			c.enforce("a verdict counts for " + n.Value)
		},
		"database": func(n *yaml.Node) {
			o.MaxDatabaseAge = c.duration(n, "freshness.database")
			c.enforce("the vulnerability database is at most "+n.Value+" old", "SCAN-06")
		},
		"image": func(n *yaml.Node) {
			o.MaxImageAge = c.duration(n, "freshness.image")
			c.enforce("the image is at most "+n.Value+" old", "META-10")
		},
	})
}

// platforms reads
//
//	platforms:
//	  required: [linux/amd64, linux/arm64]  # each must be there and pass
//	  allowed: [linux/amd64, linux/arm64]   # no other may be
func (c *compiler) platforms(n *yaml.Node) {
	o := &c.policy.options
	list := func(what string, to *[]string, demand, id string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			for _, p := range c.texts(n, what) {
				if parts := strings.Split(p, "/"); len(parts) < 2 || len(parts) > 3 {
					c.fail(n, "%s %.100q is not os/architecture[/variant]", what, p)
				}
				*to = append(*to, p)
			}
			c.enforce(demand+strings.Join(*to, ", "), id)
		}
	}
	c.family(n, "platforms", map[string]func(*yaml.Node){
		"required": list("platforms.required", &o.RequiredPlatforms, "built for and passing on ", "META-02"),
		"allowed":  list("platforms.allowed", &o.AllowedPlatforms, "for no platform but ", "META-11"),
	})
}
