package identity

import (
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/policy"
)

// The bounds of a rights file.
const (
	maxFile    = 1 << 20 // bytes
	maxCallers = 1000
	maxEntries = 200 // of each list in it
	maxPerMin  = 1_000_000
)

// Rights are a rights file's callers, in its order. They never change.
type Rights struct {
	callers []caller
	byHash  map[Hash]int // tokens of the file
	byName  map[string]int
	// keyFiles are the JWKS files by issuer; "" where the issuer is asked.
	keyFiles map[string]string
}

// caller is one entry of the file.
type caller struct {
	Caller
	jwt         *claimant
	certificate *holder
}

// claimant says which JWTs are the caller's.
type claimant struct {
	issuer   string
	audience []string
	subject  []string          // patterns, of which one fits
	claims   map[string]string // all of which are there
}

// ParseRights reads a rights file. The error is CodeInvalid and names every
// mistake with its line. A jwksFile is taken from beside the file.
func ParseRights(file string, data []byte) (*Rights, error) {
	p := rightsParser{decoder: decoder{file: file}, rights: &Rights{byHash: map[Hash]int{}, byName: map[string]int{}, keyFiles: map[string]string{}}}
	if n := p.document(data); n != nil {
		p.object(n, "the file", fields{"callers": func(n *yaml.Node) { p.list(n, "callers", maxCallers, p.caller) }})
		if len(p.rights.callers) == 0 && len(p.problems) == 0 {
			p.fail(n, "it names no caller: write callers: [{name: …, token: …, rights: […]}]")
		}
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return p.rights, nil
}

// ParseRight reads one right as the command line has it.
func ParseRight(text string) (Right, error) {
	p := rightsParser{decoder: decoder{file: "the right"}}
	var r Right
	if n := p.document([]byte(text)); n != nil {
		r = p.right(n)
	}
	return r, p.err()
}

type rightsParser struct {
	decoder
	rights *Rights
}

// callerForm is the form of a caller's name. The gate puts names before other
// text with a / between.
var callerForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// ValidName reports whether a caller can have the name.
func ValidName(name string) bool {
	return callerForm.MatchString(name) && name != NameTokenFile && name != NameAnonymous
}

func (p *rightsParser) caller(n *yaml.Node) {
	c := caller{Caller: Caller{Kind: KindToken}}
	index := len(p.rights.callers)
	tokens := func(n *yaml.Node) { p.tokens(n, index) }
	p.object(n, "caller", fields{
		"name":  func(n *yaml.Node) { c.Name = p.name(n, index) },
		"token": tokens, "tokens": tokens,
		"jwt":         func(n *yaml.Node) { c.jwt = p.claimant(n) },
		"certificate": func(n *yaml.Node) { c.certificate = p.holder(n) },
		"rights": func(n *yaml.Node) {
			p.list(n, "rights", maxEntries, func(n *yaml.Node) { c.Rights = append(c.Rights, p.right(n)) })
		},
		"limit": func(n *yaml.Node) {
			p.object(n, "limit", fields{"perMinute": func(n *yaml.Node) { c.PerMinute = p.count(n, "limit.perMinute", maxPerMin) }})
		},
	})
	if c.Name == "" {
		p.fail(n, "the caller has no name: give it one, the audit log writes it")
	}
	p.rights.callers = append(p.rights.callers, c)
}

func (p *rightsParser) name(n *yaml.Node, index int) string {
	name := p.text(n, "name")
	if name != "" && !ValidName(name) {
		p.fail(n, "%.80q is no name for a caller: write letters, digits, . _ - (at most 63), and neither %s nor %s", name, NameTokenFile, NameAnonymous)
	}
	if _, used := p.rights.byName[name]; used {
		p.fail(n, "two callers have the name %.80q: name each once", name)
	}
	p.rights.byName[name] = index
	return name
}

func (p *rightsParser) tokens(n *yaml.Node, index int) {
	for _, s := range p.texts(n, "token") {
		h, ok := parseHash(s)
		if !ok {
			p.fail(n, "a token is given as sha256: and 64 hexadecimal digits (printf %%s \"$TOKEN\" | sha256sum), never as itself")
			continue
		}
		if _, used := p.rights.byHash[h]; used {
			p.fail(n, "the token is given twice: each belongs to one caller")
		}
		p.rights.byHash[h] = index
	}
}

func (p *rightsParser) right(n *yaml.Node) Right {
	var r Right
	p.object(n, "right", fields{
		"verbs": func(n *yaml.Node) {
			for _, v := range p.texts(n, "verbs") {
				if !slices.Contains(verbs, v) {
					p.fail(n, "%.40q is no verb: expected one of %s", v, strings.Join(verbs, ", "))
				}
				r.Verbs = append(r.Verbs, Verb(v))
			}
		},
		"repositories": func(n *yaml.Node) {
			r.Repositories = p.texts(n, "repositories")
			for _, pattern := range r.Repositories {
				if err := policy.ValidPattern(pattern); err != nil {
					p.fail(n, "%v", err)
				}
			}
		},
		"policies": func(n *yaml.Node) { r.Policies = p.texts(n, "policies") },
	})
	if len(r.Verbs) == 0 || len(r.Repositories) == 0 {
		p.fail(n, "a right needs verbs and repositories, such as {verbs: [evaluate, read], repositories: [registry.example/shop/*]}")
	}
	return r
}

func (p *rightsParser) claimant(n *yaml.Node) *claimant {
	c := &claimant{claims: map[string]string{}}
	keys := ""
	p.object(n, "jwt", fields{
		"issuer":   func(n *yaml.Node) { c.issuer = p.issuer(n) },
		"audience": func(n *yaml.Node) { c.audience = p.texts(n, "audience") },
		"subject":  func(n *yaml.Node) { c.subject = p.subjects(n, "subject") },
		"claims":   func(n *yaml.Node) { p.claims(n, c.claims) },
		"jwksFile": func(n *yaml.Node) { keys = p.text(n, "jwksFile") },
	})
	if c.issuer == "" || len(c.audience) == 0 || len(c.subject) == 0 {
		p.fail(n, "jwt needs issuer, audience and subject: without all three it would take tokens that were made for others")
	}
	if keys != "" && !filepath.IsAbs(keys) {
		keys = filepath.Join(filepath.Dir(p.file), keys)
	}
	if other, used := p.rights.keyFiles[c.issuer]; used && other != keys {
		p.fail(n, "the issuer %.200s is given with two jwksFile: its keys come from one place", c.issuer)
	}
	p.rights.keyFiles[c.issuer] = keys
	return c
}

func (p *rightsParser) issuer(n *yaml.Node) string {
	s := p.text(n, "issuer")
	if u, err := url.Parse(s); s != "" && (err != nil || !overTLS(u) || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		p.fail(n, "the issuer %.200q is no https URL: write it as the token's iss does", s)
	}
	return s
}

// subjects reads patterns for matchSubject.
func (p *rightsParser) subjects(n *yaml.Node, what string) []string {
	out := p.texts(n, what)
	for _, s := range out {
		if strings.HasPrefix(s, "*") {
			p.fail(n, "the %s %.100q begins with *, which is everybody the issuer knows: begin with what is yours", what, s)
		}
		if i := strings.Index(s, "**"); i >= 0 && i != len(s)-2 {
			p.fail(n, "the %s %.100q has ** before its end: it stands for any rest, so it comes last", what, s)
		}
	}
	return out
}

// claims reads the claims that must be there, as text.
func (p *rightsParser) claims(n *yaml.Node, into map[string]string) {
	if n.Kind != yaml.MappingNode || len(n.Content) > 2*maxEntries {
		p.fail(n, "claims is %s, expected a mapping of claims to their values", kindName(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if _, twice := into[key]; twice {
			p.fail(n.Content[i], "claims.%.100s is given twice", key)
		}
		into[key] = p.text(n.Content[i+1], "a claim's value")
	}
}

func (p *rightsParser) count(n *yaml.Node, what string, high int) int {
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || v < 1 || v > high {
		p.fail(n, "%s is %.40q, expected a whole number from 1 to %d", what, n.Value, high)
	}
	return v
}
