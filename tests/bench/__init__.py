"""Benchmarks: ratios of processor time taken in one run, never part of the tests. `make bench` prints them."""
