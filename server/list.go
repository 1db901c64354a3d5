package server

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// defaultPage is how many evaluations a page holds where nobody says; the
// contract bounds what may be asked for.
const defaultPage = 50

// ListEvaluations is GET /v1/evaluations.
func (s *Server) ListEvaluations(c *gin.Context, params ListEvaluationsParams) {
	f := gate.Filter{
		Image: deref(params.Image), Digest: deref(params.Digest), Decision: gate.Decision(deref(params.Decision)), State: gate.State(deref(params.State)),
		Since: deref(params.Since).UTC(), Until: deref(params.Until).UTC(),
	}
	limit := defaultPage
	if params.Limit != nil {
		limit = *params.Limit
	}
	out, err := s.page(c, f, deref(params.Cursor), limit)
	if err != nil {
		s.problem(c, err)
		return
	}
	respond(c, http.StatusOK, out)
}

func (s *Server) page(c *gin.Context, f gate.Filter, cursor string, limit int) (evaluationList, error) {
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return evaluationList{}, gate.NewError(gate.CodeInvalid, "nothing lies between since "+f.Since.Format(time.RFC3339)+" and until "+f.Until.Format(time.RFC3339)+": until comes later", nil)
	}
	var after *gate.Position
	if cursor != "" {
		p, err := readCursor(cursor, f)
		if err != nil {
			return evaluationList{}, err
		}
		after = &p
	}
	// One more than asked for tells whether there is another page.
	items, err := s.listReadable(c, f, after, limit+1)
	if err != nil {
		return evaluationList{}, err
	}
	out := evaluationList{Items: items}
	if len(items) > limit {
		out.Items = items[:limit]
		out.Next = writeCursor(items[limit-1].Position(), f)
	}
	return out, nil
}
