"""Experiments on a live model: what logs cannot show; each asks for the extra it needs when it is run."""
