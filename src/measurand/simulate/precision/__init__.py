"""Simulations of the measures of precision."""
