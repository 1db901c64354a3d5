package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/registry"
	"github.com/imagegate/imagegate/internal/scan/vulndb"
)

func newDB() *cobra.Command {
	cmd := &cobra.Command{Use: "db", Short: "Fetch and look at the vulnerability database"}
	cmd.AddCommand(newDBUpdate(), newDBStatus())
	return cmd
}

func newDBUpdate() *cobra.Command {
	var o appOptions
	var sources []string
	cmd := &cobra.Command{
		Use: "update", Short: "Fetch the newest database if there is one", Args: cobra.NoArgs,
		Long: `update asks each source in turn for Trivy's database, checks what it gets
(schema, date, size against the last one, content) and puts it in force in one
step. A database that is worse than the one in force is refused.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := newLogger(cmd)
			if err != nil {
				return err
			}
			client, err := newRegistry(o, log, nil)
			if err != nil {
				return err
			}
			data, _ := cmd.Flags().GetString("data")
			u := &vulndb.Updater{
				Store: filepath.Join(data, "db"), Sources: sources, Remote: client.RemoteOptions, Logger: log, Now: time.Now,
				NameOptions: func(reference string) []name.Option { return insecureOption(client, reference) },
			}
			return updateDB(cmd.Context(), cmd, u)
		},
	}
	registryFlags(cmd, &o)
	cmd.Flags().StringSliceVar(&sources, "source", vulndb.DefaultSources(), "OCI references of the database, tried in order")
	return cmd
}

func insecureOption(client *registry.Client, reference string) []name.Option {
	ref, err := name.ParseReference(reference)
	if err == nil && client.PlainHTTP(ref.Context().RegistryStr()) {
		return []name.Option{name.Insecure}
	}
	return nil
}

func updateDB(ctx context.Context, cmd *cobra.Command, u *vulndb.Updater) error {
	status, changed, err := u.Update(ctx)
	if err != nil {
		return err
	}
	if !changed {
		fmt.Fprintln(cmd.OutOrStdout(), "the database in force is the newest")
	}
	printStatus(cmd, status, time.Now())
	return nil
}

func newDBStatus() *cobra.Command {
	var db string
	cmd := &cobra.Command{
		Use: "status", Short: "Say which database is in force and whether it is sound", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			data, _ := cmd.Flags().GetString("data")
			status, err := vulndb.Check(appOptions{db: db}.databaseDir(data))
			if err != nil {
				return err
			}
			printStatus(cmd, status, time.Now())
			return nil
		},
	}
	cmd.Flags().StringVar(&db, "db", "", "directory of trivy.db and metadata.json; default DATA/db")
	return cmd
}

func printStatus(cmd *cobra.Command, s vulndb.Status, now time.Time) {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "directory    %s\nschema       %d\nmade         %s (%s ago)\n", s.Dir, s.Version, s.UpdatedAt.Format(time.RFC3339), now.Sub(s.UpdatedAt).Round(time.Hour))
	if !s.NextUpdate.IsZero() {
		fmt.Fprintf(out, "next update  %s\n", s.NextUpdate.Format(time.RFC3339))
	}
	if s.Digest != "" {
		fmt.Fprintf(out, "artifact     %s\n", s.Digest)
	}
	fmt.Fprintf(out, "size         %.1f MB\n", float64(s.Size)/1e6)
}
