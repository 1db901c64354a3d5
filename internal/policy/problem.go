package policy

import (
	"fmt"
	"strings"
)

// Problem is one mistake in a policy file.
type Problem struct {
	File    string
	Line    int // 1-based; 0 when the file as a whole is meant
	Message string
}

// String is the problem as compilers write it: file, line, message.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// LoadError holds every mistake found in a policy file, in the file's order.
type LoadError struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *LoadError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
