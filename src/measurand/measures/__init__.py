"""Measures, one file each, by question."""
