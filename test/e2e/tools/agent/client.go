package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// server is where to ask, and how to know that it is the right one.
type server struct {
	address    string
	rootFile   string
	serverName string
	plaintext  bool
	clientCert string
	clientKey  string
	clusterID  string
	headers    headerFlags
	retries    bool
	tls13      bool
	timeout    time.Duration
}

func (s *server) bind(flags *flag.FlagSet) {
	flags.StringVar(&s.address, "address", "", "host:port of the certificate service (required)")
	flags.StringVar(&s.rootFile, "root", "", "PEM file of the roots that the service's certificate is checked with")
	flags.StringVar(&s.serverName, "server-name", "istiod.istio-system.svc", "DNS name that its certificate must bear")
	flags.BoolVar(&s.plaintext, "plaintext", false, "speak without TLS")
	flags.StringVar(&s.clientCert, "client-cert", "", "PEM file of a client certificate chain to present")
	flags.StringVar(&s.clientKey, "client-key", "", "PEM file of its key")
	flags.StringVar(&s.clusterID, "cluster-id", "Kubernetes", "value of the clusterid header")
	flags.Var(&s.headers, "header", "further header NAME=VALUE; may be repeated")
	flags.BoolVar(&s.retries, "retries", true, "try again as the agent does, at most 5 attempts in all")
	flags.DurationVar(&s.timeout, "timeout", 0, "deadline of one request with all its attempts; 0 for none, as the agent")
}

// fitTo sets what differs between the clients: ztunnel speaks TLS 1.3 only, and tries again from
// an outer loop of whole seconds, which is the caller's to play.
func (s *server) fitTo(p persona) {
	if p.as == asZtunnel {
		s.tls13 = true
		s.retries = false
	}
}

type headerFlags []string

func (h *headerFlags) String() string { return strings.Join(*h, ",") }

func (h *headerFlags) Set(header string) error {
	name, value, ok := strings.Cut(header, "=")
	if !ok {
		return fmt.Errorf("a header is NAME=VALUE")
	}
	*h = append(*h, name, value)
	return nil
}

// context carries the headers and, where one is set, the deadline of one request.
func (s *server) context(parent context.Context) (context.Context, context.CancelFunc) {
	ctx := metadata.AppendToOutgoingContext(parent, append([]string{"clusterid", s.clusterID}, s.headers...)...)
	if s.timeout > 0 {
		return context.WithTimeout(ctx, s.timeout)
	}
	return ctx, func() {}
}

// dial makes a connection that opens with its first request. The root and client certificate
// are read from their files now, so that a new connection sees what has changed there.
func (s *server) dial(tokenFile string) (*grpc.ClientConn, error) {
	transport, err := s.transport()
	if err != nil {
		return nil, err
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithNoProxy(),
		grpc.WithChainUnaryInterceptor(s.interceptors()...),
	}
	if tokenFile != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearerFile(tokenFile)))
	}
	return grpc.NewClient(s.address, options...)
}

func (s *server) transport() (credentials.TransportCredentials, error) {
	if s.plaintext {
		return insecure.NewCredentials(), nil
	}
	pemRoots, err := os.ReadFile(s.rootFile)
	if err != nil {
		return nil, fmt.Errorf("--root: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pemRoots) {
		return nil, fmt.Errorf("--root: no certificate in %s", s.rootFile)
	}
	config := &tls.Config{ServerName: s.serverName, RootCAs: roots, MinVersion: tls.VersionTLS12}
	if s.tls13 {
		config.MinVersion = tls.VersionTLS13
	}
	if s.clientCert != "" {
		pair, err := tls.LoadX509KeyPair(s.clientCert, s.clientKey)
		if err != nil {
			return nil, fmt.Errorf("--client-cert: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(config), nil
}

// interceptors are outermost first: each try of the retrying one is noted by the inner one.
func (s *server) interceptors() []grpc.UnaryClientInterceptor {
	if !s.retries {
		return []grpc.UnaryClientInterceptor{noteAttempt}
	}
	again := retry.UnaryClientInterceptor(
		retry.WithMax(5),
		retry.WithBackoff(retry.BackoffExponentialWithJitter(100*time.Millisecond, 0.1)),
		retry.WithCodes(codes.Canceled, codes.DeadlineExceeded, codes.ResourceExhausted,
			codes.Aborted, codes.Internal, codes.Unavailable),
	)
	return []grpc.UnaryClientInterceptor{again, noteAttempt}
}

// attempt is the outcome of one call on the wire.
type attempt struct {
	Code    string  `json:"code"`
	Message string  `json:"message,omitempty"`
	Ms      float64 `json:"ms"`
}

type attemptsKey struct{}

// withAttempts lets every attempt of the requests made with this context be noted in a list.
func withAttempts(ctx context.Context, list *[]attempt) context.Context {
	return context.WithValue(ctx, attemptsKey{}, list)
}

func noteAttempt(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn,
	invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	start := time.Now()
	err := invoke(ctx, method, req, reply, cc, opts...)
	if list, ok := ctx.Value(attemptsKey{}).(*[]attempt); ok {
		result := attempt{Code: status.Code(err).String(), Ms: milliseconds(time.Since(start))}
		if err != nil {
			result.Message = status.Convert(err).Message()
		}
		*list = append(*list, result)
	}
	return err
}

// bearerFile reads the token anew for each RPC, for the kubelet replaces it while the client
// runs. A missing file means that no token is sent, not an error.
type bearerFile string

func (f bearerFile) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := os.ReadFile(string(f))
	if err != nil {
		return nil, nil
	}
	return map[string]string{"authorization": "Bearer " + strings.TrimSpace(string(token))}, nil
}

func (f bearerFile) RequireTransportSecurity() bool { return false }

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}
