"""Benchmarks over models: components, factors, scales, growth, and what moves a correlation."""
