"""Texts: overlap, likeness, variety, and how well a model knows them."""
