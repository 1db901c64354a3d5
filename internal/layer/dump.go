package layer

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// histories are files in which shells and clients write what was typed.
var histories = map[string]bool{
	".bash_history": true, ".zsh_history": true, ".ash_history": true, ".sh_history": true, ".history": true, ".python_history": true,
	".node_repl_history": true, ".psql_history": true, ".mysql_history": true, ".mariadb_history": true, ".sqlite_history": true,
	".rediscli_history": true, ".irb_history": true, ".pry_history": true, ".php_history": true, ".mongosh_history": true, ".dbshell": true,
	"fish_history": true, "mongosh_repl_history": true,
}

// dumps finds histories by name, and dumps of memory, databases and networks
// by how they begin.
func (w *walk) dumps(e *Entry, base string, head []byte) {
	if kind := dumpKind(base, head); kind != "" {
		w.find(e, Finding{Class: Dump, Kind: kind})
	}
}

func dumpKind(base string, head []byte) string {
	switch {
	case histories[base]:
		if len(bytes.TrimSpace(head)) == 0 {
			return ""
		}
		return "shell history"
	case len(head) < 5:
		return ""
	case isCore(head):
		return "core file"
	case bytes.HasPrefix(head, []byte("JAVA PROFILE 1.0")):
		return "heap dump"
	case isCapture(head):
		return "packet capture"
	case bytes.HasPrefix(head, []byte("PGDMP")):
		return "database dump"
	case strings.HasSuffix(base, ".sql") && isSQLDump(head):
		return "database dump"
	}
	return ""
}

// isCapture is true of pcap and pcapng files, in either byte order.
func isCapture(head []byte) bool {
	if len(head) < 24 {
		return false
	}
	little, big := binary.LittleEndian.Uint32(head), binary.BigEndian.Uint32(head)
	const usec, nsec, section, order = 0xa1b2c3d4, 0xa1b23c4d, 0x0a0d0d0a, 0x1a2b3c4d
	if little == section {
		return binary.LittleEndian.Uint32(head[8:]) == order || binary.BigEndian.Uint32(head[8:]) == order
	}
	return little == usec || little == nsec || big == usec || big == nsec
}

// dumpLines are how dump programs begin; scripts that make a schema do not.
var dumpLines = [][]byte{
	[]byte("-- MySQL dump"), []byte("-- MariaDB dump"), []byte("-- PostgreSQL database dump"), []byte("-- PostgreSQL database cluster dump"),
	[]byte("-- phpMyAdmin SQL Dump"), []byte("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;"),
}

func isSQLDump(head []byte) bool {
	head = head[:min(len(head), 512)]
	for _, line := range dumpLines {
		if bytes.Contains(head, line) {
			return true
		}
	}
	return false
}
