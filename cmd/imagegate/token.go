package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os/user"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/identity"
)

func newToken() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Make, list and revoke the tokens of callers"}
	cmd.AddCommand(newTokenCreate(), newTokenList(), newTokenRevoke(), newTokenRights())
	return cmd
}

func newTokenCreate() *cobra.Command {
	var name, expires string
	var rights []string
	cmd := &cobra.Command{
		Use: "create --name CALLER", Short: "Make a token and print it, this once", Args: cobra.NoArgs,
		Long: `create makes a token for a caller and prints it. The gate keeps its SHA-256 only:
who loses it makes another. What it may do is what --right says, or else what the
rights file of serve --rights says of the caller of that name.`,
		Example: `  imagegate token create --name ci-shop --expires 90d
  imagegate token create --name ci-shop --right '{verbs: [evaluate, read], repositories: [registry.example/shop/*]}'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, secret, err := makeToken(name, expires, rights, time.Now().UTC())
			if err != nil {
				return err
			}
			s, err := openStore(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			if err := s.CreateToken(cmd.Context(), t, local(identity.VerbCreateToken, t.ID, "for "+t.Name)); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "token %s of %s, %s; it is shown this once:\n", t.ID, t.Name, until(t.ExpiresAt))
			fmt.Fprintln(cmd.OutOrStdout(), secret)
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name of the caller, as the rights file and the audit log have it")
	cmd.Flags().StringVar(&expires, "expires", "90d", "how long it can be used, such as 12h or 90d; never: until it is revoked")
	cmd.Flags().StringArrayVar(&rights, "right", nil, "a right as the rights file writes it, in place of the file's; may be given several times")
	return cmd
}

func makeToken(name, expires string, rights []string, now time.Time) (t identity.Token, secret string, err error) {
	if !identity.ValidName(name) {
		return t, "", usage("--name %.80q is no name for a caller: write letters, digits, . _ - (at most 63)", name)
	}
	t = identity.Token{ID: newID(), Name: name, CreatedAt: now}
	if expires != "never" {
		d, err := span(expires)
		if err != nil {
			return t, "", usage("--expires %.80q: %v, or never", expires, err)
		}
		t.ExpiresAt = now.Add(d)
	}
	for _, text := range rights {
		r, err := identity.ParseRight(text)
		if err != nil {
			return t, "", err
		}
		t.Rights = append(t.Rights, r)
	}
	secret = identity.NewToken()
	t.Hash = identity.HashOf(secret)
	return t, secret, nil
}

// span reads a length of time in hours, minutes or days.
func span(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err != nil || d <= 0 || d > maxAge {
		return 0, fmt.Errorf("expected a length of time such as 12h or 90d")
	}
	return d, nil
}

func until(t time.Time) string {
	if t.IsZero() {
		return "until it is revoked"
	}
	return "until " + t.UTC().Format(time.RFC3339)
}

// local is the audit log's line for what a person does on the gate's machine.
func local(verb identity.Verb, subject, detail string) identity.Entry {
	who := "unknown"
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	return identity.Entry{At: time.Now().UTC(), Caller: who, Kind: identity.KindLocal, Verb: verb, Subject: subject, Decision: identity.Allowed, Detail: detail}
}

func newTokenList() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "list", Short: "List the tokens, which nobody can see again", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return usage("--output %q is neither table nor json", output)
			}
			s, err := openStore(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			tokens, err := s.Tokens(cmd.Context())
			if err != nil {
				return err
			}
			return writeTokens(cmd.OutOrStdout(), output, tokens, time.Now())
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

func writeTokens(w io.Writer, output string, tokens []identity.Token, now time.Time) error {
	if output == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(tokens)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tSTATE\tCREATED\tEXPIRES\tLAST USED\tRIGHTS")
	for _, t := range tokens {
		rights := "the rights file's"
		if len(t.Rights) > 0 {
			rights = fmt.Sprintf("%d of its own", len(t.Rights))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, t.State(now), day(t.CreatedAt), day(t.ExpiresAt), day(t.LastUsedAt), rights)
	}
	return table.Flush()
}

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

func newTokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID|NAME", Short: "Revoke a token, or every token of a caller, at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := openStore(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			n, err := s.RevokeToken(cmd.Context(), args[0], local(identity.VerbRevokeToken, args[0], ""))
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%d revoked\n", n)
			}
			return err
		},
	}
}

func newTokenRights() *cobra.Command {
	return &cobra.Command{
		Use: "rights FILE", Short: "Say what is wrong with a rights file", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := identity.OpenFile(args[0])
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", args[0], f.Words())
			}
			return err
		},
	}
}
