package main

import (
	"context"
	"io"
	"maps"
	"sync"
	"time"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc/status"
)

// tally is what all clients have seen so far.
type tally struct {
	mutex    sync.Mutex
	start    time.Time
	open     int
	streams  int
	pushes   int
	bytes    int64
	ends     map[string]int
	messages map[string]string
}

// line is one line of the report. Open streams are those that have had an answer.
type line struct {
	Sum               bool              `json:"sum"`
	ElapsedMs         int64             `json:"elapsedMs"`
	Open              int               `json:"open"`
	Streams           int               `json:"streams"`
	Acks              int               `json:"acks"`
	Bytes             int64             `json:"bytes"`
	MegabytesASecond  float64           `json:"megabytesASecond"`
	EndsByCode        map[string]int    `json:"endsByCode"`
	OneMessageForEach map[string]string `json:"oneMessageForEach"`
}

func newTally() *tally {
	return &tally{start: time.Now(), ends: map[string]int{}, messages: map[string]string{}}
}

func (t *tally) opened() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.open++
	t.streams++
}

func (t *tally) closed(wasOpen bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if wasOpen {
		t.open--
	}
}

func (t *tally) received(response *discovery.DiscoveryResponse) {
	size := 0
	for _, one := range response.GetResources() {
		size += len(one.GetValue())
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.pushes++
	t.bytes += int64(size)
}

func (t *tally) ended(err error) {
	code, message := status.Code(err).String(), status.Convert(err).Message()
	if err == io.EOF {
		code, message = "OK", "the server ended the stream"
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.ends[code]++
	t.messages[code] = message
}

func (t *tally) line(isSum bool) line {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	elapsed := time.Since(t.start)
	return line{
		Sum: isSum, ElapsedMs: elapsed.Milliseconds(), Open: t.open, Streams: t.streams,
		Acks: t.pushes, Bytes: t.bytes, MegabytesASecond: float64(t.bytes) / 1e6 / elapsed.Seconds(),
		EndsByCode: maps.Clone(t.ends), OneMessageForEach: maps.Clone(t.messages),
	}
}

func (t *tally) reportUntil(ctx context.Context, interval time.Duration) {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			if printJSON(t.line(false)) != nil {
				return
			}
		}
	}
}
