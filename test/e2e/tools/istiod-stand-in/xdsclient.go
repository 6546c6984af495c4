package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
)

const (
	firstWait   = 100 * time.Millisecond
	longestWait = 2 * time.Second
)

type clientOptions struct {
	address     string
	rootFile    string
	serverName  string
	tokenFile   string
	streams     int
	duration    time.Duration
	reportEvery time.Duration
}

func (o *clientOptions) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.address, "address", "", "host:port of the discovery service (required)")
	flags.StringVar(&o.rootFile, "root", "", "PEM file of the roots that its certificate is checked with (required)")
	flags.StringVar(&o.serverName, "server-name", "istiod.istio-system.svc", "DNS name that its certificate must bear")
	flags.StringVar(&o.tokenFile, "token", "", "file with the bearer token")
	flags.IntVar(&o.streams, "streams", 200, "clients, each with a connection and a stream of its own")
	flags.DurationVar(&o.duration, "duration", 0, "how long to go on; 0 until SIGTERM")
	flags.DurationVar(&o.reportEvery, "report-every", 250*time.Millisecond, "between two lines")
}

// runClients keeps the streams open, prints where it stands at intervals, and last the sum.
func runClients(ctx context.Context, args []string) error {
	var o clientOptions
	flags := flag.NewFlagSet("xds-client", flag.ContinueOnError)
	o.bind(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	transport, err := o.transport()
	if err != nil {
		return err
	}
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	tally := newTally()
	var clients sync.WaitGroup
	for number := range o.streams {
		clients.Go(func() { (&client{options: &o, transport: transport, number: number, tally: tally}).run(ctx) })
	}
	tally.reportUntil(ctx, o.reportEvery)
	clients.Wait()
	return printJSON(tally.line(true))
}

func (o *clientOptions) transport() (credentials.TransportCredentials, error) {
	pemRoots, err := os.ReadFile(o.rootFile)
	if err != nil {
		return nil, fmt.Errorf("--root: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pemRoots) {
		return nil, errors.New("--root: no certificate in " + o.rootFile)
	}
	return credentials.NewTLS(&tls.Config{ServerName: o.serverName, RootCAs: roots, MinVersion: tls.VersionTLS12}), nil
}

// client is one agent: a connection, a stream, and a new stream whenever that ends.
type client struct {
	options   *clientOptions
	transport credentials.TransportCredentials
	number    int
	tally     *tally
}

func (c *client) run(ctx context.Context) {
	connection, err := grpc.NewClient(c.options.address,
		grpc.WithTransportCredentials(c.transport),
		grpc.WithNoProxy(),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
	)
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	wait := firstWait
	for ctx.Err() == nil {
		opened := time.Now()
		err := c.hold(ctx, connection)
		if ctx.Err() != nil {
			return
		}
		c.tally.ended(err)
		// A stream that has lived is no sign of a server in trouble.
		if time.Since(opened) > longestWait {
			wait = firstWait
		}
		pause(ctx, wait/2+rand.N(wait))
		wait = min(2*wait, longestWait)
	}
}

// hold keeps one stream and acknowledges what comes; it returns why the stream ended.
func (c *client) hold(ctx context.Context, connection *grpc.ClientConn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := discovery.NewAggregatedDiscoveryServiceClient(connection).
		StreamAggregatedResources(c.withToken(ctx))
	if err != nil {
		return err
	}
	request := &discovery.DiscoveryRequest{Node: nodeOf(c.number), TypeUrl: resource.ClusterType}
	isOpen := false
	defer func() { c.tally.closed(isOpen) }()
	for {
		if err := stream.Send(request); err != nil {
			// The status comes with Recv.
			_, err = stream.Recv()
			return err
		}
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		if !isOpen {
			isOpen = true
			c.tally.opened()
		}
		c.tally.received(response)
		request = &discovery.DiscoveryRequest{
			TypeUrl:       response.GetTypeUrl(),
			VersionInfo:   response.GetVersionInfo(),
			ResponseNonce: response.GetNonce(),
		}
	}
}

func (c *client) withToken(ctx context.Context) context.Context {
	token, err := os.ReadFile(c.options.tokenFile)
	if err != nil {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+strings.TrimSpace(string(token)))
}

func pause(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}
