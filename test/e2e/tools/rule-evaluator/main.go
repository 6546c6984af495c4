// Command rule-evaluator says what Prometheus would make of pages that were scraped before. It reads
// one JSON document on standard input and answers with one on standard output:
//
//	{ "rules": [{ "alert", "expr", "for", "labels", "annotations" }],
//	  "expressions": ["…"],
//	  "scrapes": [{ "at": <Unix seconds>, "page": "<text format>" }] }
//
// The rules are evaluated after each scrape, at the time that the scrape names: an alert with a `for:`
// of half an hour fires where the scrapes say that half an hour has passed. The expressions are
// evaluated after the last one. It ends with 2 where the document or a page cannot be read.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

type question struct {
	Rules       []ruleText   `json:"rules"`
	Expressions []string     `json:"expressions"`
	Scrapes     []scrapePage `json:"scrapes"`
}

type ruleText struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type scrapePage struct {
	At   int64  `json:"at"`
	Page string `json:"page"`
}

type answer struct {
	Alerts      []alertReport      `json:"alerts"`
	Expressions []expressionReport `json:"expressions"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "rule-evaluator:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context) error {
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	var asked question
	if err := decoder.Decode(&asked); err != nil {
		return fmt.Errorf("reading the question: %w", err)
	}
	world, err := openWorld()
	if err != nil {
		return err
	}
	defer world.close()
	told, err := world.answer(ctx, asked)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

func (w *world) answer(ctx context.Context, asked question) (answer, error) {
	watched := readRules(asked.Rules)
	for _, scrape := range asked.Scrapes {
		if err := w.append(ctx, scrape); err != nil {
			return answer{}, err
		}
		for _, one := range watched {
			one.evaluate(ctx, w, scrape.At)
		}
	}
	told := answer{Alerts: []alertReport{}, Expressions: []expressionReport{}}
	for _, one := range watched {
		told.Alerts = append(told.Alerts, one.report)
	}
	for _, text := range asked.Expressions {
		told.Expressions = append(told.Expressions, w.look(ctx, text))
	}
	return told, nil
}
