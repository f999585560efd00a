"""Simulators with known truth, and what the measures yield on them."""
