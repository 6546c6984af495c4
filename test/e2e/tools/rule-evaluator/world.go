package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// What Prometheus is started with where nobody says otherwise.
const (
	lookback    = 5 * time.Minute
	timeout     = 2 * time.Minute
	mostSamples = 50_000_000
)

// target is what a scrape of one pod puts on each series.
var target = map[string]string{"job": "istio-ra", "instance": "istio-ra-0"}

var promQL = parser.NewParser(parser.Options{})

// world is a Prometheus without a scraper: its storage and its engine.
type world struct {
	folder string
	db     *tsdb.DB
	engine *promql.Engine
	// The series of the scrape before, by their hash: one that is missing afterwards is stale.
	present map[uint64]labels.Labels
	first   int64
	last    int64
}

func openWorld() (*world, error) {
	folder, err := os.MkdirTemp("", "rule-evaluator-")
	if err != nil {
		return nil, err
	}
	silent := slog.New(slog.NewTextHandler(io.Discard, nil))
	db, err := tsdb.Open(folder, silent, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	engine := promql.NewEngine(promql.EngineOpts{
		Logger:               silent,
		MaxSamples:           mostSamples,
		Timeout:              timeout,
		LookbackDelta:        lookback,
		EnableAtModifier:     true,
		EnableNegativeOffset: true,
		Parser:               promQL,
	})
	return &world{folder: folder, db: db, engine: engine, present: map[uint64]labels.Labels{}}, nil
}

func (w *world) close() {
	_ = w.db.Close()
	_ = os.RemoveAll(w.folder)
}

// append takes one page in as a scrape does, with a marker for each series that is gone.
func (w *world) append(ctx context.Context, scrape scrapePage) error {
	if w.last != 0 && scrape.At <= w.last {
		return fmt.Errorf("the scrape at %d comes after the one at %d", scrape.At, w.last)
	}
	if w.first == 0 {
		w.first = scrape.At
	}
	w.last = scrape.At
	millis := scrape.At * 1000
	appender := w.db.Appender(ctx)
	present, err := appendPage(appender, scrape.Page, millis)
	if err != nil {
		return errors.Join(fmt.Errorf("the scrape at %d: %w", scrape.At, err), appender.Rollback())
	}
	for hash, series := range w.present {
		if _, stays := present[hash]; stays {
			continue
		}
		stale := math.Float64frombits(value.StaleNaN)
		if _, err := appender.Append(0, series, millis, stale); err != nil {
			return errors.Join(err, appender.Rollback())
		}
	}
	w.present = present
	return appender.Commit()
}

func appendPage(
	appender storage.Appender, page string, millis int64,
) (map[uint64]labels.Labels, error) {
	present := map[uint64]labels.Labels{}
	parsing := textparse.NewPromParser([]byte(page), labels.NewSymbolTable(), false)
	builder := labels.NewBuilder(labels.EmptyLabels())
	for {
		entry, err := parsing.Next()
		if errors.Is(err, io.EOF) {
			return present, nil
		}
		if err != nil {
			return nil, err
		}
		if entry != textparse.EntrySeries {
			continue
		}
		_, _, sample := parsing.Series()
		var scraped labels.Labels
		parsing.Labels(&scraped)
		builder.Reset(scraped)
		for name, word := range target {
			builder.Set(name, word)
		}
		series := builder.Labels()
		if _, err := appender.Append(0, series, millis, sample); err != nil {
			return nil, err
		}
		present[series.Hash()] = series
	}
}
