package layer

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// elfOptions describe an ELF file; elf makes one of 64 bits for amd64 of none.
type elfOptions struct {
	machine uint16
	kind    uint16
	narrow  bool // 32 bits
	big     bool // endian
	interp  string
	packed  bool
}

// elf is the beginning of an ELF file: header, one segment of another type and
// one that names the loader.
func elf(o elfOptions) string {
	order := binary.ByteOrder(binary.LittleEndian)
	b := make([]byte, 1024)
	copy(b, "\x7fELF\x02\x01\x01")
	if o.big {
		order, b[5] = binary.BigEndian, 2
	}
	if o.machine == 0 {
		o.machine = 62
	}
	if o.kind == 0 {
		o.kind = 3
	}
	order.PutUint16(b[16:], o.kind)
	order.PutUint16(b[18:], o.machine)
	count := uint16(1)
	if o.interp != "" {
		count = 2
	}
	if o.narrow {
		b[4] = 1
		order.PutUint32(b[28:], 52)
		order.PutUint16(b[42:], 32)
		order.PutUint16(b[44:], count)
		order.PutUint32(b[52:], 6)
		order.PutUint32(b[84:], 3)
		order.PutUint32(b[84+4:], 512)
		order.PutUint32(b[84+16:], uint32(len(o.interp)+1))
	} else {
		order.PutUint64(b[32:], 64)
		order.PutUint16(b[54:], 56)
		order.PutUint16(b[56:], count)
		order.PutUint32(b[64:], 6)
		order.PutUint32(b[120:], 3)
		order.PutUint64(b[120+8:], 512)
		order.PutUint64(b[120+32:], uint64(len(o.interp)+1))
	}
	copy(b[512:], o.interp)
	if o.packed {
		copy(b[236:], "UPX!")
	}
	return string(b)
}

func TestTheFormOfAProgramIsReadFromItsBeginning(t *testing.T) {
	nowhere := []byte(elf(elfOptions{interp: "/lib/ld.so"}))
	binary.LittleEndian.PutUint64(nowhere[128:], 1<<63)
	segments := []byte(elf(elfOptions{interp: "/lib/ld.so"}))
	binary.LittleEndian.PutUint64(segments[32:], 1<<64-8)
	narrow := []byte(elf(elfOptions{interp: "/lib/ld.so"}))
	narrow[54], narrow[56] = 28, 3 // segments that overlap: the kernel takes no such file
	for _, tt := range []struct {
		name string
		body string
		mode int64
		want string // "exec" by its mode, what it is, machine and interpreter
	}{
		{"a program of amd64 with its loader", elf(elfOptions{interp: "/lib64/ld-linux-x86-64.so.2"}), 0o755, "exec linked amd64 /lib64/ld-linux-x86-64.so.2"},
		{"a static one has no loader", elf(elfOptions{machine: 183, kind: 2}), 0o755, "exec linked arm64 "},
		{"a program of 32 bits", elf(elfOptions{machine: 3, narrow: true, interp: "/lib/ld-linux.so.2"}), 0o755, "exec linked 386 /lib/ld-linux.so.2"},
		{"a big-endian one", elf(elfOptions{machine: 22, big: true, interp: "/lib/ld64.so.1"}), 0o755, "exec linked s390x /lib/ld64.so.1"},
		{"ppc64 is told by its byte order", elf(elfOptions{machine: 21}), 0o755, "exec linked ppc64le "},
		{"mips is told by width and byte order", elf(elfOptions{machine: 8, big: true, narrow: true}), 0o755, "exec linked mips "},
		{"riscv", elf(elfOptions{machine: 243}), 0o755, "exec linked riscv64 "},
		{"a machine without a name has a number", elf(elfOptions{machine: 4711}), 0o755, "exec linked EM_4711 "},
		{"a library needs no execute bit", elf(elfOptions{}), 0o644, "linked amd64 "},
		{"an object file is nothing to run", elf(elfOptions{kind: 1}), 0o644, ""},
		{"a packed program", elf(elfOptions{packed: true}), 0o755, "exec linked packed amd64 "},
		{"an ELF file that ends early is still one", "\x7fELF, more or less", 0o755, "exec  "},
		{"a loader that lies outside of the beginning is not known", string(nowhere), 0o755, "exec linked amd64 "},
		{"segments that lie outside are not read", string(segments), 0o755, "exec linked amd64 "},
		{"segments of another size are not read", string(narrow), 0o755, "exec linked amd64 "},
		{"a script", "#!/bin/sh\necho", 0o755, "exec script /bin/sh"},
		{"a script with blanks and an argument", "#! /bin/sh -e\n", 0o755, "exec script /bin/sh"},
		{"a script through env", "#!/usr/bin/env node\n", 0o755, "exec script /usr/bin/env node"},
		{"a script through env with options", "#!/usr/bin/env -S LANG=C python3 -u\n", 0o755, "exec script /usr/bin/env python3"},
		{"a script from Windows", "#!/bin/sh\r\n", 0o755, "exec script /bin/sh\r"},
		{"a script without an interpreter", "#! \n\n", 0o755, "exec script "},
		{"a script with a line longer than the kernel reads", "#!/" + strings.Repeat("x", 5000), 0o755, "exec script /" + strings.Repeat("x", 253)},
		{"a script that nobody may execute", "#!/bin/sh\n", 0o644, ""},
		{"data that somebody may execute", "data", 0o755, ""},
		{"three bytes are no script", "#!x", 0o755, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := factsOf(t, fileMode("f", tt.body, tt.mode))
			e := &f.Entries[0]
			form, known := f.Form(e)
			got := ""
			if form != nil {
				if e.Exec {
					got = "exec "
				}
				if form.Script {
					got += "script " + form.Interpreter
				} else {
					if form.Linked {
						got += "linked "
					}
					if form.Packed {
						got += "packed "
					}
					got += form.Machine + " " + form.Interpreter
				}
			}
			if got != tt.want || !known || e.Exec && form == nil {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestProgramsShareTheirForms(t *testing.T) {
	var members []member
	for i := range 100 {
		members = append(members, fileMode(fmt.Sprintf("bin/%03d", i), elf(elfOptions{}), 0o755))
	}
	if f := factsOf(t, members...); len(f.Forms) != 1 {
		t.Errorf("%d forms for programs of one kind", len(f.Forms))
	}
}

func TestMoreFormsThanAreKeptAreUnknown(t *testing.T) {
	var members []member
	for i := range maxForms + 5 {
		members = append(members, fileMode(fmt.Sprintf("bin/%05d", i), fmt.Sprintf("#!/bin/sh%d\n", i), 0o755))
	}
	f := factsOf(t, members...)
	_, first := f.Form(&f.Entries[0])
	form, last := f.Form(&f.Entries[len(f.Entries)-1])
	if len(f.Forms) != maxForms || !first || last || form != nil {
		t.Errorf("%d forms, the first is known: %v, the last: %v", len(f.Forms), first, last)
	}
	_, c := imageOf(t, gate.Config{Cmd: []string{fmt.Sprintf("/bin/%05d", maxForms+1)}}, members)
	if c.Command.Format != "" || c.Command.InterpreterMissing || c.Executables != maxForms+5 {
		t.Errorf("command %+v, %d executables", c.Command, c.Executables)
	}
}

// FuzzForm reads any bytes as a program's beginning; what it says of them is
// bounded and lies in them.
func FuzzForm(f *testing.F) {
	f.Add([]byte(elf(elfOptions{interp: "/lib/ld.so"})))
	f.Add([]byte(elf(elfOptions{narrow: true, big: true, interp: "/lib/ld.so", kind: 4})))
	f.Add([]byte("#!/usr/bin/env -S node\n"))
	f.Fuzz(func(t *testing.T, head []byte) {
		if isELF(head) {
			form := elfForm(head)
			if len(form.Interpreter) > maxLoader || !strings.Contains(string(head), form.Interpreter) || len(form.Machine) > 10 {
				t.Errorf("form %+v", form)
			}
		}
		if s := scriptInterpreter(head[:min(len(head), maxLine)]); len(s) > maxLine || strings.ContainsAny(s, "\n\x00") {
			t.Errorf("interpreter %q", s)
		}
		_, _, _, _ = isCore(head), isPKCS12(head), isCapture(head), isSQLDump(head)
		if kind, ok := javaKeyStore(head); ok && kind == "" {
			t.Error("a key store without a kind")
		}
	})
}
