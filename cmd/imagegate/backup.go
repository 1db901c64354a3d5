package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/store"
)

func newBackup() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the gate's database while the gate runs", Args: cobra.ExactArgs(1),
		Long: `backup writes one consistent copy of the verdicts, evidence and jobs in the data
directory to FILE, which only its owner may read, or with - to standard output,
for a container that has nowhere else to put it. A service that runs on the same
directory is not held up. The signing key, the policies, the vulnerability
database and the layer cache are not in it: the first two are kept elsewhere, and
the others can be made again.`,
		Example: "  imagegate backup --data /data /backup/imagegate-$(date +%F).db",
		RunE: func(cmd *cobra.Command, args []string) error {
			database, err := databaseOf(cmd)
			if err != nil {
				return err
			}
			if args[0] == "-" {
				return backupTo(cmd, database, cmd.OutOrStdout())
			}
			made, err := store.Backup(cmd.Context(), database, args[0])
			if err != nil {
				return err
			}
			cmd.Printf("wrote %s: %.1f MB, schema %d\n", made.File, float64(made.Size)/1e6, made.Schema)
			return nil
		},
	}
}

// backupTo writes a backup to w by way of a file beside the database, where there
// is room for one.
func backupTo(cmd *cobra.Command, database string, w io.Writer) error {
	data, _ := cmd.Flags().GetString("data")
	dir, err := os.MkdirTemp(data, ".backup-")
	if err != nil {
		return gate.NewError(gate.CodeUnavailable, "the data directory cannot be written: name another with --data", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "imagegate.db")
	made, err := store.Backup(cmd.Context(), database, file)
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if n, err := io.Copy(w, f); err != nil || n != made.Size {
		return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%d of %d bytes of the backup were written", n, made.Size), err)
	}
	return nil
}

func newRestore() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the gate's database", Args: cobra.ExactArgs(1),
		Long: `restore reads the whole backup first: one that is damaged, or was written by a
newer imagegate, changes nothing. It refuses while a service holds the data
directory, and where a database is unless --force keeps that one aside. What was
accepted and not answered when the backup was made is taken up by the next start.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			database, err := databaseOf(cmd)
			if err != nil {
				return err
			}
			restored, aside, err := store.Restore(cmd.Context(), args[0], database, force)
			if err != nil {
				return err
			}
			if aside != "" {
				cmd.Printf("kept the old database as %s\n", aside)
			}
			cmd.Printf("restored %s: %.1f MB, schema %d\n", restored.File, float64(restored.Size)/1e6, restored.Schema)
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "keep the database that is there aside, under another name")
	return cmd
}
