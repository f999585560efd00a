"""Attempts and their cost: success rates, tails, survival, kinds not yet seen."""
