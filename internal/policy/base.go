package policy

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
)

// base reads
//
//	base:
//	  approved: [gcr.io/distroless/static, scratch]  # proven by diffIDs
//	  proof: matched         # or proven, attested, claimed: the least accepted
//	  lookUp: [docker.io]    # registries where claimed bases are looked up, beside the image's own
//	  maxAge: 90d            # of the base's creation
//	  newest: required       # no newer build of its tag is out for longer than
//	  grace: 14d             # this
//	  pinned: required       # builds name the base by digest
//	  truthful: required     # no claim of a base that it is not
//	  lineage: required      # layers are not squashed together
//	  devVariants: deny      # debug, dev, sdk, toolchains
//	  signatures:            # of the base itself
//	  - base: registry.example/base/*
//	    key: |
//	      -----BEGIN PUBLIC KEY-----
//	  - base: gcr.io/distroless/*           # or by an identity (keyless)
//	    issuer: https://accounts.google.com
//	    subject: keyless@distroless.iam.gserviceaccount.com
func (c *compiler) base(n *yaml.Node) {
	o := &c.policy.options
	required := func(what, demand, id string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			if c.word(n, "base."+what, "required", "optional") == "required" {
				c.enforce(demand, id)
			}
		}
	}
	c.family(n, "base", map[string]func(*yaml.Node){
		"approved": c.approvedBases,
		"maxAge": func(n *yaml.Node) {
			o.MaxBaseAge = c.duration(n, "base.maxAge")
			c.enforce("the base is at most "+n.Value+" old", "BASE-04")
		},
		"proof": func(n *yaml.Node) {
			o.MinProof = gate.Proof(c.word(n, "base.proof", "proven", "attested", "matched", "claimed"))
			o.RequireProof = true
			c.policy.supply = c.policy.supply || o.MinProof == gate.ProofAttested
			c.enforce("the base is at least "+n.Value, "BASE-01")
		},
		"lookUp": func(n *yaml.Node) {
			for _, host := range c.texts(n, "base.lookUp") {
				if strings.ContainsAny(host, "/@*") {
					c.fail(n, "base.lookUp %.100q is not a registry's host, such as ghcr.io or registry.example:5000", host)
				}
				c.policy.lookUp = append(c.policy.lookUp, host)
			}
		},
		"newest":   required("newest", "no newer build of the base has been out for long", "BASE-04"),
		"grace":    func(n *yaml.Node) { o.BaseGrace = c.duration(n, "base.grace") },
		"pinned":   required("pinned", "builds name the base by digest", "BASE-05"),
		"truthful": required("truthful", "no claim of a base that it is not", "BASE-03"),
		"lineage":  required("lineage", "the layers are not squashed together", "BASE-09"),
		"devVariants": func(n *yaml.Node) {
			if c.word(n, "base.devVariants", "deny", "allow") == "allow" {
				o.DevBases = true
				return
			}
			c.enforce("no development variant as base", "BASE-06")
		},
		"signatures": c.baseSignatures,
	})
}

func (c *compiler) approvedBases(n *yaml.Node) {
	o := &c.policy.options
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
}

func (c *compiler) baseSignatures(n *yaml.Node) {
	c.list(n, "base.signatures", func(item *yaml.Node) {
		var k baseKey
		c.object(item, "base.signatures entry", map[string]func(*yaml.Node){
			"base": func(n *yaml.Node) {
				if k.base = c.text(n, "base.signatures.base"); k.base != "" {
					if err := validPattern(k.base); err != nil {
						c.fail(n, "base.signatures.base %.100q is not a pattern: %v", k.base, err)
					}
				}
			},
			"key":     func(n *yaml.Node) { k.PEM = c.publicKey(n, "base.signatures.key") },
			"issuer":  func(n *yaml.Node) { k.Issuer = c.text(n, "base.signatures.issuer") },
			"subject": func(n *yaml.Node) { k.Subject = c.text(n, "base.signatures.subject") },
		})
		identity := k.Issuer != "" && k.Subject != ""
		if k.base == "" || (k.PEM != "") == identity || (k.Issuer != "") != (k.Subject != "") {
			c.fail(item, "an entry of base.signatures needs base, and either key, or issuer and subject")
			return
		}
		if k.Name = "the key for " + k.base; identity {
			k.Name = k.Subject
		}
		c.policy.baseKeys = append(c.policy.baseKeys, k)
	})
	c.enforce("bases are signed by the keys or identities named for them", "BASE-08")
}

// publicKey reads a public key in PEM.
func (c *compiler) publicKey(n *yaml.Node, what string) string {
	s := c.text(n, what)
	if s == "" {
		return ""
	}
	block, _ := pem.Decode([]byte(s))
	if block == nil || block.Type != "PUBLIC KEY" {
		c.fail(n, "%s is not a public key in PEM (-----BEGIN PUBLIC KEY-----), such as imagegate key generate and cosign write", what)
		return ""
	}
	if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		c.fail(n, "%s is a damaged public key: %v", what, err)
		return ""
	}
	return s
}

// supply reads
//
//	supply:
//	  registries: [registry.example, ghcr.io/team/*]   # where images may come from
//	  sbom: required
//	  provenance: required
//	  builders: [https://github.com/actions/runner/*]  # whose provenance counts
//	  sources: [https://github.com/example/*]          # of which source repositories
//	  keys: [PEM, …]                                   # that sign attestations
//	  subjects: required                               # attestations are about this image
func (c *compiler) supply(n *yaml.Node) {
	o := &c.policy.options
	asks := func(read func(*yaml.Node)) func(*yaml.Node) {
		return func(n *yaml.Node) { c.policy.supply = true; read(n) }
	}
	c.family(n, "supply", map[string]func(*yaml.Node){
		"registries": func(n *yaml.Node) {
			o.AllowedRegistries = c.patterns(n, "supply.registries")
			c.enforce("from "+strings.Join(o.AllowedRegistries, ", "), "SUP-04")
		},
		"sbom": asks(func(n *yaml.Node) {
			if o.RequireSBOM = c.word(n, "supply.sbom", "required", "optional") == "required"; o.RequireSBOM {
				c.enforce("an SBOM is attached", "SUP-01")
			}
		}),
		"provenance": asks(func(n *yaml.Node) {
			if o.RequireProvenance = c.word(n, "supply.provenance", "required", "optional") == "required"; o.RequireProvenance {
				c.enforce("a provenance is attached", "SUP-02")
			}
		}),
		"builders": asks(func(n *yaml.Node) {
			o.TrustedBuilders = c.texts(n, "supply.builders")
			c.enforce("built by "+strings.Join(o.TrustedBuilders, ", "), "SUP-02")
		}),
		"sources": asks(func(n *yaml.Node) {
			o.TrustedSources = c.texts(n, "supply.sources")
			c.enforce("built from "+strings.Join(o.TrustedSources, ", "), "SUP-02")
		}),
		"subjects": asks(func(n *yaml.Node) {
			if c.word(n, "supply.subjects", "required", "optional") == "required" {
				c.enforce("attestations are about this image", "SUP-03")
			}
		}),
		"keys": asks(func(n *yaml.Node) {
			c.list(n, "supply.keys", func(item *yaml.Node) {
				if k := c.publicKey(item, "supply.keys entry"); k != "" {
					c.policy.supplyKeys = append(c.policy.supplyKeys, gate.NamedKey{Name: fmt.Sprintf("key %d of supply.keys", len(c.policy.supplyKeys)+1), PEM: k})
				}
			})
			o.VerifiedAttestations = true
			c.now.demands = append(c.now.demands, "only attestations signed by the named keys count")
		}),
	})
}
