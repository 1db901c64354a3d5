package report

import "html/template"

// budget is how many bytes a part of the page may still grow.
type budget int

// What the parts of a page may hold, so that all of it stays below two
// megabytes whatever an image's author writes.
const (
	layersBudget   budget = 200_000
	vulnsBudget    budget = 600_000
	findingsBudget budget = 700_000
	problemsBudget budget = 100_000
)

// spend takes the texts' length as HTML and that of the markup around them,
// and reports whether there was room.
func (b *budget) spend(markup int, texts ...string) bool {
	for _, t := range texts {
		markup += len(template.HTMLEscapeString(t))
	}
	if markup > int(*b) {
		return false
	}
	*b -= budget(markup)
	return true
}
