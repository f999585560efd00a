"""All cases, by subject: each a function that makes its input and says what is right."""

from __future__ import annotations

from dataclasses import replace

from conformance.asking import Case

from . import clusters, pairs, precision

__all__ = ["CASES"]

CASES: tuple[Case, ...] = tuple(
    replace(make(), name=make.__name__, kind=kind)
    for module in (precision, clusters, pairs)
    for kind, makers in module.KINDS.items()
    for make in makers
)
"""Every case, those of one kind beside each other."""
