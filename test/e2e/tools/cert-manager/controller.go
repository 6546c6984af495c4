package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"k8s.io/klog/v2"

	"github.com/cert-manager/cert-manager/internal/controller/feature"
	"github.com/cert-manager/cert-manager/pkg/controller"
	crapprover "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	crca "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	crselfsigned "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	csrca "github.com/cert-manager/cert-manager/pkg/controller/certificatesigningrequests/ca"
	csrselfsigned "github.com/cert-manager/cert-manager/pkg/controller/certificatesigningrequests/selfsigned"
	"github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	"github.com/cert-manager/cert-manager/pkg/controller/issuers"
	utilfeature "github.com/cert-manager/cert-manager/pkg/util/feature"

	// The issuer types register themselves.
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
)

// csrSigners run only where the feature gate is on, as in cert-manager's own command.
var csrSigners = []string{csrca.CSRControllerName, csrselfsigned.CSRControllerName}

// always are the controllers of Issuers, ClusterIssuers, Certificates and CertificateRequests. The last
// one approves every CertificateRequest, which is cert-manager's default.
var always = []string{
	issuers.ControllerName,
	clusterissuers.ControllerName,
	issuing.ControllerName,
	keymanager.ControllerName,
	readiness.ControllerName,
	requestmanager.ControllerName,
	revisionmanager.ControllerName,
	trigger.ControllerName,
	crca.CRControllerName,
	crselfsigned.CRControllerName,
	crapprover.ControllerName,
}

type controllerOptions struct {
	namespace    string
	featureGates string
	// controllers is cert-manager's list: "*" and names that are left out, each after a minus sign.
	controllers string
	workers     int
}

func controllerCommand(flags *flag.FlagSet) func(context.Context) error {
	var o controllerOptions
	flags.StringVar(&o.namespace, "cluster-resource-namespace", "cert-manager",
		"namespace of the Secrets that ClusterIssuers refer to")
	flags.StringVar(&o.featureGates, "feature-gates", "", "feature gates of cert-manager's controller")
	flags.StringVar(&o.controllers, "controllers", "*", "controllers to run, as cert-manager has them")
	flags.IntVar(&o.workers, "concurrent-workers", 5, "workers of each controller")
	without(flags, "leader-election-namespace", "acme-http01-solver-image", "max-concurrent-challenges")
	return func(ctx context.Context) error { return runControllers(ctx, o) }
}

// runControllers returns nil once the context is cancelled and every controller has ended.
func runControllers(ctx context.Context, o controllerOptions) error {
	if o.featureGates != "" {
		if err := utilfeature.DefaultMutableFeatureGate.Set(o.featureGates); err != nil {
			return err
		}
	}
	factory, err := controller.NewContextFactory(ctx, controller.ContextOptions{
		KubernetesAPIQPS:   20,
		KubernetesAPIBurst: 50,
		IssuerOptions:      controller.IssuerOptions{ClusterResourceNamespace: o.namespace},
		CertificateOptions: controller.CertificateOptions{
			// A certificate request that failed while its issuer was coming up is tried again
			// within a test's patience; cert-manager's own default is an hour.
			CertificateRequestMinimumBackoffDuration: time.Second,
			CertificateRequestMaximumBackoffDuration: time.Minute,
		},
	})
	if err != nil {
		return err
	}
	root, err := factory.Build()
	if err != nil {
		return err
	}
	controllers, err := build(factory, enabled(o))
	if err != nil {
		return err
	}

	go serveHealth(ctx)
	// A controller registers its informers while it is built, so they are started afterwards.
	root.SharedInformerFactory.Start(ctx.Done())
	root.KubeSharedInformerFactory.Start(ctx.Done())
	root.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	return runAll(ctx, controllers, o.workers)
}

// serveHealth answers the liveness probe of the chart for as long as the controllers run.
func serveHealth(ctx context.Context) {
	server := &http.Server{Addr: ":9403", Handler: http.HandlerFunc(
		func(answer http.ResponseWriter, _ *http.Request) { _, _ = answer.Write([]byte("ok")) },
	)}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.ListenAndServe(); err != nil && ctx.Err() == nil {
		klog.ErrorS(err, "no health checks")
	}
}

func enabled(o controllerOptions) []string {
	names := always
	if utilfeature.DefaultFeatureGate.Enabled(feature.ExperimentalCertificateSigningRequestControllers) {
		names = append(names, csrSigners...)
	}
	var chosen []string
	for _, name := range names {
		if !strings.Contains(","+o.controllers+",", ",-"+name+",") {
			chosen = append(chosen, name)
		}
	}
	return chosen
}

func build(factory *controller.ContextFactory, names []string) (map[string]controller.Interface, error) {
	built := map[string]controller.Interface{}
	for _, name := range names {
		construct, ok := controller.Known()[name]
		if !ok {
			return nil, fmt.Errorf("cert-manager has no controller %q", name)
		}
		c, err := construct(factory)
		if err != nil {
			return nil, fmt.Errorf("controller %s: %w", name, err)
		}
		built[name] = c
	}
	return built, nil
}

func runAll(ctx context.Context, controllers map[string]controller.Interface, workers int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	failed := make(chan error, len(controllers))
	var running sync.WaitGroup
	for name, c := range controllers {
		running.Go(func() {
			if err := c.Run(workers, ctx); err != nil && ctx.Err() == nil {
				err = fmt.Errorf("controller %s: %w", name, err)
				failed <- err
				// With one controller less the others would go on as if all were well: end them too.
				cancel(err)
			}
		})
	}
	klog.InfoS("controllers started", "count", len(controllers))
	running.Wait()
	close(failed)
	return <-failed
}
