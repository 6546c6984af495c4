package main

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// expressionReport is what an expression gives after the last scrape.
type expressionReport struct {
	Expression string `json:"expression"`
	// Results is how many series or values it gives.
	Results int `json:"results"`
	// Selectors are all that it reads, each with how many series it finds.
	Selectors []selectorReport `json:"selectors"`
	// Error is why it could not be read or evaluated; empty where it could.
	Error string `json:"error,omitempty"`
}

type selectorReport struct {
	Selector string `json:"selector"`
	Series   int    `json:"series"`
}

func (w *world) look(ctx context.Context, text string) expressionReport {
	report := expressionReport{Expression: text, Selectors: []selectorReport{}}
	expression, err := promQL.ParseExpr(text)
	if err != nil {
		report.Error = err.Error()
		return report
	}
	if report.Results, err = w.count(ctx, text); err != nil {
		report.Error = err.Error()
		return report
	}
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		selector, isSelector := node.(*parser.VectorSelector)
		if !isSelector {
			return nil
		}
		series, err := w.series(ctx, selector.LabelMatchers)
		if err != nil {
			report.Error = err.Error()
			return err
		}
		// Without an offset or a modifier, which change nothing about what there is.
		bare := parser.VectorSelector{Name: selector.Name, LabelMatchers: selector.LabelMatchers}
		told := selectorReport{Selector: bare.String(), Series: series}
		report.Selectors = append(report.Selectors, told)
		return nil
	})
	return report
}

// count evaluates an expression at the time of the last scrape.
func (w *world) count(ctx context.Context, text string) (int, error) {
	query, err := w.engine.NewInstantQuery(ctx, w.db, nil, text, time.Unix(w.last, 0))
	if err != nil {
		return 0, err
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return 0, result.Err
	}
	if vector, isVector := result.Value.(promql.Vector); isVector {
		return len(vector), nil
	}
	return 1, nil
}

// series counts what a selector finds at any time.
func (w *world) series(ctx context.Context, matchers []*labels.Matcher) (int, error) {
	querier, err := w.db.Querier(w.first*1000, w.last*1000)
	if err != nil {
		return 0, err
	}
	defer func() { _ = querier.Close() }()
	found := querier.Select(ctx, false, nil, matchers...)
	series := 0
	for found.Next() {
		series++
	}
	return series, found.Err()
}
