// Command e2e makes what scripts/e2e.sh needs in a registry and nobody
// publishes: a vulnerability database with advisories of the test's choosing,
// and small images of files of this machine.
//
//	e2e database REFERENCE [ADVISORIES.yaml…]
//	e2e image [-user UID] [-env KEY=VALUE]… REFERENCE /in/image=/on/disk… /link@target…
//	e2e creates PROXY-URL IMAGE NAMESPACE…
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: e2e database REFERENCE [ADVISORIES.yaml…] | e2e image [-user UID] [-env KEY=VALUE]… REFERENCE /in/image=/on/disk… | e2e creates PROXY-URL IMAGE NAMESPACE…")
	}
	var img v1.Image
	var reference string
	var err error
	switch args[0] {
	case "creates":
		if len(args) < 4 {
			return fmt.Errorf("usage: e2e creates PROXY-URL IMAGE NAMESPACE…")
		}
		return creates(ctx, args[1], args[2], args[3:])
	case "database":
		reference = args[1]
		img, err = database(args[2:])
	case "image":
		flags := flag.NewFlagSet("image", flag.ContinueOnError)
		var env list
		user := flags.String("user", "65532:65532", "the image's USER")
		flags.Var(&env, "env", "an environment variable, KEY=VALUE; may be repeated")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		if flags.NArg() < 2 {
			return fmt.Errorf("an image has a reference and files")
		}
		reference = flags.Arg(0)
		dir, failed := os.MkdirTemp("", "e2e-image-")
		if failed != nil {
			return failed
		}
		defer func() { _ = os.RemoveAll(dir) }()
		img, err = image(dir, *user, env, flags.Args()[1:])
	default:
		return fmt.Errorf("%q is none of database, image, creates", args[0])
	}
	if err != nil {
		return err
	}
	return push(ctx, reference, img)
}

// push writes an image and prints what it is called by digest.
func push(ctx context.Context, reference string, img v1.Image) error {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return err
	}
	if err := remote.Write(ref, img, remote.WithContext(ctx)); err != nil {
		return err
	}
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	fmt.Printf("%s@%s\n", ref.Context(), digest)
	return nil
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, " ") }

// Set implements flag.Value.
func (l *list) Set(s string) error { *l = append(*l, s); return nil }
