"""Simulations of the measures of forecast."""
