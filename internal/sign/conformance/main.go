// Command conformance holds our signatures against cosign's own programs: it
// signs images in a registry through package sign, in every layout, and asks
// the programs to verify them. It ends with status 1 when one answers wrongly.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/sign"
)

func main() {
	host := flag.String("registry", "", "registry to use; default one in this process, with the referrers API")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: conformance [--registry HOST] NAME=PROGRAM…")
		flag.PrintDefaults()
	}
	flag.Parse()
	ok, err := run(context.Background(), *host, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
	if !ok {
		os.Exit(1)
	}
}

// bench is what all cases share.
type bench struct {
	host    string
	dir     string
	ours    *sign.Key
	theirs  *sign.Key
	correct bool
}

func run(ctx context.Context, host string, programs []string) (bool, error) {
	label := host
	if host == "" {
		server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError))))
		defer server.Close()
		host, label = strings.TrimPrefix(server.URL, "http://"), "in process, with referrers"
	}
	dir, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{host: host, dir: dir, correct: true}
	if b.ours, err = b.key("ours"); err != nil {
		return false, err
	}
	if b.theirs, err = b.key("theirs"); err != nil {
		return false, err
	}
	// cosign 2 asks for a trusted root when it meets bundles, even with a key.
	if err := os.WriteFile(filepath.Join(dir, "root.json"), []byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`), 0o600); err != nil {
		return false, err
	}
	fmt.Printf("registry: %s\n%-32s %-10s %-10s %s\n", label, "image", "program", "answer", "")
	for _, layout := range []sign.Layout{sign.LayoutTag, sign.LayoutBundle, sign.LayoutBoth} {
		for _, c := range []struct {
			what   string
			keys   []*sign.Key
			accept bool
		}{{"signed", []*sign.Key{b.ours}, true}, {"signed by another key", []*sign.Key{b.theirs}, false}, {"signed by both", []*sign.Key{b.theirs, b.ours}, true}} {
			if err := b.hold(ctx, programs, layout, c.what, c.keys, c.accept); err != nil {
				return false, err
			}
		}
	}
	err = b.hold(ctx, programs, sign.LayoutBoth, "unsigned", nil, false)
	return b.correct, err
}

// key makes a key and writes its public half for the programs.
func (b *bench) key(name string) (*sign.Key, error) {
	private, public, err := sign.GenerateKey([]byte("password"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(b.dir, name+".pub"), public, 0o600); err != nil {
		return nil, err
	}
	return sign.LoadKey(private, []byte("password"))
}

// hold signs a new image with the keys and asks every program about it.
func (b *bench) hold(ctx context.Context, programs []string, layout sign.Layout, what string, keys []*sign.Key, accept bool) error {
	repository, digest, err := b.push(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		s, err := sign.New(sign.Options{Key: k, Layout: layout, Remote: func(ctx context.Context) []remote.Option { return []remote.Option{remote.WithContext(ctx)} }})
		if err != nil {
			return err
		}
		if _, err := s.Sign(ctx, gate.SignRequest{Repository: repository, Digest: digest, Annotations: map[string]string{gate.AnnotationVerdict: "1"}}); err != nil {
			return err
		}
	}
	for _, p := range programs {
		label, program, _ := strings.Cut(p, "=")
		said, accepted := b.ask(ctx, label, program, layout, repository+"@"+digest)
		answer := map[bool]string{true: "accepts", false: "refuses"}[accepted]
		note := ""
		if accepted != accept {
			b.correct, note = false, "WRONG: "+said
		}
		fmt.Printf("%-32s %-10s %-10s %s\n", fmt.Sprintf("%s (%s)", what, layout), label, answer, note)
	}
	return nil
}

func (b *bench) push(ctx context.Context) (repository, digest string, err error) {
	img, err := random.Image(256, 1)
	if err != nil {
		return "", "", err
	}
	tag, err := name.NewTag(b.host + "/conformance/app:1")
	if err != nil {
		return "", "", err
	}
	if err := remote.Write(tag, img, remote.WithContext(ctx)); err != nil {
		return "", "", err
	}
	d, err := img.Digest()
	return tag.Context().Name(), d.String(), err
}

// ask runs a program's verify command with our public key.
func (b *bench) ask(ctx context.Context, label, program string, layout sign.Layout, image string) (said string, accepted bool) {
	args := []string{"verify", "--key", filepath.Join(b.dir, "ours.pub"), "--insecure-ignore-tlog=true", "--allow-http-registry", "--allow-insecure-registry"}
	if strings.Contains(label, "v2") {
		args = append(args, "--trusted-root", filepath.Join(b.dir, "root.json"))
		if layout == sign.LayoutBundle {
			args = append(args, "--new-bundle-format")
		}
	} else if layout == sign.LayoutTag {
		args = append(args, "--new-bundle-format=false")
	}
	cmd := exec.CommandContext(ctx, program, append(args, image)...)
	cmd.Env = append(os.Environ(), "HOME="+b.dir)
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if i := strings.LastIndex(text, "\n"); i >= 0 {
		text = text[i+1:]
	}
	return text, err == nil
}
