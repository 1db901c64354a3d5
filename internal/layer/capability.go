package layer

import (
	"encoding/binary"
	"strings"
)

// capabilityNames are the Linux capabilities by bit (linux/capability.h).
var capabilityNames = []string{
	"cap_chown", "cap_dac_override", "cap_dac_read_search", "cap_fowner", "cap_fsetid", "cap_kill", "cap_setgid", "cap_setuid",
	"cap_setpcap", "cap_linux_immutable", "cap_net_bind_service", "cap_net_broadcast", "cap_net_admin", "cap_net_raw", "cap_ipc_lock",
	"cap_ipc_owner", "cap_sys_module", "cap_sys_rawio", "cap_sys_chroot", "cap_sys_ptrace", "cap_sys_pacct", "cap_sys_admin", "cap_sys_boot",
	"cap_sys_nice", "cap_sys_resource", "cap_sys_time", "cap_sys_tty_config", "cap_mknod", "cap_lease", "cap_audit_write", "cap_audit_control",
	"cap_setfcap", "cap_mac_override", "cap_mac_admin", "cap_syslog", "cap_wake_alarm", "cap_block_suspend", "cap_audit_read", "cap_perfmon",
	"cap_bpf", "cap_checkpoint_restore",
}

// capabilities decodes a security.capability attribute (struct vfs_cap_data,
// revisions 1 to 3) into names as getcap prints them; "" when it grants none,
// and a name of its own when it cannot be read, so that it is never missed.
func capabilities(attribute *string) string {
	if attribute == nil || *attribute == "" {
		return ""
	}
	b := []byte(*attribute)
	if len(b) < 12 {
		return "unreadable capabilities"
	}
	magic := binary.LittleEndian.Uint32(b)
	permitted := uint64(binary.LittleEndian.Uint32(b[4:]))
	inheritable := uint64(binary.LittleEndian.Uint32(b[8:]))
	switch revision := magic >> 24; {
	case revision == 1:
	case (revision == 2 && len(b) >= 20) || (revision == 3 && len(b) >= 24):
		permitted |= uint64(binary.LittleEndian.Uint32(b[12:])) << 32
		inheritable |= uint64(binary.LittleEndian.Uint32(b[16:])) << 32
	default:
		return "unreadable capabilities"
	}
	var names []string
	for bit := range 64 {
		if (permitted|inheritable)&(1<<bit) == 0 {
			continue
		}
		name := "unknown capability"
		if bit < len(capabilityNames) {
			name = capabilityNames[bit]
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	flags := "+"
	if magic&1 != 0 {
		flags += "e"
	}
	if inheritable != 0 {
		flags += "i"
	}
	if permitted != 0 {
		flags += "p"
	}
	return strings.Join(names, ",") + flags
}
