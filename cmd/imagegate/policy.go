package main

import (
	"fmt"

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
				set, name, err := loadPolicies(args[0])
				if err != nil {
					return err
				}
				p, err := set.Select(name, gate.Reference{})
				if err != nil {
					return err
				}
				return policy.Explain(cmd.OutOrStdout(), p.(*policy.Policy))
			},
		},
	)
	return cmd
}

func lintPolicies(cmd *cobra.Command, files []string) error {
	bad := false
	for _, name := range files {
		if _, err := policy.LoadFile(name); err != nil {
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
