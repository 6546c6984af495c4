package main

import (
	"context"
	"crypto"
	"runtime"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	pb "istio.io/api/security/v1alpha1"
)

// maxPrepared bounds the CSRs that are made beforehand where no total is given.
const maxPrepared = 20_000

// preparedCSR is a key with a CSR made before the clock starts.
type preparedCSR struct {
	key crypto.Signer
	csr []byte
}

// caller is one workload under load: its token, its CSRs, its connection. It makes one request
// at a time.
type caller struct {
	server         *server
	persona        persona
	tokenFile      string
	prepared       []preparedCSR
	next           int
	newConnections bool
	connection     *grpc.ClientConn
}

// outcome is what became of one request with all its attempts.
type outcome struct {
	code     string
	message  string
	attempts []attempt
	elapsed  time.Duration
}

// prepareCallers makes all keys and CSRs, on all cores.
func prepareCallers(o loadOptions) ([]*caller, error) {
	files := []string{o.tokenFile}
	if o.tokenDir != "" {
		var err error
		if files, err = tokenFiles(o.tokenDir); err != nil {
			return nil, err
		}
	}
	callers := make([]*caller, o.callers)
	for i := range callers {
		file := files[i%len(files)]
		identity := o.identity
		if identity == "" {
			var err error
			if identity, err = identityOfToken(file, o.trustDomain); err != nil {
				return nil, err
			}
		}
		callers[i] = &caller{
			server: &o.server, persona: o.persona.withIdentity(identity), tokenFile: file,
			prepared: make([]preparedCSR, csrsPerCaller(o)), newConnections: o.newConnections,
		}
	}
	return callers, fillAll(callers)
}

// csrsPerCaller is one for an RSA key, which takes a tenth of a second to make. Elliptic keys
// are cheap, so there each request has a key of its own, as with real workloads.
func csrsPerCaller(o loadOptions) int {
	if o.persona.keyType == "rsa" {
		return 1
	}
	total := o.total
	if total == 0 {
		total = maxPrepared
	}
	return (min(total, maxPrepared) + o.callers - 1) / o.callers
}

func fillAll(callers []*caller) error {
	work := make(chan *caller)
	failures := make(chan error, len(callers))
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for c := range work {
				if err := c.fill(); err != nil {
					failures <- err
				}
			}
		})
	}
	for _, c := range callers {
		work <- c
	}
	close(work)
	workers.Wait()
	close(failures)
	return <-failures
}

func (c *caller) fill() error {
	for i := range c.prepared {
		var err error
		if c.prepared[i], err = prepareCSR(c.persona); err != nil {
			return err
		}
	}
	return nil
}

func prepareCSR(p persona) (preparedCSR, error) {
	key, err := newKey(p.keyType)
	if err != nil {
		return preparedCSR{}, err
	}
	csr, err := newCSR(p, key)
	return preparedCSR{key, csr}, err
}

// nextCSR is a CSR not used before, for a server may treat equal ones as one request. A caller
// that runs ahead of the others makes its own; only RSA keys, being dear, are used again.
func (c *caller) nextCSR() (preparedCSR, error) {
	c.next++
	if c.next > len(c.prepared) && c.persona.keyType != "rsa" {
		return prepareCSR(c.persona)
	}
	return c.prepared[(c.next-1)%len(c.prepared)], nil
}

func (c *caller) call(parent context.Context) outcome {
	var result outcome
	ctx, cancel := c.server.context(withAttempts(parent, &result.attempts))
	defer cancel()
	one, err := c.nextCSR()
	if err != nil {
		return outcome{code: codes.Unknown.String(), message: err.Error()}
	}

	start := time.Now()
	answer, err := c.exchange(ctx, one)
	result.elapsed = time.Since(start)
	result.code = status.Code(err).String()
	if err != nil {
		result.message = status.Convert(err).Message()
	} else if _, refused := accept(c.persona, one.key, answer.GetCertChain()); refused != nil {
		result.code, result.message = codeRefused, refused.Error()
	}
	// The agent builds its connection anew after any failure.
	if c.newConnections || result.code != codes.OK.String() {
		c.close()
	}
	return result
}

func (c *caller) exchange(ctx context.Context, one preparedCSR) (*pb.IstioCertificateResponse, error) {
	if c.connection == nil {
		connection, err := c.server.dial(c.tokenFile)
		if err != nil {
			return nil, status.Error(codes.Unknown, err.Error())
		}
		c.connection = connection
	}
	return pb.NewIstioCertificateServiceClient(c.connection).CreateCertificate(ctx, c.persona.request(one.csr))
}

func (c *caller) close() {
	if c.connection != nil {
		c.connection.Close()
		c.connection = nil
	}
}
