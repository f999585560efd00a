"""Intervals, tests and plans: counts, clustered means, pairs, correlations, many tests at once, resampling."""
