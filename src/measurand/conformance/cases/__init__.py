"""All cases, by subject: each a function that makes its input and says what is right."""

from __future__ import annotations

from dataclasses import replace

from measurand.conformance.asking import Case

from . import clusters, forecasts, logs, pairs, people, precision, runs, tables

__all__ = ["CASES", "KINDS"]

MODULES = (precision, clusters, pairs, logs, runs, tables, people, forecasts)

KINDS = tuple(dict.fromkeys(kind for module in MODULES for kind in module.KINDS))
"""The ways in which the evaluations lie."""

CASES: tuple[Case, ...] = tuple(
    replace(make(), name=make.__name__, kind=kind)
    for kind in KINDS
    for module in MODULES
    for make in module.KINDS.get(kind, ())
)
"""Every case, those of one kind beside each other."""
