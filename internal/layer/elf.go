package layer

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// The parts of an ELF header that matter here (elf(5)). debug/elf reads whole
// files and trusts what they say of themselves; this looks at a beginning and
// believes nothing.
const (
	elfMagic     = "\x7fELF"
	elfExecType  = 2
	elfDynType   = 3
	elfCoreType  = 4
	elfInterp    = 3 // PT_INTERP
	maxSegments  = 64
	maxLoader    = 256 // bytes of a loader's path
	packerWithin = 512
)

func isELF(head []byte) bool { return bytes.HasPrefix(head, []byte(elfMagic)) }

// elfHeader is an ELF file's beginning.
type elfHeader struct {
	head  []byte
	order binary.ByteOrder
	wide  bool // 64 bits
	kind  uint16
}

// newELF reads the identification; false when it is none that Linux knows.
func newELF(head []byte) (elfHeader, bool) {
	if len(head) < 52 || !isELF(head) {
		return elfHeader{}, false
	}
	h := elfHeader{head: head, order: binary.LittleEndian, wide: head[4] == 2}
	if head[5] == 2 {
		h.order = binary.BigEndian
	}
	if head[4] < 1 || head[4] > 2 || head[5] < 1 || head[5] > 2 {
		return elfHeader{}, false
	}
	h.kind = h.order.Uint16(head[16:])
	return h, true
}

func isCore(head []byte) bool {
	h, ok := newELF(head)
	return ok && h.kind == elfCoreType
}

// elfForm reads a header; what it cannot read is left empty.
func elfForm(head []byte) Form {
	h, ok := newELF(head)
	if !ok {
		return Form{}
	}
	return Form{
		Linked:      h.kind == elfExecType || h.kind == elfDynType,
		Packed:      bytes.Contains(head[:min(len(head), packerWithin)], []byte("UPX!")),
		Machine:     h.machine(),
		Interpreter: h.interpreter(),
	}
}

// machine is e_machine as GOARCH has it.
func (h elfHeader) machine() string {
	n := h.order.Uint16(h.head[18:])
	little := h.order == binary.LittleEndian
	pick := func(ok bool, yes, no string) string {
		if ok {
			return yes
		}
		return no
	}
	switch n {
	case 3:
		return "386"
	case 8:
		return pick(h.wide, "mips64", "mips") + pick(little, "le", "")
	case 21:
		return pick(little, "ppc64le", "ppc64")
	case 22:
		return pick(h.wide, "s390x", "s390")
	case 40:
		return pick(little, "arm", "armbe")
	case 62:
		return "amd64"
	case 183:
		return pick(little, "arm64", "arm64be")
	case 243:
		return pick(h.wide, "riscv64", "riscv")
	case 258:
		return "loong64"
	}
	return "EM_" + strconv.Itoa(int(n))
}

// interpreter is the path in the PT_INTERP segment, as far as it lies in the
// beginning of the file; linkers put it into the first page.
func (h elfHeader) interpreter() string {
	var at, size, count uint64
	if h.wide {
		if len(h.head) < 64 {
			return ""
		}
		at, size, count = h.order.Uint64(h.head[32:]), uint64(h.order.Uint16(h.head[54:])), uint64(h.order.Uint16(h.head[56:]))
	} else {
		at, size, count = uint64(h.order.Uint32(h.head[28:])), uint64(h.order.Uint16(h.head[42:])), uint64(h.order.Uint16(h.head[44:]))
	}
	least := uint64(32)
	if h.wide {
		least = 56
	}
	if size < least {
		return ""
	}
	for range min(count, maxSegments) {
		if at > uint64(len(h.head)) || uint64(len(h.head))-at < least {
			return ""
		}
		segment := h.head[at:]
		at += size
		if h.order.Uint32(segment) != elfInterp {
			continue
		}
		if h.wide {
			return h.text(h.order.Uint64(segment[8:]), h.order.Uint64(segment[32:]))
		}
		return h.text(uint64(h.order.Uint32(segment[4:])), uint64(h.order.Uint32(segment[16:])))
	}
	return ""
}

// text is a string of size bytes with a zero at its end.
func (h elfHeader) text(at, size uint64) string {
	if size < 2 || size > maxLoader || at > uint64(len(h.head)) || size > uint64(len(h.head))-at {
		return ""
	}
	s := h.head[at : at+size]
	if i := bytes.IndexByte(s, 0); i >= 0 {
		s = s[:i]
	}
	return string(s)
}
