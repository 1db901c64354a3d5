package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/imagegate/imagegate/internal/identity"
	"github.com/imagegate/imagegate/server"
)

// access is who may ask this gate, and what it shows them.
type access struct {
	file        *identity.File      // nil where there is no rights file
	callers     server.Callers      // nil where nobody is asked who calls
	certificate *server.Certificate // nil where connections are plain
}

// openAccess reads the rights file and the certificate. Tokens that imagegate
// token create made count wherever callers are asked for one.
func (a *app) openAccess(so serveOptions) (x access, err error) {
	if so.tls.cert != "" {
		if x.certificate, err = server.NewCertificate(so.tls.cert, so.tls.key, so.tls.clientCA, a.log); err != nil {
			return x, err
		}
	}
	if so.rights == "" && so.token == "" {
		return x, nil
	}
	if so.rights != "" {
		if x.file, err = identity.OpenFile(so.rights); err != nil {
			return x, err
		}
	}
	if x.file != nil && x.file.NamesCertificates() && so.tls.clientCA == "" {
		a.log.Warn("the rights file names callers by their certificates, and nobody is asked for one: name their authority with --client-ca", "rights", so.rights)
	}
	x.callers = identity.NewAuthenticator(x.file, a.store, a.log, time.Now)
	return x, nil
}

// lookAtRights is how often the rights file is looked at.
const lookAtRights = 5 * time.Second

// refresh reads a changed rights file until ctx ends.
func (x access) refresh(ctx context.Context, log *slog.Logger) {
	if x.file == nil {
		return
	}
	reloading(ctx, lookAtRights, x.file.Reload, func(err error) {
		log.Error("the changed rights file does not load; the old rights stay in force", "error", err)
	}, func() {
		log.Warn("changed rights are in force", "rights", x.file.Words())
	})
}

// ready says whether the rights file is the one in force. Old rights still
// count, so a broken file is told and takes nothing away.
func (x access) ready() []server.Component {
	if x.file == nil {
		return nil
	}
	c := server.Component{Name: "rights", Ready: true, Detail: x.file.Words()}
	if x.file.Problem() != nil {
		// Who asks here needs no token: names and lines are the log's.
		c.Detail = "the changed file is not in force: the log says why, and so does imagegate token rights FILE"
	}
	return []server.Component{c}
}
