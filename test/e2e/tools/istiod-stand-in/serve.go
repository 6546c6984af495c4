package main

import (
	"context"
	"flag"
	"net"
	"strings"
	"time"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	xds "github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type serveOptions struct {
	address   string
	certFile  string
	keyFile   string
	maxAge    time.Duration
	payload   int
	pushEvery time.Duration
	endless   bool
}

func (o *serveOptions) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.address, "address", "127.0.0.1:0", "where to listen")
	flags.StringVar(&o.certFile, "cert", "", "PEM file of the serving certificate (required)")
	flags.StringVar(&o.keyFile, "key", "", "PEM file of its key (required)")
	flags.DurationVar(&o.maxAge, "max-age", 0, "age at which a connection is told to go; 0 for none")
	flags.IntVar(&o.payload, "payload", 16_384, "bytes of each push")
	flags.DurationVar(&o.pushEvery, "push-every", 0, "how often everybody gets a new version; 0 for never")
	flags.BoolVar(&o.endless, "endless", false, "answer each acknowledgement with a new version")
}

func serve(ctx context.Context, args []string) error {
	var o serveOptions
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	o.bind(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	transport, err := credentials.NewServerTLSFromFile(o.certFile, o.keyFile)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.address)
	if err != nil {
		return err
	}
	versions := newVersions(o.payload, o.endless)
	server := grpc.NewServer(append(manners(o.maxAge), grpc.Creds(transport))...)
	discovery.RegisterAggregatedDiscoveryServiceServer(server, xds.NewServer(ctx, versions.cache, versions))
	go versions.pushEvery(ctx, o.pushEvery)
	go func() {
		<-ctx.Done()
		server.Stop()
	}()
	if err := printJSON(map[string]string{"serving": listener.Addr().String()}); err != nil {
		return err
	}
	return server.Serve(listener)
}

// manners are how istiod treats connections: it asks every 30 s whether they live, takes more than
// one ping in 15 s for an attack, and cuts a connection 10 s after it told it to go.
func manners(maxAge time.Duration) []grpc.ServerOption {
	params := keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}
	if maxAge > 0 {
		params.MaxConnectionAge = maxAge
		params.MaxConnectionAgeGrace = 10 * time.Second
	}
	return []grpc.ServerOption{
		grpc.KeepaliveParams(params),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 15 * time.Second}),
		grpc.MaxConcurrentStreams(100_000),
		grpc.StreamInterceptor(requireToken),
	}
}

func requireToken(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	received, _ := metadata.FromIncomingContext(stream.Context())
	for _, value := range received.Get("authorization") {
		if token, ok := strings.CutPrefix(value, "Bearer "); ok && token != "" {
			return handler(server, stream)
		}
	}
	return status.Error(codes.Unauthenticated, "no bearer token")
}
