package check

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/sys/user"

	"github.com/imagegate/imagegate/internal/gate"
)

// userSpec is what a config's USER says before the image's passwd was read.
type userSpec int

const (
	userImplicit  userSpec = iota // empty: root
	userRoot                      // certainly uid 0
	userNumeric                   // certainly another uid
	userName                      // a name: passwd decides
	userMalformed                 // no runtime can start it
)

// classifyUser reads USER as runtimes do (moby/sys/user.GetExecUser): numbers
// are Go integers, so 00 and +0 are 0; a missing uid part is 0.
func classifyUser(configured string) userSpec {
	if configured == "" {
		return userImplicit
	}
	name, _, _ := strings.Cut(configured, ":")
	if name == "root" {
		return userRoot // the name is 0 in every passwd that runtimes start without one
	}
	// The group part does not change the uid, so it is left out: a group's
	// name needs /etc/group.
	found, err := user.GetExecUser(name, nil, strings.NewReader(""), strings.NewReader(""))
	switch {
	case errors.Is(err, user.ErrNoPasswdEntries):
		return userName
	case err != nil:
		return userMalformed
	case found.Uid == 0:
		return userRoot
	}
	return userNumeric
}

// resolvedUser is the user as the layers' passwd has it, or nil.
func resolvedUser(img *gate.ImageEvidence) *gate.User {
	if img.Contents == nil {
		return nil
	}
	return &img.Contents.User
}

// numericFix is the mend for everything about USER.
const numericFix = "write USER 65532:65532 (any uid but 0, as a number) at the end of the Dockerfile"

// ConfiguredUser is the user as far as it is known: from the layers where they
// were read, else from the config's spelling alone.
func ConfiguredUser(img *gate.ImageEvidence) *gate.User {
	if u := resolvedUser(img); u != nil {
		return u
	}
	configured := img.Config.User
	u := &gate.User{Configured: fmt.Sprintf("%.300s", configured), Source: "unresolved"}
	zero := 0
	switch classifyUser(configured) {
	case userImplicit:
		u.UID, u.Source = &zero, "default"
	case userRoot:
		u.UID, u.Source = &zero, "numeric"
	case userNumeric:
		name, _, _ := strings.Cut(configured, ":")
		if n, err := strconv.Atoi(name); err == nil {
			u.UID, u.Source = &n, "numeric"
		}
	}
	return u
}
