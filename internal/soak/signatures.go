package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"
)

// signed is what the registry holds beside one digest: how many signatures of
// our key, of either form, and the verdicts they name.
type signed struct {
	tags, bundles int
	verdicts      []string
}

// signatures reads everything beside the images of a repository that has a
// signature's form, straight from the registry, and verifies it with nothing of
// the gate's. Registries without a referrers API list referrers under a tag.
func (s *stage) signatures(ctx context.Context, repository string) (map[string]*signed, error) {
	key, err := publicKey(filepath.Join(s.dir, "cosign.pub"))
	if err != nil {
		return nil, err
	}
	repo, err := name.NewRepository(s.registry.address()+"/"+repository, name.Insecure)
	if err != nil {
		return nil, err
	}
	tags, err := remote.List(repo, remote.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex // guards out
	out := map[string]*signed{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, tag := range tags {
		if !strings.HasPrefix(tag, "sha256-") {
			continue
		}
		g.Go(func() error {
			encoded, isTag := strings.CutSuffix(strings.TrimPrefix(tag, "sha256-"), ".sig")
			digest := "sha256:" + encoded
			found, err := signaturesUnder(ctx, repo, tag, digest, isTag, key)
			if err != nil {
				return fmt.Errorf("%s:%s: %w", repository, tag, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if out[digest] == nil {
				out[digest] = &signed{}
			}
			if isTag {
				out[digest].tags = len(found)
			} else {
				out[digest].bundles = len(found)
			}
			out[digest].verdicts = append(out[digest].verdicts, found...)
			return nil
		})
	}
	return out, g.Wait()
}

// signaturesUnder gives the verdict that each signature under a tag names. One
// that our key did not make, or for another digest, is an error: nobody else
// writes here.
func signaturesUnder(ctx context.Context, repo name.Repository, tag, digest string, isTag bool, key *ecdsa.PublicKey) (out []string, err error) {
	desc, err := remote.Get(repo.Tag(tag), remote.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if isTag {
		manifest, err := v1.ParseManifest(bytes.NewReader(desc.Manifest))
		if err != nil {
			return nil, err
		}
		for _, layer := range manifest.Layers {
			verdict, err := simple(ctx, repo, layer, digest, key)
			if err != nil {
				return nil, err
			}
			out = append(out, verdict)
		}
		return out, nil
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(desc.Manifest))
	if err != nil {
		return nil, err
	}
	for _, d := range index.Manifests {
		got, err := remote.Get(repo.Digest(d.Digest.String()), remote.WithContext(ctx))
		if err != nil {
			return nil, err
		}
		manifest, err := v1.ParseManifest(bytes.NewReader(got.Manifest))
		if err != nil {
			return nil, err
		}
		if len(manifest.Layers) != 1 || manifest.Subject == nil || manifest.Subject.Digest.String() != digest {
			return nil, fmt.Errorf("referrer %s is no bundle for %s", d.Digest, digest)
		}
		verdict, err := bundle(ctx, repo, manifest.Layers[0], digest, key)
		if err != nil {
			return nil, err
		}
		out = append(out, verdict)
	}
	return out, nil
}

// verdictOf is the annotation that names the verdict.
const verdictOf = "dev.imagegate.verdict"

// simple verifies a layer of a .sig manifest.
func simple(ctx context.Context, repo name.Repository, layer v1.Descriptor, digest string, key *ecdsa.PublicKey) (string, error) {
	body, err := blob(ctx, repo, layer)
	if err != nil {
		return "", err
	}
	if err := verify(key, body, layer.Annotations["dev.cosignproject.cosign/signature"]); err != nil {
		return "", err
	}
	var payload struct {
		Critical struct {
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
		} `json:"critical"`
		Optional map[string]string `json:"optional"`
	}
	err = json.Unmarshal(body, &payload)
	if err == nil && payload.Critical.Image.Digest != digest {
		err = fmt.Errorf("the signature is for %s", payload.Critical.Image.Digest)
	}
	return payload.Optional[verdictOf], err
}

// bundle verifies the DSSE envelope of a Sigstore bundle.
func bundle(ctx context.Context, repo name.Repository, layer v1.Descriptor, digest string, key *ecdsa.PublicKey) (string, error) {
	body, err := blob(ctx, repo, layer)
	if err != nil {
		return "", err
	}
	var b struct {
		Envelope struct {
			Payload     []byte `json:"payload"`
			PayloadType string `json:"payloadType"`
			Signatures  []struct {
				Sig string `json:"sig"`
			} `json:"signatures"`
		} `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return "", err
	}
	e := b.Envelope
	if len(e.Signatures) != 1 {
		return "", fmt.Errorf("the bundle has %d signatures", len(e.Signatures))
	}
	encoded := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(e.PayloadType), e.PayloadType, len(e.Payload), e.Payload)
	if err := verify(key, encoded, e.Signatures[0].Sig); err != nil {
		return "", err
	}
	var statement struct {
		Subject []struct {
			Digest      map[string]string `json:"digest"`
			Annotations map[string]string `json:"annotations"`
		} `json:"subject"`
	}
	if err := json.Unmarshal(e.Payload, &statement); err != nil {
		return "", err
	}
	if len(statement.Subject) != 1 || "sha256:"+statement.Subject[0].Digest["sha256"] != digest {
		return "", fmt.Errorf("the bundle is not for %s alone", digest)
	}
	return statement.Subject[0].Annotations[verdictOf], nil
}

func blob(ctx context.Context, repo name.Repository, d v1.Descriptor) ([]byte, error) {
	layer, err := remote.Layer(repo.Digest(d.Digest.String()), remote.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	r, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

func verify(key *ecdsa.PublicKey, body []byte, signature string) error {
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if !ecdsa.VerifyASN1(key, sum[:], raw) {
		return fmt.Errorf("the gate's key did not make the signature")
	}
	return nil
}

func publicKey(file string) (*ecdsa.PublicKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is not PEM", file)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	p, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s is no ECDSA key", file)
	}
	return p, nil
}
