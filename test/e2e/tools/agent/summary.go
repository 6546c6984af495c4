package main

import (
	"math"
	"slices"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
)

// codeRefused stands among gRPC's codes for an answer that the client would not use.
const codeRefused = "Refused"

// loadReport is what `load` prints. Times are milliseconds.
type loadReport struct {
	Requests  int            `json:"requests"`
	OK        int            `json:"ok"`
	Failed    map[string]int `json:"failed"`
	Attempts  int            `json:"attempts"`
	Codes     map[string]int `json:"attemptCodes"`
	ElapsedMs float64        `json:"elapsedMs"`
	PerSecond float64        `json:"certsPerSecond"`
	// OKMs and FailedMs are of whole requests, their retries included.
	OKMs     *quantiles `json:"okMs,omitempty"`
	FailedMs *quantiles `json:"failedMs,omitempty"`
	// Messages has one example for each code that a request failed with.
	Messages map[string]string `json:"messages"`
	// ClientCPUMs is this process's own CPU time per request: it shows that the client is not the bottleneck.
	ClientCPUMs float64 `json:"clientCpuMsPerRequest"`
}

type quantiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// tally is one caller's own count, so that callers never wait for each other.
type tally struct {
	outcomes []outcome
}

func (t *tally) add(result outcome) { t.outcomes = append(t.outcomes, result) }

func summarise(tallies []tally, elapsed, cpu time.Duration) *loadReport {
	report := &loadReport{
		Failed: map[string]int{}, Codes: map[string]int{}, Messages: map[string]string{},
		ElapsedMs: milliseconds(elapsed),
	}
	var ok, failed []float64
	for _, t := range tallies {
		for _, result := range t.outcomes {
			report.Requests++
			report.Attempts += len(result.attempts)
			for _, a := range result.attempts {
				report.Codes[a.Code]++
			}
			if result.code == codes.OK.String() {
				ok = append(ok, milliseconds(result.elapsed))
				continue
			}
			failed = append(failed, milliseconds(result.elapsed))
			report.Failed[result.code]++
			report.Messages[result.code] = result.message
		}
	}
	report.OK = len(ok)
	report.OKMs, report.FailedMs = quantilesOf(ok), quantilesOf(failed)
	report.PerSecond = round(float64(len(ok)) / elapsed.Seconds())
	if report.Requests > 0 {
		report.ClientCPUMs = round(milliseconds(cpu) / float64(report.Requests))
	}
	return report
}

// quantilesOf uses the nearest rank: every number it gives is one that was measured.
func quantilesOf(values []float64) *quantiles {
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	at := func(q float64) float64 {
		return values[max(0, int(math.Ceil(q*float64(len(values))))-1)]
	}
	return &quantiles{P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: values[len(values)-1]}
}

func round(value float64) float64 { return math.Round(value*100) / 100 }

// cpuTime is the user and system time that this process has used so far.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
