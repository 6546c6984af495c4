package main

import (
	"context"
	"errors"
	"flag"
	"sync"
	"sync/atomic"
	"time"
)

type loadOptions struct {
	server         server
	persona        persona
	tokenFile      string
	tokenDir       string
	identity       string
	trustDomain    string
	callers        int
	total          int
	duration       time.Duration
	rate           float64
	newConnections bool
}

func load(ctx context.Context, args []string) error {
	var o loadOptions
	flags := flag.NewFlagSet("agentlike load", flag.ContinueOnError)
	o.server.bind(flags)
	o.persona.bind(flags)
	flags.StringVar(&o.tokenFile, "token", "", "file of the one token that all callers use")
	flags.StringVar(&o.tokenDir, "token-dir", "", "folder with a token file per caller, dealt out by name and from the start again")
	flags.StringVar(&o.identity, "identity", "", "SPIFFE identity to ask for (default: from each token's subject)")
	flags.StringVar(&o.trustDomain, "trust-domain", "cluster.local", "trust domain where the identity comes from the token")
	flags.IntVar(&o.callers, "callers", 1, "callers at work at once, each with its own connection")
	flags.IntVar(&o.total, "total", 0, "requests to make in all")
	flags.DurationVar(&o.duration, "duration", 0, "time after which no further request begins")
	flags.Float64Var(&o.rate, "rate", 0, "requests to begin each second at most, over all callers; 0 for no limit")
	flags.BoolVar(&o.newConnections, "new-connections", false, "open a new connection for each request")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := o.complete(); err != nil {
		return err
	}
	callers, err := prepareCallers(o)
	if err != nil {
		return err
	}
	report := drive(ctx, o, callers)
	if err := printJSON(report); err != nil {
		return err
	}
	if report.OK != report.Requests {
		return errNotIssued
	}
	return nil
}

func (o *loadOptions) complete() error {
	switch {
	case o.server.address == "":
		return errors.New("--address is required")
	case o.callers < 1:
		return errors.New("--callers must be at least 1")
	case o.total < 1 && o.duration <= 0:
		return errors.New("say when to stop: --total or --duration")
	}
	if err := o.persona.complete(); err != nil {
		return err
	}
	o.server.fitTo(o.persona)
	return nil
}

// drive lets all callers work until the total or the time is used up, and counts what came of
// it. A signal ends it early: what was begun is then cancelled and counted as such.
func drive(ctx context.Context, o loadOptions, callers []*caller) *loadReport {
	tickets := newTickets(o)
	results := make([]tally, len(callers))
	var running sync.WaitGroup
	start := time.Now()
	cpuBefore := cpuTime()
	for i, c := range callers {
		running.Go(func() {
			defer c.close()
			for tickets.take(ctx) {
				results[i].add(c.call(ctx))
			}
		})
	}
	running.Wait()
	elapsed := time.Since(start)
	return summarise(results, elapsed, cpuTime()-cpuBefore)
}

// tickets says who may begin a request, and when.
type tickets struct {
	left     atomic.Int64
	limited  bool
	deadline time.Time
	interval time.Duration
	begun    atomic.Int64
	start    time.Time
}

func newTickets(o loadOptions) *tickets {
	t := &tickets{limited: o.total > 0, start: time.Now()}
	t.left.Store(int64(o.total))
	if o.duration > 0 {
		t.deadline = t.start.Add(o.duration)
	}
	if o.rate > 0 {
		t.interval = time.Duration(float64(time.Second) / o.rate)
	}
	return t
}

// take waits for the turn of the next request; false means that there is none.
func (t *tickets) take(ctx context.Context) bool {
	if t.limited && t.left.Add(-1) < 0 {
		return false
	}
	turn := time.Now()
	if t.interval > 0 {
		turn = t.start.Add(time.Duration(t.begun.Add(1)-1) * t.interval)
	}
	if !t.deadline.IsZero() && turn.After(t.deadline) {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Until(turn)):
		return ctx.Err() == nil
	}
}
