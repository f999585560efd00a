"""Simulations of the measures of validity."""
