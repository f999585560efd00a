"""Simulations of the measures of gaming."""
