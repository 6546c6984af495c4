// Command agentlike asks for certificates as the clients of Istio's certificate service do:
// the agent beside a workload, or ztunnel on a node.
//
//	agentlike request   one certificate, written to files; one line of JSON on standard output
//	agentlike load      many certificates; a summary in JSON on standard output
//
// It ends with 0 when every certificate was issued, 1 when one was not, 2 on wrong usage.
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

// errNotIssued ends the process with 1: the report on standard output says the rest.
var errNotIssued = errors.New("not issued")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	err := dispatch(ctx, os.Args[1:])
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errNotIssued):
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "agentlike:", err)
		os.Exit(2)
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what to do: request or load")
	}
	switch args[0] {
	case "request":
		return request(ctx, args[1:])
	case "load":
		return load(ctx, args[1:])
	default:
		return fmt.Errorf("unknown subcommand %q: there are request and load", args[0])
	}
}

func printJSON(report any) error {
	return json.NewEncoder(os.Stdout).Encode(report)
}
