package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
	"github.com/imagegate/imagegate/internal/policy/check"
)

func newPolicy() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Short: "Check policy files and say what they demand"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "lint FILE…", Short: "Report every mistake in policy files, with its line", Args: cobra.MinimumNArgs(1),
			RunE: lintPolicies,
		},
		&cobra.Command{
			Use: "explain NAME|FILE", Short: "Say in words what a policy demands", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return explain(cmd.OutOrStdout(), args[0])
			},
		},
	)
	return cmd
}

// explain says what a shipped policy, or each of a file, demands.
func explain(w io.Writer, name string) error {
	policies := policy.Shipped()
	if strings.ContainsAny(name, "./\\") {
		var err error
		if policies, err = policy.LoadFile(name); err != nil {
			return err
		}
	} else {
		p, err := policy.NewSet("", policies...).Select(name, gate.Reference{})
		if err != nil {
			return err
		}
		policies = []*policy.Policy{p.(*policy.Policy)}
	}
	for _, p := range policies {
		if err := policy.Explain(w, p); err != nil {
			return err
		}
	}
	return nil
}

func lintPolicies(cmd *cobra.Command, files []string) error {
	bad := false
	for _, name := range files {
		if _, err := policy.LoadFile(name); err != nil {
			var list *policy.LoadError
			if errors.As(err, &list) {
				err = list
			}
			fmt.Fprintln(cmd.ErrOrStderr(), err)
			bad = true
			continue
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: ok\n", name)
	}
	if bad {
		return exitStatus(exitUsage)
	}
	return nil
}

func newChecks() *cobra.Command {
	cmd := &cobra.Command{Use: "checks", Short: "List and explain the catalogue of checks"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "list", Short: "List every check", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				for _, c := range check.All() {
					fmt.Fprintf(cmd.OutOrStdout(), "%-8s %-8s %-9s %s\n", c.ID, c.Severity, c.Tier, c.Name)
				}
				return nil
			},
		},
		&cobra.Command{
			Use: "show ID", Short: "Explain one check", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				c := check.ByID(args[0])
				if c == nil {
					return usage("there is no check %q: imagegate checks list prints them", args[0])
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s %s (%s, answered from %s)\n\n%s\n%s\n\nExample: %s\nFix: %s\n", c.ID, c.Name, c.Severity, c.Tier, c.Doc.What, c.Doc.Why, c.Doc.Example, c.Doc.Fix)
				return err
			},
		},
	)
	return cmd
}
