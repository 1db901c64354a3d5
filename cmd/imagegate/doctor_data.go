package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/scan/vulndb"
	"github.com/imagegate/imagegate/internal/store"
)

// lookAtData tries whether the data directory can be written.
func lookAtData(_ context.Context, p *patient) diagnosis {
	info, err := os.Stat(p.data)
	if errors.Is(err, fs.ErrNotExist) {
		return ill(failing, "make it, writable for the gate's user only (mode 0700), or name another with --data", "%s is not there", p.data)
	}
	if err != nil || !info.IsDir() {
		return ill(failing, "name a directory with --data", "%s is no directory that can be looked at (%v)", p.data, err)
	}
	f, err := os.CreateTemp(p.data, ".doctor-")
	if err != nil {
		return ill(failing, "give the gate's user the right to write it, or name another with --data", "%s cannot be written: %v", p.data, err)
	}
	_ = f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return ill(failing, "look at the file system", "what was written to %s cannot be removed: %v", p.data, err)
	}
	// A volume that belongs to a pod is often open to all in it.
	if info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return ill(ailing, "chmod o-w "+p.data+", unless only the gate can reach it", "%s can be written by everybody (mode %04o)", p.data, info.Mode().Perm())
	}
	return fine("%s can be written (mode %04o)", p.data, info.Mode().Perm())
}

// lookAtDatabase reads the gate's own database, if there is one yet.
func lookAtDatabase(ctx context.Context, p *patient) diagnosis {
	if store.IsURL(p.database) {
		return lookAtServerDatabase(ctx, p)
	}
	name := p.database
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fine("there is none yet: the gate makes it when it starts")
	}
	if err != nil {
		return ill(failing, "give the gate's user the right to read it", "%v", err)
	}
	found, current, err := store.Look(ctx, name)
	switch {
	case err != nil:
		return wrong(err, "restore a backup (imagegate restore), or move it away to begin anew")
	case found.Schema > current:
		return ill(failing, "run the imagegate that wrote it, or a newer one", "%s has schema %d, and this imagegate knows %d", name, found.Schema, current)
	case info.Mode().Perm()&0o077 != 0:
		return ill(ailing, "chmod 600 "+name, "others than its owner can open %s (mode %04o)", name, info.Mode().Perm())
	case found.Schema < current:
		return ill(ailing, "none needed: back it up first (imagegate backup), for an older imagegate will not open it afterwards", "%s has schema %d: the next start brings it to %d", name, found.Schema, current)
	}
	return fine("sound, schema %d, %.1f MB", found.Schema, float64(found.Size)/1e6)
}

// lookAtServerDatabase asks PostgreSQL.
func lookAtServerDatabase(ctx context.Context, p *patient) diagnosis {
	found, current, err := store.LookAtServer(ctx, p.database)
	switch {
	case err != nil:
		return wrong(err, "see --database and --database-password-file, and whether PostgreSQL runs")
	case found.Schema == 0:
		return fine("%s is empty: the gate makes its tables when it starts", found.File)
	case found.Schema > current:
		return ill(ailing, "run the same imagegate everywhere soon", "%s has schema %d, and this imagegate knows %d: another replica is newer", found.File, found.Schema, current)
	case found.Schema < current:
		return ill(ailing, "none needed: back it up first (pg_dump -Fc)", "%s has schema %d: the next start brings it to %d", found.File, found.Schema, current)
	}
	return fine("%s answers, schema %d, %.1f MB", found.File, found.Schema, float64(found.Size)/1e6)
}

// Databases are made daily or more often: older than staleAdvisories says that
// nobody renews them, older than oldAdvisories that answers cannot be relied on.
const (
	staleAdvisories = 48 * time.Hour
	oldAdvisories   = 7 * 24 * time.Hour
)

func lookAtAdvisories(_ context.Context, p *patient) diagnosis {
	s, err := vulndb.Check(p.databaseDir(p.data))
	if err != nil {
		return wrong(err, "imagegate db update")
	}
	return ageOf("made", s.UpdatedAt, p.now(), "imagegate db update, or serve --db-refresh 6h")
}

func ageOf(what string, made, now time.Time, mend string) diagnosis {
	age := now.Sub(made).Round(time.Minute)
	switch {
	case made.IsZero():
		return ill(ailing, mend, "it does not say when it was %s", what)
	case age > oldAdvisories:
		return ill(failing, mend, "%s %s ago", what, age)
	case age > staleAdvisories:
		return ill(ailing, mend, "%s %s ago", what, age)
	}
	return fine("%s %s ago", what, age)
}

// lookAtJava reads the metadata; whether the database opens, the worker says.
func lookAtJava(_ context.Context, p *patient) diagnosis {
	if p.javaDB == "" {
		return diagnosis{}
	}
	const mend = "fetch trivy-java-db anew into the directory --java-db names"
	data, err := os.ReadFile(filepath.Join(p.javaDB, "metadata.json"))
	if err != nil {
		return ill(failing, mend, "%v", err)
	}
	var meta struct {
		UpdatedAt time.Time `json:"UpdatedAt"`
	}
	if err := json.Unmarshal(data, &meta); err != nil {
		return ill(failing, mend, "its metadata.json cannot be read: %v", err)
	}
	if _, err := os.Stat(filepath.Join(p.javaDB, "trivy-java.db")); err != nil {
		return ill(failing, mend, "%v", err)
	}
	d := ageOf("made", meta.UpdatedAt, p.now(), mend)
	if d.State == failing {
		d.State = ailing // it names archives, which do not change
	}
	return d
}

// lookAtPolicyFiles loads the policies and says which decides.
func lookAtPolicyFiles(_ context.Context, p *patient) diagnosis {
	policies, err := p.app().loadPolicies(p.appOptions)
	if err != nil {
		return wrong(err, "imagegate policy lint says every mistake with its line")
	}
	var ref gate.Reference
	about := "where none matches"
	if p.image != "" {
		if ref, err = gate.ParseReference(p.image); err != nil {
			return wrong(err, "")
		}
		about = "about " + p.image
	}
	chosen, err := policies.Select("", ref)
	if err != nil {
		return wrong(err, "name one of them with --policy")
	}
	return fine("%d load; %q decides %s (%.19s…)", len(policies.Names()), chosen.Ref().Name, about, chosen.Ref().Digest)
}
