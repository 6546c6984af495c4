# Thin over npm scripts, so that everything runs on the Node that the lockfile brings.
SHELL := /bin/sh
.DEFAULT_GOAL := help

##@ Try it
.PHONY: demo
demo: install ## Install, start the sandbox, show the demo once and end (status 0 or 1)
	npm start --silent -- --exit

.PHONY: sandbox
sandbox: install ## Install and start the sandbox; it stays up and prints lines to paste
	npm start --silent

##@ Work on it
.PHONY: install
install: node_modules/.package-lock.json ## Install what the lockfile names

node_modules/.package-lock.json: package.json package-lock.json
	npm ci
	@touch $@

.PHONY: check
check: install ## Format, lint, types, import direction, dead code; two at a time
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target \
		check-lint check-types check-format check-dead check-imports

.PHONY: check-lint check-types check-format check-dead check-imports
check-lint check-types check-format check-dead check-imports:
	@start=$$(date +%s); npm run --silent $(subst check-,check:,$@) || { echo "$@: failed"; exit 1; }; \
		echo "$@: passed after $$(($$(date +%s) - start)) s"

.PHONY: test
test: test-code ## Unit, integration and contract tests; the chart and the image, where helm has been built
	CHART_TESTS=if-built npm run --silent test:chart

.PHONY: test-code
test-code: install ## The same without the chart and the image
	npm test --silent
	npm run --silent test:contract

.PHONY: format
format: install ## Write the form that `check` asks for
	npm run --silent format

.PHONY: chart-docs
chart-docs: install ## Write the tables of the chart's README and the policy in its schema
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node scripts/chart-readme.js
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node scripts/chart-schema.js

##@ Prove it
.PHONY: chart-test
chart-test: install ## The chart by the real helm, which is built once, and the image's files (UPDATE_GOLDEN=1)
	npm run --silent test:chart

.PHONY: e2e
e2e: install ## Walk-through, faults and contract on a real API server, cert-manager's signers, Envoy (E2E=short)
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node test/e2e/runner/prove.ts
	CONTRACT_SERVER=real npm run --silent test:contract

.PHONY: contract-oldest
contract-oldest: install ## The contract on the oldest Kubernetes API server that builds (minutes, once)
	CONTRACT_SERVER=oldest npm run --silent test:contract

.PHONY: e2e-up
e2e-up: install ## The stack of the walk-through; it stays up and prints lines to try
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node test/e2e/runner/up.ts

.PHONY: e2e-down
e2e-down: install ## End what e2e-up left
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node test/e2e/runner/down.ts

.PHONY: cluster
cluster: install ## A real one-node cluster with pods; it stays up (Linux, root, Go; no container engine)
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node --no-warnings test/cluster/runner/up.ts

.PHONY: cluster-test
cluster-test: install ## The documents followed with the real Istio, in pods (CLUSTER=short, CLUSTER_ONLY=words, CLUSTER_KUBECONFIG, IMAGE)
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node --no-warnings test/cluster/runner/test.ts

.PHONY: cluster-down
cluster-down: install ## End what cluster left, after a crash as well
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node --no-warnings test/cluster/runner/down.ts

.PHONY: fuzz
fuzz: install ## Mutated input for every parser (FUZZ_SECONDS=60, FUZZ_SEED, FUZZ_CASES)
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node test/fuzz/main.ts

.PHONY: browser-test
browser-test: install ## The page in a real Chromium (apt-get install chromium)
	npm run --silent test:browser

.PHONY: chaos
chaos: install ## Replicas killed under load, floods, outages, attacks, on real parts (CHAOS=short, CHAOS_ONLY=words)
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node --no-warnings test/chaos/main.ts

.PHONY: soak
soak: install ## Ten minutes of random faults; what grows is named (SOAK_SECONDS, SOAK=short)
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node --no-warnings test/soak/main.ts

.PHONY: bench
bench: install ## What istio-ra alone costs, beside a bare loop, against the sandbox (BENCH=short, BENCH_ONLY=part of a name)
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node --no-warnings test/bench/main.ts sandbox

.PHONY: bench-real
bench-real: install ## The same on a real API server with cert-manager's signers, and as work grows
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node --no-warnings test/bench/main.ts real

.PHONY: profile
profile: install ## Where the CPU goes at 50 callers, by module, library and function (PROFILE=real)
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node --no-warnings test/bench/profile/main.ts $(PROFILE)

##@ Ship it
.PHONY: build
build: install ## Bundle into dist/istio-ra.js
	npm run --silent build

.PHONY: image
image: build ## The image for amd64 and arm64 in .cache/image, by apt and npm alone (IMAGE=istio-ra:0.1.0)
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node scripts/image/build.ts $(if $(IMAGE),--reference $(IMAGE))

.PHONY: image-lock
image-lock: install ## Pin the Debian packages of the image to what apt has now
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node scripts/image/lock.ts --lock scripts/image/debian.lock.json

.PHONY: image-docker
image-docker: install ## The image by docker, from the Dockerfile (IMAGE=istio-ra:0.1.0)
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node scripts/image/docker.ts $(if $(IMAGE),--reference $(IMAGE))

.PHONY: clean
clean: ## Remove what was built or made
	@if [ -f .cache/e2e/pids ]; then $(MAKE) e2e-down; fi
	@if [ -f .cache/cluster/pids ]; then $(MAKE) cluster-down; fi
	rm -rf dist coverage .sandbox .cache

.PHONY: help
help: ## Show this
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-zA-Z0-9_-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
