package layer

import (
	"bytes"
	"strings"
)

// FormID is where the form of an entry stands in its layer's Forms, plus one;
// 0 is the form of everything that is neither a program nor a library. Programs
// number many and their forms few, so an entry keeps no more than this.
type FormID uint16

// maxForms bounds the different forms of one layer: real ones have a dozen. A
// program of one more is of an unknown form.
const (
	maxForms           = 2000
	unknownForm FormID = maxForms + 1
)

// Form is what the first bytes of a file say it is to execve(2).
type Form struct {
	Script bool // begins with "#!"; otherwise it is an ELF file
	// Linked is true of ELF files that are run or loaded: programs and
	// shared libraries, not objects and core files.
	Linked bool
	// Packed is true when an executable packer (UPX) wrote the file.
	Packed bool
	// Machine is what GOARCH calls the ELF machine, "EM_n" where it has no
	// name for it, and empty when the header cannot be read.
	Machine string
	// Interpreter is the ELF loader's path, or the words behind "#!".
	Interpreter string
}

// Form is what an entry of the layer is to execve(2); nil when it is nothing
// the kernel runs. known is false when the layer has more forms than are kept.
func (f *Facts) Form(e *Entry) (form *Form, known bool) {
	switch {
	case e.Form == 0:
		return nil, true
	case int(e.Form) > len(f.Forms):
		return nil, false
	}
	return &f.Forms[e.Form-1], true
}

// maxLine is how much of a script's first line the kernel reads (BINPRM_BUF_SIZE).
const maxLine = 256

// form reads what a file is to execve(2) from its beginning.
func (w *walk) form(e *Entry, head []byte) {
	var f Form
	switch {
	case isELF(head):
		f = elfForm(head)
		if !f.Linked && e.Mode&0o111 == 0 {
			return // an object file
		}
	case bytes.HasPrefix(head, []byte("#!")) && e.Mode&0o111 != 0 && len(head) >= 4:
		f = Form{Script: true, Interpreter: scriptInterpreter(head[2:min(len(head), maxLine)])}
	default:
		return
	}
	e.Exec = e.Mode&0o111 != 0
	id, ok := w.forms[f]
	switch {
	case ok:
	case len(w.facts.Forms) >= maxForms:
		id = unknownForm
	default:
		f.Interpreter = strings.Clone(f.Interpreter)
		w.facts.Forms = append(w.facts.Forms, f)
		id = FormID(len(w.facts.Forms))
		w.forms[f] = id
	}
	e.Form = id
}

// scriptInterpreter is the interpreter of a "#!" line as the kernel takes it:
// up to a blank, and for env what env will look for as well ("/usr/bin/env
// node"). A carriage return is part of the name: scripts written on Windows do
// not run.
func scriptInterpreter(line []byte) string {
	if i := bytes.IndexAny(line, "\n\x00"); i >= 0 {
		line = line[:i]
	}
	words := strings.FieldsFunc(string(line), func(r rune) bool { return r == ' ' || r == '\t' })
	if len(words) == 0 {
		return ""
	}
	if name := words[0]; name[strings.LastIndexByte(name, '/')+1:] != "env" {
		return name
	}
	for _, word := range words[1:] {
		if !strings.HasPrefix(word, "-") && !strings.Contains(word, "=") {
			return words[0] + " " + word
		}
	}
	return words[0]
}
