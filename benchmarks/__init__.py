"""Timings of the engine beside its peers: `make bench`, described in `benchmarks/README.md`."""
