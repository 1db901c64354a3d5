package scan

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// TempDir is a directory for temporary files of this process, ours and
// Trivy's. It is emptied when the process ends, and by the next one when this
// one is killed.
type TempDir struct {
	Path string
	lock *os.File
}

const tempPrefix = "run-"

// OpenTempDir makes a fresh directory below parent and removes those whose
// process is gone. A directory belongs to whoever holds its lock file, which
// the kernel releases even after kill -9.
func OpenTempDir(parent string) (*TempDir, error) {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, err
	}
	sweep(parent)
	path, err := os.MkdirTemp(parent, tempPrefix)
	if err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, err
	}
	return &TempDir{Path: path, lock: lock}, nil
}

// Close removes the directory and what is in it.
func (t *TempDir) Close() error {
	err := os.RemoveAll(t.Path)
	_ = os.Remove(t.lock.Name())
	_ = t.lock.Close()
	return err
}

// sweep removes directories without an owner. A directory whose lock file does
// not exist yet is being made, and is left alone.
func sweep(parent string) {
	locks, _ := filepath.Glob(filepath.Join(parent, tempPrefix+"*.lock"))
	for _, name := range locks {
		lock, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(strings.TrimSuffix(name, ".lock"))
			_ = os.Remove(name)
		}
		_ = lock.Close()
	}
}
