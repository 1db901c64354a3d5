package check

import "path"

// Excepted reports whether one of a policy's exceptions names what a finding is
// about: its path ("/**" at the end stands for any depth), its subject (an
// environment variable, a port, a program …) or its package, with * and ? as
// path.Match has them.
func (f Finding) Excepted(exceptions []string) bool {
	if len(exceptions) == 0 {
		return false
	}
	if f.Path != "" && acceptedPath(exceptions, f.Path) {
		return true
	}
	names := []string{f.Subject}
	if f.Package != nil {
		names = append(names, f.Package.Name, f.Package.PURL)
	}
	for _, name := range names {
		for _, e := range exceptions {
			if ok, err := path.Match(e, name); name != "" && err == nil && ok {
				return true
			}
		}
	}
	return false
}
