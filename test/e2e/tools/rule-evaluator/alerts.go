package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
)

// alertReport is what became of one rule until the last scrape.
type alertReport struct {
	Alert string `json:"alert"`
	// FiredAfter is how long after the first scrape it fired first, in seconds; -1 where it did not.
	FiredAfter int64 `json:"firedAfter"`
	// Firing are those that fire after the last scrape.
	Firing []firing `json:"firing"`
	// Error is why it could not be read or evaluated; empty where it could.
	Error string `json:"error,omitempty"`
}

type firing struct {
	Labels  map[string]string `json:"labels"`
	Summary string            `json:"summary"`
}

type watchedRule struct {
	rule   *rules.AlertingRule
	report alertReport
}

func readRules(texts []ruleText) []*watchedRule {
	watched := make([]*watchedRule, 0, len(texts))
	for _, text := range texts {
		watched = append(watched, readRule(text))
	}
	return watched
}

func readRule(text ruleText) *watchedRule {
	report := alertReport{Alert: text.Alert, FiredAfter: -1, Firing: []firing{}}
	expression, err := promQL.ParseExpr(text.Expr)
	if err != nil {
		report.Error = err.Error()
		return &watchedRule{report: report}
	}
	var hold model.Duration
	if text.For != "" {
		if hold, err = model.ParseDuration(text.For); err != nil {
			report.Error = err.Error()
			return &watchedRule{report: report}
		}
	}
	rule := rules.NewAlertingRule(
		text.Alert, expression, time.Duration(hold), 0,
		labels.FromMap(text.Labels), labels.FromMap(text.Annotations), labels.EmptyLabels(), "",
		true, slog.New(slog.NewTextHandler(io.Discard, nil)),
	)
	return &watchedRule{rule: rule, report: report}
}

func (r *watchedRule) evaluate(ctx context.Context, w *world, at int64) {
	if r.rule == nil || r.report.Error != "" {
		return
	}
	query := rules.EngineQueryFunc(w.engine, w.db)
	if _, err := r.rule.Eval(ctx, 0, time.Unix(at, 0), query, &url.URL{}, 0); err != nil {
		r.report.Error = fmt.Sprintf("evaluating: %v", err)
		return
	}
	r.report.Firing = []firing{}
	r.rule.ForEachActiveAlert(func(alert *rules.Alert) {
		if alert.State != rules.StateFiring {
			return
		}
		if r.report.FiredAfter < 0 {
			r.report.FiredAfter = at - w.first
		}
		told := firing{Labels: alert.Labels.Map(), Summary: alert.Annotations.Get("summary")}
		r.report.Firing = append(r.report.Firing, told)
	})
}
