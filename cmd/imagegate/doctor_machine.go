package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imagegate/imagegate/internal/exploit"
	"github.com/imagegate/imagegate/internal/sign"
)

// What is left on a disk: with less than littleSpace a database update may fail,
// with less than noSpace verdicts will.
const (
	littleSpace = 2 << 30
	noSpace     = 256 << 20
)

func lookAtDisk(dir string) diagnosis {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return ill(unseen, "make the directory", "%s: %v", dir, err)
	}
	free := s.Bavail * uint64(s.Bsize)
	const mend = "free space or enlarge the volume; imagegate prune --older-than 90d deletes what nothing needs"
	switch {
	case free < noSpace:
		return ill(failing, mend, "%.0f MB are free for %s", float64(free)/1e6, dir)
	case free < littleSpace:
		return ill(ailing, mend, "%.0f MB are free for %s; a new vulnerability database needs 2 GB while the old one is there", float64(free)/1e6, dir)
	}
	return fine("%.1f GB are free for %s", float64(free)/1e9, dir)
}

// lookAtTemp looks where temporary files go: below the data directory.
func lookAtTemp(_ context.Context, p *patient) diagnosis {
	dir := filepath.Join(p.data, "tmp")
	if _, err := os.Stat(dir); err != nil {
		dir = p.data // the gate makes it there
	}
	return lookAtDisk(dir)
}

// What a gate takes: its own process, and each worker at its usual most.
const (
	gateMemory   = 256 << 20
	workerMemory = 320 << 20
)

// lookAtMemory compares the control group's limit with what workers may take.
func lookAtMemory(_ context.Context, p *patient) diagnosis {
	limit, ok := memoryLimit("/")
	if !ok {
		return fine("no limit is set for this process")
	}
	need := int64(gateMemory + p.workers*workerMemory)
	if limit < need {
		return ill(ailing, "raise the container's memory limit, or lower --workers", "the limit is %d MiB, and %d workers beside the gate may take %d MiB", limit>>20, p.workers, need>>20)
	}
	return fine("the limit is %d MiB, %d workers beside the gate may take %d MiB", limit>>20, p.workers, need>>20)
}

// memoryLimit is the least limit of the control groups this process is in
// (version 2, or 1), below a root directory; false where there is none.
func memoryLimit(root string) (limit int64, found bool) {
	lower := func(file string) {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
		// Version 1 writes no limit as a number near the largest.
		if err == nil && n > 0 && n < 1<<60 && (!found || n < limit) {
			limit, found = n, true
		}
	}
	groups, _ := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	for line := range strings.Lines(string(groups)) {
		path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::/")
		for ok && path != "" && path != "." && !strings.Contains(path, "..") {
			lower(filepath.Join("sys/fs/cgroup", path, "memory.max"))
			path = filepath.Dir(path)
		}
	}
	lower("sys/fs/cgroup/memory.max")
	lower("sys/fs/cgroup/memory/memory.limit_in_bytes")
	return limit, found
}

// landlockVersion asks the kernel for the version of its interface.
const landlockVersion = 1 // LANDLOCK_CREATE_RULESET_VERSION

// wantLandlock is the version with which the sandbox is whole.
const wantLandlock = 5

func lookAtSandbox(context.Context, *patient) diagnosis {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, landlockVersion)
	switch {
	case errno != 0:
		return ill(ailing, "run a kernel of 5.13 or newer with Landlock in its list of security modules (lsm=), and a seccomp profile that lets landlock_create_ruleset through", "the kernel has no Landlock (%v): workers run without a file system sandbox", errno)
	case abi < wantLandlock:
		return ill(ailing, "a kernel of 6.10 or newer has the rest", "Landlock has version %d: workers are held as far as that goes", abi)
	}
	return fine("Landlock has version %d", abi)
}

// lookAtWorker starts one and has it open the databases.
func lookAtWorker(ctx context.Context, p *patient) diagnosis {
	temp, err := os.MkdirTemp("", "imagegate-doctor-")
	if err != nil {
		return ill(failing, "give the gate's user a temporary directory (TMPDIR)", "%v", err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	a := p.app()
	defer a.close()
	if a.registry, err = newRegistry(p.appOptions, p.log, nil); err != nil {
		return wrong(err, "")
	}
	o := p.appOptions
	o.workers, o.isolated = 1, true
	if _, err := os.Stat(p.data); err != nil {
		a.data = temp // nothing is made where a mistyped --data points
		o.db = o.databaseDir(p.data)
	}
	analyzer, err := a.newAnalyzer(o, temp)
	if err != nil {
		return wrong(err, "")
	}
	d, err := analyzer.Database(ctx)
	if err != nil {
		return wrong(err, "imagegate worker runs below the gate: what it says is in the message")
	}
	return fine("starts, and has the vulnerability database of %s open", d.UpdatedAt.UTC().Format("2006-01-02 15:04"))
}

func lookAtExploitList(_ context.Context, p *patient) diagnosis {
	if p.kev == "" && p.epss == "" {
		return diagnosis{}
	}
	list, err := exploit.Read(p.kev, p.epss)
	if err != nil {
		return wrong(err, "")
	}
	if at := list.List().UpdatedAt; !at.IsZero() && p.now().Sub(at) > oldAdvisories*2 {
		return ill(ailing, "fetch CISA's catalogue anew", "%s: released %s ago", list.Words(), p.now().Sub(at).Round(time.Hour))
	}
	return fine("%s", list.Words())
}

func lookAtTrust(_ context.Context, p *patient) diagnosis {
	if p.trust == "" {
		return diagnosis{}
	}
	if _, err := sign.LoadTrust(p.trust); err != nil {
		return wrong(err, "fetch Sigstore's trusted_root.json anew")
	}
	return fine("%s loads", p.trust)
}

func lookAtKey(_ context.Context, p *patient) diagnosis {
	if p.key == "" {
		return diagnosis{}
	}
	key, err := loadKey(p.appOptions)
	if err != nil {
		return wrong(err, "check the password (COSIGN_PASSWORD or --key-password-file) and the file")
	}
	public := "?"
	if block, _ := pem.Decode(key.PublicKeyPEM()); block != nil {
		sum := sha256.Sum256(block.Bytes)
		public = hex.EncodeToString(sum[:])
	}
	if info, err := os.Stat(p.key); err == nil && info.Mode().Perm()&0o004 != 0 {
		return ill(ailing, "chmod 600 "+p.key, "loads, and everybody can read %s; its public half has sha256 %s", p.key, public)
	}
	return fine("loads; its public half has sha256 %s (imagegate key public prints it)", public)
}
