package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/identity"
)

func newAuditLog() *cobra.Command {
	var since, caller, output string
	cmd := &cobra.Command{
		Use: "audit-log", Short: "Print who was allowed or denied what", Args: cobra.NoArgs,
		Long: `audit-log prints, oldest first, who asked for verdicts, signatures and rescans,
who was denied, and who made and revoked tokens. As JSON it is one object a line.`,
		Example: "  imagegate audit-log --since 7d --caller ci-shop",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return usage("--output %q is neither table nor json", output)
			}
			from, err := moment(since, time.Now())
			if err != nil {
				return err
			}
			s, err := openStore(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			if output == "json" {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetEscapeHTML(false)
				return s.AuditLog(cmd.Context(), from, caller, func(entry identity.Entry) error { return e.Encode(entry) })
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "TIME\tCALLER\tBY\tVERB\tDECISION\tREPOSITORY\tSUBJECT\tREQUEST\tDETAIL")
			if err := s.AuditLog(cmd.Context(), from, caller, func(e identity.Entry) error {
				_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.At.Format(time.RFC3339), cell(e.Caller), cell(string(e.Kind)), e.Verb, e.Decision, cell(e.Repository), cell(e.Subject), cell(e.Request), cell(e.Detail))
				return err
			}); err != nil {
				return err
			}
			return table.Flush()
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "from then on: a time (RFC 3339), or how long ago, such as 24h or 7d; default all")
	cmd.Flags().StringVar(&caller, "caller", "", "of this caller only")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

// moment reads a time, or how long before now it was.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	d, err := span(s)
	if err != nil {
		return time.Time{}, usage("--since %.80q: %v, or a time such as 2026-06-01T12:00:00Z", s, err)
	}
	return now.Add(-d), nil
}

// cell is text for a table: a line stays a line, a column a column, and what a
// terminal would obey is left out.
func cell(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || (r >= 0x7f && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s
}
