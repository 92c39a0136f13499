"""Benchmarks: each hot path beside a floor measured in the same run; ratios, never bare times."""
