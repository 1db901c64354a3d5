package policy

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
)

// base reads
//
//	base:
//	  approved: [gcr.io/distroless/static, scratch]  # proven by diffIDs
//	  maxAge: 90d            # of the base's creation
//	  proof: matched         # or proven, attested, claimed: the least accepted
//	  devVariants: deny      # debug, dev, sdk, toolchains
func (c *compiler) base(n *yaml.Node) {
	o := &c.policy.options
	c.family(n, "base", map[string]func(*yaml.Node){
		"approved": func(n *yaml.Node) {
			c.list(n, "base.approved", func(item *yaml.Node) {
				s := c.text(item, "base.approved entry")
				if s == "scratch" {
					o.ApprovedBases = append(o.ApprovedBases, s)
					return
				}
				ref, err := gate.ParseReference(s)
				if err != nil || ref.Scheme != gate.SchemeRegistry {
					c.fail(item, "base.approved %.100q is not a registry reference", s)
					return
				}
				o.ApprovedBases = append(o.ApprovedBases, ref.Name)
			})
			c.enforce("built on one of "+strings.Join(o.ApprovedBases, ", "), "BASE-01", "BASE-02")
		},
		"maxAge": func(n *yaml.Node) {
			o.MaxBaseAge = c.duration(n, "base.maxAge")
			c.enforce("the base is at most "+n.Value+" old", "BASE-02")
		},
		"proof": func(n *yaml.Node) {
			o.MinProof = gate.Proof(c.word(n, "base.proof", "proven", "attested", "matched", "claimed"))
			c.enforce("the base is at least "+n.Value, "BASE-01")
		},
		"devVariants": func(n *yaml.Node) {
			if c.word(n, "base.devVariants", "deny", "allow") == "allow" {
				o.DevBases = true
				return
			}
			c.enforce("no development variant as base", "BASE-06")
		},
	})
}

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
