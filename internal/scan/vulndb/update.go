package vulndb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/imagegate/imagegate/internal/gate"
)

// mediaType is that of the one layer of Trivy's database artifact.
const mediaType = "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"

// Updater fetches databases.
type Updater struct {
	// Store is the directory databases are kept in.
	Store string
	// Sources are OCI references, tried in order.
	Sources []string
	// Remote gives transport and credentials; NameOptions says which
	// registries speak plain HTTP.
	Remote      func(ctx context.Context) []remote.Option
	NameOptions func(reference string) []name.Option
	Logger      *slog.Logger
	Now         func() time.Time
}

// Update fetches the newest database if there is one. It returns what is in
// force afterwards and whether that changed. A new database that is worse than
// the one in force (damaged, older, suddenly small) is refused, and the old one
// stays.
func (u *Updater) Update(ctx context.Context) (Status, bool, error) {
	old, oldErr := Read(Current(u.Store))
	var failures []error
	for _, source := range u.Sources {
		layer, digest, err := u.find(ctx, source)
		if err == nil && oldErr == nil && old.Digest == digest {
			return old, false, nil
		}
		var status Status
		if err == nil {
			status, err = u.install(ctx, layer, digest, old)
		}
		if err == nil {
			return status, true, nil
		}
		u.Logger.Warn("vulnerability database source did not serve", "source", source, "error", err)
		failures = append(failures, fmt.Errorf("%s: %w", source, err))
	}
	message := "no source gave a vulnerability database that can be used"
	if oldErr == nil {
		message += fmt.Sprintf("; the one of %s stays in force", old.UpdatedAt.Format(time.RFC3339))
	}
	return old, false, gate.NewError(gate.CodeUnavailable, message, errors.Join(failures...))
}

// find resolves a source to the database's layer.
func (u *Updater) find(ctx context.Context, source string) (v1.Layer, string, error) {
	ref, err := name.ParseReference(source, u.NameOptions(source)...)
	if err != nil {
		return nil, "", gate.NewError(gate.CodeInvalid, fmt.Sprintf("%q is not an OCI reference of a database", source), err)
	}
	image, err := remote.Image(ref, append(slices.Clip(u.Remote(ctx)), remote.WithContext(ctx))...)
	if err != nil {
		return nil, "", err
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, "", err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, "", err
	}
	if len(layers) != 1 {
		return nil, "", fmt.Errorf("artifact has %d layers, a database has one", len(layers))
	}
	if mt, err := layers[0].MediaType(); err != nil || string(mt) != mediaType {
		return nil, "", fmt.Errorf("artifact's layer is %q, not a vulnerability database", mt)
	}
	return layers[0], digest.String(), nil
}

// install unpacks a database beside the current one, checks it and puts it in
// force.
func (u *Updater) install(ctx context.Context, layer v1.Layer, digest string, old Status) (Status, error) {
	if err := os.MkdirAll(u.Store, 0o700); err != nil {
		return Status{}, err
	}
	dir, err := os.MkdirTemp(u.Store, ".new-")
	if err != nil {
		return Status{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := unpack(ctx, layer, dir); err != nil {
		return Status{}, err
	}
	status, err := Check(dir)
	if err != nil {
		return Status{}, err
	}
	if err := better(status, old, u.Now()); err != nil {
		return Status{}, err
	}
	status.Digest, status.DownloadedAt = digest, u.Now().UTC()
	data, err := json.Marshal(status.Metadata)
	if err != nil {
		return Status{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, metadataFile), data, 0o600); err != nil {
		return Status{}, err
	}
	previous, _ := filepath.EvalSymlinks(Current(u.Store)) // workers may have it open
	version := status.UpdatedAt.UTC().Format("20060102T150405Z") + "-" + strings.TrimPrefix(digest, "sha256:")[:12]
	final := filepath.Join(u.Store, version)
	if err := os.RemoveAll(final); err != nil {
		return Status{}, err
	}
	if err := os.Rename(dir, final); err != nil {
		return Status{}, err
	}
	if err := point(u.Store, version); err != nil {
		return Status{}, err
	}
	u.prune(version, filepath.Base(previous))
	status.Dir = Current(u.Store)
	return status, nil
}

// better refuses a database that cannot follow the one in force.
func better(fresh, old Status, now time.Time) error {
	switch {
	case fresh.UpdatedAt.After(now.Add(time.Hour)):
		return fmt.Errorf("the database says it was made at %s, which is to come", fresh.UpdatedAt)
	case fresh.UpdatedAt.Before(old.UpdatedAt):
		return fmt.Errorf("the database of %s is older than the one in force, of %s", fresh.UpdatedAt, old.UpdatedAt)
	case fresh.Size < old.Size/2:
		return fmt.Errorf("the database has %d bytes, less than half of the one in force (%d): most of it is missing", fresh.Size, old.Size)
	}
	return nil
}

// point makes version the current one, in one step.
func point(store, version string) error {
	link := filepath.Join(store, ".link")
	_ = os.Remove(link)
	if err := os.Symlink(version, link); err != nil {
		return err
	}
	return os.Rename(link, filepath.Join(store, currentLink))
}

// prune removes all versions but those to keep.
func (u *Updater) prune(keep ...string) {
	entries, _ := os.ReadDir(u.Store)
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(keep, e.Name()) {
			_ = os.RemoveAll(filepath.Join(u.Store, e.Name()))
		}
	}
}
