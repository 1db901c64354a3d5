package layer

import (
	"crypto/sha256"
	"maps"
	"slices"
)

// The flags of a form and of a finding.
const (
	formScript = 1 << iota
	formLinked
	formPacked
)

const findingEncrypted = 1

// evidence writes what was seen in the content of files.
func (w *writer) evidence(f *Facts) {
	w.uint(uint64(len(f.Bundles)))
	for _, p := range slices.Sorted(maps.Keys(f.Bundles)) {
		w.string(p)
		w.uint(uint64(len(f.Bundles[p])))
		for _, c := range f.Bundles[p] {
			w.b = append(w.b, c.Fingerprint[:]...)
			w.string(c.Subject)
		}
	}
	w.uint(uint64(len(f.Findings)))
	for i := range f.Findings {
		found, flags := &f.Findings[i], uint64(0)
		if found.Encrypted {
			flags |= findingEncrypted
		}
		w.uint(uint64(found.Class)<<1 | flags)
		w.string(found.Kind)
		w.string(found.Path)
		w.uint(uint64(found.Size))
		w.string(found.Detail)
	}
	w.uint(uint64(len(f.Forms)))
	for _, form := range f.Forms {
		flags := uint64(0)
		if form.Script {
			flags |= formScript
		}
		if form.Linked {
			flags |= formLinked
		}
		if form.Packed {
			flags |= formPacked
		}
		w.uint(flags)
		w.string(form.Machine)
		w.string(form.Interpreter)
	}
	w.uint(uint64(len(f.Cut)))
	for _, list := range f.Cut {
		w.string(list)
	}
}

// evidence reads what the writer's wrote.
func (r *reader) evidence(f *Facts) {
	for n := r.count(2); n > 0; n-- {
		if f.Bundles == nil {
			f.Bundles = map[string][]BundleCertificate{}
		}
		p := r.string()
		certificates := make([]BundleCertificate, r.count(sha256.Size+1))
		for i := range certificates {
			r.fixed(certificates[i].Fingerprint[:])
			certificates[i].Subject = r.string()
		}
		f.Bundles[p] = slices.Clip(certificates)
	}
	for n := r.count(5); n > 0; n-- {
		head := r.uint()
		if head>>1 > uint64(Access) {
			r.bad, r.b = true, nil
			return
		}
		f.Findings = append(f.Findings, Finding{
			Class: Class(head >> 1), Encrypted: head&findingEncrypted != 0, Kind: r.string(), Path: r.string(), Size: int64(r.uint()), Detail: r.string(),
		})
	}
	for n := r.count(3); n > 0; n-- {
		flags := r.uint()
		f.Forms = append(f.Forms, Form{
			Script: flags&formScript != 0, Linked: flags&formLinked != 0, Packed: flags&formPacked != 0, Machine: r.string(), Interpreter: r.string(),
		})
	}
	for n := r.count(1); n > 0; n-- {
		f.Cut = append(f.Cut, r.string())
	}
}

// fixed reads as many bytes as into has.
func (r *reader) fixed(into []byte) {
	if len(into) > len(r.b) {
		r.bad, r.b = true, nil
		return
	}
	copy(into, r.b)
	r.b = r.b[len(into):]
}
