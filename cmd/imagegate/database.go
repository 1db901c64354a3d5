package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/store"
)

func databaseFlags(root *cobra.Command) {
	root.PersistentFlags().String("database", "", "URL of a PostgreSQL database that replicas share (postgres://USER@HOST:PORT/NAME); empty: the file imagegate.db in the data directory")
	root.PersistentFlags().String("database-password-file", "", "file that holds the password of --database")
}

// databaseFile is the gate's own database below the data directory.
func databaseFile(data string) string { return filepath.Join(data, "imagegate.db") }

// databaseOf is the database that a command's flags name: a file, or a URL that
// holds the password.
func databaseOf(cmd *cobra.Command) (string, error) {
	data, _ := cmd.Flags().GetString("data")
	database, _ := cmd.Flags().GetString("database")
	file, _ := cmd.Flags().GetString("database-password-file")
	switch {
	case database == "" && file == "":
		return databaseFile(data), nil
	case database == "":
		return "", usage("--database-password-file belongs to a --database")
	case !store.IsURL(database):
		return "", usage("--database %.100q is no URL of PostgreSQL: expected postgres://USER@HOST:PORT/NAME; a file's directory is named by --data", store.Name(database))
	case file == "":
		return database, nil
	}
	password, err := os.ReadFile(file)
	if err != nil {
		return "", usage("the password file of the database %s cannot be read: %v", file, err)
	}
	u, err := url.Parse(database)
	if err != nil {
		return "", usage("--database is no URL: expected postgres://USER@HOST:PORT/NAME")
	}
	u.User = url.UserPassword(u.User.Username(), strings.TrimRight(string(password), "\r\n"))
	return u.String(), nil
}

// openStore opens the database of a command's flags.
func openStore(cmd *cobra.Command) (*store.Store, error) {
	database, err := databaseOf(cmd)
	if err != nil {
		return nil, err
	}
	return store.Open(cmd.Context(), database)
}
