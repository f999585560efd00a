"""Numerics on plain arrays: no tables, no names, no thresholds."""
