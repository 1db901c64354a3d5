package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/sign"
)

func newKey() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Make a signing key, show its public half"}
	cmd.AddCommand(newKeyGenerate(), newKeyPublic())
	return cmd
}

func newKeyGenerate() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "generate", Short: "Make a key pair (ECDSA P-256, in cosign's format)", Args: cobra.NoArgs,
		Long: `generate writes PREFIX.key, encrypted with the password in COSIGN_PASSWORD, and
PREFIX.pub. It never overwrites a file. An empty password is taken only when the
variable is set and empty.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			password, ok := os.LookupEnv("COSIGN_PASSWORD")
			if !ok {
				return usage("set COSIGN_PASSWORD to the password that will protect the key")
			}
			private, public, err := sign.GenerateKey([]byte(password))
			if err != nil {
				return err
			}
			if err := writeNew(out+".key", private, 0o600); err != nil {
				return err
			}
			if err := writeNew(out+".pub", public, 0o644); err != nil {
				_ = os.Remove(out + ".key")
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s.key and %s.pub\n", out, out)
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "imagegate", "prefix of the two files")
	return cmd
}

func newKeyPublic() *cobra.Command {
	return &cobra.Command{
		Use: "public FILE", Short: "Print the public half of a key", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pem, err := os.ReadFile(args[0])
			if err != nil {
				return usage("the key %s cannot be read: %v", args[0], err)
			}
			key, err := sign.LoadKey(pem, []byte(os.Getenv("COSIGN_PASSWORD")))
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(key.PublicKeyPEM())
			return err
		},
	}
}

// writeNew writes a file that must not exist yet.
func writeNew(name string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if errors.Is(err, fs.ErrExist) {
		return usage("%s exists: choose another --out, a key is never overwritten", name)
	}
	if err != nil {
		return usage("%s cannot be written: %v", name, err)
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
