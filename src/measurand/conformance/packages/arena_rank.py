"""arena-rank 0.1.1, by its Python API: `BradleyTerry.compute_ratings_and_cis`."""

from __future__ import annotations

from importlib import import_module
from math import isfinite, log

from measurand.conformance.asking import Answer
from measurand.conformance.files import rows

__all__ = ["ahead", "order", "strength", "strengths"]


def ahead(votes: str) -> Answer:
    found = _ratings(votes)
    first, second = sorted(found.values(), reverse=True)
    return Answer(shown=first[1] > second[2], said=_said(found))


def order(votes: str, first: str, second: str) -> Answer:
    found = _ratings(votes)
    return Answer(shown=abs(found[first][0] - found[second][0]) > 0.5, said=_said(found))


def strengths(votes: str) -> Answer:
    return Answer(scores={name: rating * log(10) / 400 for name, (rating, *_) in _ratings(votes).items()})


def strength(votes: str, model: str) -> Answer:
    found = _ratings(votes)
    return Answer(shown=isfinite(found[model][0]), said=_said({model: found[model]}))


def _ratings(votes: str) -> dict[str, tuple[float, float, float]]:
    frame = import_module("pandas").DataFrame(rows(votes))
    dataset = import_module("arena_rank.utils.data_utils").PairDataset.from_pandas(frame)
    model = import_module("arena_rank.models.bradley_terry").BradleyTerry(n_competitors=len(dataset.competitors))
    found = model.compute_ratings_and_cis(dataset)
    columns = ("ratings", "rating_lower", "rating_upper")
    held = zip(found["competitors"], *(map(float, found[name]) for name in columns), strict=True)
    return {str(name): (value, low, high) for name, value, low, high in held}


def _said(found: dict[str, tuple[float, float, float]]) -> str:
    return ", ".join(f"{name} {value:.0f} [{low:.0f}, {high:.0f}]" for name, (value, low, high) in found.items())
