// Command istiod-stand-in is the discovery half of an Istio that a test can start and kill.
//
//	istiod-stand-in serve        aggregated discovery over TLS, for whoever bears a token
//	istiod-stand-in xds-client   many clients with one long stream each; JSON lines on standard output
//
// Both run until SIGTERM, the clients also for a given time.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := dispatch(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "istiod-stand-in:", err)
		os.Exit(2)
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what to do: serve or xds-client")
	}
	switch args[0] {
	case "serve":
		return serve(ctx, args[1:])
	case "xds-client":
		return runClients(ctx, args[1:])
	default:
		return fmt.Errorf("unknown subcommand %q: there are serve and xds-client", args[0])
	}
}

func printJSON(report any) error {
	return json.NewEncoder(os.Stdout).Encode(report)
}
