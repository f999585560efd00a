"""Votes between two models: strengths, orders and cycles."""
