"""Programs that measure Songtan, and its peers, on the same work in one run. See benchmarks/README.md."""
