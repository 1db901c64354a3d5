package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/sign"
)

func newVerify() *cobra.Command {
	var o appOptions
	var public, output string
	var signatureOnly bool
	cmd := &cobra.Command{
		Use: "verify IMAGE", Short: "Is there a valid signature and an unexpired passing verdict?",
		Long: `verify resolves the image to a digest, looks for a signature by the given key,
and for an unexpired passing verdict of that digest in the data directory.
Attestations are not signatures, whoever made them.

Exit status: 0 both are there, 2 one is missing, 3 it could not be found out.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return verify(cmd, o, args[0], public, output, signatureOnly)
		},
	}
	registryFlags(cmd, &o)
	cmd.Flags().StringVar(&public, "key", "", "public key file")
	cmd.Flags().StringVar(&o.policy, "policy", "", "policy the verdict must be of; default that of the repository")
	cmd.Flags().BoolVar(&signatureOnly, "signature-only", false, "do not ask for a stored verdict")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

// verification is what verify found.
type verification struct {
	Image     string        `json:"image"`
	Digest    string        `json:"digest"`
	Accepted  bool          `json:"accepted"`
	Signature sign.Result   `json:"signature"`
	Verdict   *gate.Finding `json:"verdict,omitempty"`
}

func verify(cmd *cobra.Command, o appOptions, image, public, output string, signatureOnly bool) error {
	if public == "" {
		return usage("name the public key with --key: imagegate key public prints it")
	}
	if output != "table" && output != "json" {
		return usage("--output %q is neither table nor json", output)
	}
	pem, err := os.ReadFile(public)
	if err != nil {
		return usage("the public key %s cannot be read: %v", public, err)
	}
	log, err := newLogger(cmd)
	if err != nil {
		return err
	}
	client, err := newRegistry(o, log, nil)
	if err != nil {
		return err
	}
	ref, err := gate.ParseReference(image)
	if err != nil {
		return err
	}
	if ref.Scheme != gate.SchemeRegistry {
		return usage("%s is not in a registry: signatures are kept beside the image", image)
	}
	resolved, err := client.Resolve(cmd.Context(), ref, nil)
	if err != nil {
		return err
	}
	verifier, err := sign.NewVerifier(pem, sign.VerifyOptions{Remote: client.RemoteOptions, Insecure: o.insecure})
	if err != nil {
		return err
	}
	result, err := verifier.Verify(cmd.Context(), ref.Repository, resolved.Digest)
	if err != nil {
		return err
	}
	found := verification{Image: image, Digest: resolved.Digest, Signature: result, Accepted: result.Verified}
	if !signatureOnly {
		if found.Verdict, err = storedVerdict(cmd, o, ref, resolved.Digest); err != nil {
			return err
		}
		found.Accepted = found.Accepted && found.Verdict.OK
	}
	if err := found.write(cmd, output); err != nil {
		return err
	}
	if !found.Accepted {
		return exitStatus(exitFail)
	}
	return nil
}

// storedVerdict looks for an unexpired pass under the policy in force.
func storedVerdict(cmd *cobra.Command, o appOptions, ref gate.Reference, digest string) (*gate.Finding, error) {
	policies, err := loadPolicies(o.policy)
	if err != nil {
		return nil, err
	}
	s, err := openStore(cmd)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	found, err := (&gate.Service{Policies: policies, Store: s, Now: time.Now}).Passed(cmd.Context(), ref, digest, "")
	return &found, err
}

func (f verification) write(cmd *cobra.Command, output string) error {
	out := cmd.OutOrStdout()
	if output == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(f)
	}
	word := "REFUSED"
	if f.Accepted {
		word = "ACCEPTED"
	}
	fmt.Fprintf(out, "%s  %s\n  %s\n", word, f.Image, f.Digest)
	if f.Signature.Verified {
		fmt.Fprintf(out, "  signature: valid (%s)\n", joined(f.Signature.Layouts))
	} else {
		fmt.Fprintf(out, "  signature: %s\n", f.Signature.Reason)
	}
	switch {
	case f.Verdict == nil:
	case f.Verdict.OK:
		fmt.Fprintf(out, "  verdict:   pass (%s)\n", f.Verdict.ID)
	default:
		fmt.Fprintf(out, "  verdict:   %s\n", f.Verdict.Reason)
	}
	return nil
}

func joined(layouts []sign.Layout) string {
	words := make([]string, len(layouts))
	for i, l := range layouts {
		words[i] = string(l)
	}
	return strings.Join(words, " and ")
}
