package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// verifyOptions are verify's flags.
type verifyOptions struct {
	policy, output, digestFile, results string
}

func newVerify(c *connection) *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify IMAGE",
		Short: "Is there a valid signature and an unexpired passing verdict?",
		Long: `verify has the gate resolve the image, look for its own signature beside it,
and for an unexpired pass among its verdicts. What is accepted can be deployed
by the digest that was looked at: --digest-file holds it then.

Exit status: 0 accepted, 2 refused, 3 it could not be found out.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return verify(cmd, c, o, args[0]) },
	}
	cmd.Flags().StringVar(&o.policy, "policy", "", "policy the verdict must be of; default that in force for the repository")
	cmd.Flags().StringVarP(&o.output, "output", "o", "table", "table or json")
	cmd.Flags().StringVar(&o.digestFile, "digest-file", "", "write repository@digest of an accepted image to this file")
	resultsFlag(cmd, &o.results)
	return cmd
}

func verify(cmd *cobra.Command, c *connection, o verifyOptions, image string) error {
	if o.output != "table" && o.output != "json" {
		return usage("--output %q is neither table nor json", o.output)
	}
	ref, err := registryImage(image)
	if err != nil {
		return err
	}
	a, err := c.dial(cmd)
	if err != nil {
		return err
	}
	ctx, stop := a.once(cmd.Context())
	defer stop()
	req := client.VerificationRequest{Image: image}
	if o.policy != "" {
		req.Policy = &o.policy
	}
	var v gate.Verification
	resp, err := a.CreateVerification(ctx, req)
	if err = a.read(resp, err, &v); err == nil {
		err = consistent(image, v)
	}
	return o.finish(cmd, ref, v, err)
}

// consistent refuses an answer that is none, or one about another digest.
func consistent(image string, v gate.Verification) error {
	if !isDigest(v.Digest) || v.Accepted != (v.Signature.OK && v.Verdict.OK) {
		return gate.NewError(gate.CodeInternal, "the gate's answer about "+image+" contradicts itself: nothing is taken from it", nil)
	}
	return sameImage(image, v.Digest)
}

// finish writes what was found, and the pinned reference only where it was
// accepted.
func (o verifyOptions) finish(cmd *cobra.Command, ref gate.Reference, v gate.Verification, err error) error {
	pinned := ""
	if err == nil && v.Accepted {
		pinned = ref.At(v.Digest)
	}
	r := results{resultDigest: v.Digest, "accepted": fmt.Sprint(pinned != ""), "image": pinned, resultEvaluation: v.Verdict.ID}
	if err := writeResults(o.results, r); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	if err := o.print(cmd, v); err != nil {
		return err
	}
	if pinned == "" {
		return ended(exitFail)
	}
	if o.digestFile == "" {
		return nil
	}
	if err := os.WriteFile(o.digestFile, []byte(pinned), 0o644); err != nil {
		return gate.NewError(gate.CodeUnavailable, "the accepted digest cannot be written to --digest-file "+o.digestFile, err)
	}
	return nil
}

func (o verifyOptions) print(cmd *cobra.Command, v gate.Verification) error {
	out := cmd.OutOrStdout()
	if o.output == "json" {
		return writeJSON(out, v)
	}
	word := "REFUSED"
	if v.Accepted {
		word = "ACCEPTED"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n  %s\n", word, printable(v.Image), v.Digest)
	fmt.Fprintf(&b, "  signature: %s\n", half(v.Signature, "valid"))
	fmt.Fprintf(&b, "  verdict:   %s\n", half(v.Verdict, "pass"))
	_, err := out.Write([]byte(b.String()))
	return err
}

func half(f gate.Finding, good string) string {
	switch {
	case f.OK && f.ID != "":
		return good + " (" + f.ID + ")"
	case f.OK:
		return good
	case f.Reason == "":
		return "none"
	}
	return printable(f.Reason)
}

func writeJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(document)
}
