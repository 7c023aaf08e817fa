# Fluxion. `make help` lists what there is.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# One build serves the tool, the tests and the benchmarks: numerical code is 50 times slower in debug.
SWIFT_FLAGS := -c release -Xswiftc -enable-testing
SOURCES := Package.swift Sources Tests Examples
COMPILED := FluxionPackageTests fluxion fluxion-local FluxionFederationBenchmark HospitalApp PlayedRun
# Else all tests begin at once, and each waits for the processor behind all others: for longer than a client waits.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 8
# In the order in which data flows through a round.
DOCUMENTED := FluxionData FluxionLearning FluxionCalculus FluxionFederation FluxionCoordination FluxionSimulation \
  FluxionInterop FluxionStore FluxionExperiment Fluxion FluxionFetching FluxionTesting

.PHONY: help setup build demo test compile kills check format bench bench-network bench-peers fuzz docs clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the system libraries that are missing
	@Scripts/install-dependencies

build: setup ## Build the tool: .build/release/fluxion
	swift build $(SWIFT_FLAGS) --product fluxion

demo: setup ## Train one model over ten parties and compare it with training alone and pooled
	swift build $(SWIFT_FLAGS) --product fluxion-local
	.build/release/fluxion-local demo

test: compile ## Run the whole test suite
	swift test $(SWIFT_FLAGS) --skip-build

# The suite, and the programs that it starts or that nothing else would compile. `swift build --build-tests` compiles
# protoc besides, for minutes, which nothing here runs.
compile: setup
	for product in $(COMPILED); do swift build $(SWIFT_FLAGS) --product $$product || exit 1; done

kills: compile ## Kill a run 200 times at seeded random instants, and see that it ends with the same bits
	FLUXION_KILLS=200 swift test $(SWIFT_FLAGS) --skip-build --filter KillTests

fuzz: setup ## Feed random messages to server and client for a minute (the first build takes minutes)
	Scripts/fuzz 60

check: ## Check formatting and the rules of the house
	Scripts/check

format: ## Format the sources
	swift format --in-place --recursive $(SOURCES)

docs: setup ## Build the reference of the public modules: docs/reference
	rm -rf docs/reference
	FLUXION_DOCS=1 swift package --allow-writing-to-directory docs/reference generate-documentation \
	  $(addprefix --target ,$(DOCUMENTED)) --enable-experimental-combined-documentation \
	  --transform-for-static-hosting --hosting-base-path reference --output-path docs/reference
	@echo 'To read it: python3 -m http.server -d docs, and http://localhost:8000/reference/documentation'

bench: build ## Time the training steps and the workloads (MNIST must be there)
	swift build $(SWIFT_FLAGS) --package-path Benchmarks
	Benchmarks/bench

bench-network: setup ## Time rounds over loopback that compute nothing, and models that are only sent to and fro
	swift build $(SWIFT_FLAGS) --product FluxionFederationBenchmark
	env -u OPENBLAS_CORETYPE .build/release/FluxionFederationBenchmark

bench-peers: build ## The same, in turn with PyTorch, JAX, pfl-research and Flower
	swift build $(SWIFT_FLAGS) --package-path Benchmarks
	Benchmarks/peers/setup torch jax pfl flower
	Benchmarks/bench --peers torch,jax,pfl,flower

clean: ## Remove what was built
	rm -rf .build docs/reference
