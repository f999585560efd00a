"""A benchmark and the one that models are held to it by: a rewritten, fresh or related set that they also ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.stats.hiding.reference_curve import Noise
from measurand.stats.intervals.resampling import bootstrap_weights
from measurand.tables import ItemTable, Responses, Scores, item_tables
from measurand.tables.dates import decimal_year
from measurand.wording import listed

__all__ = ["SUFFIXES", "Pair", "chosen_pairs", "load_pair", "natural_references", "noise_of"]

SUFFIXES = ("_rephrase", "_synthetic", "_reference", "_fresh", "_cf", "-cf", "_paraphrase", "_perturbed")
"""Endings that make a benchmark's name that of its reference benchmark."""

LEAST_SHARED = 0.5
"""Least share of a benchmark's items that a model must have run for its items to count as the others' items."""

_CHUNK_CELLS = 4_000_000

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """Models that ran both benchmarks of a pair.

    Parameters
    ----------
    benchmark, reference : names of the two.
    models : n models with a score on both.
    scores : on the two, from 0 to 1, shape (2, n).
    items : number of items behind each score, shape (2, n); NaN where not known.
    chance : score of a guesser on the two, shape (2,).
    tables : item-level results of these models on the two; None if there are none.
    caveats : what was assumed.
    """

    benchmark: str
    reference: str
    models: tuple[str, ...]
    scores: Floats
    items: Floats
    chance: Floats
    tables: tuple[ItemTable, ItemTable] | None
    caveats: tuple[str, ...]

    @property
    def subject(self) -> dict[str, str]:
        """What a finding about this pair speaks of."""
        return {"benchmark": self.benchmark, "against": self.reference}

    def places(self, models: Sequence[str]) -> npt.NDArray[np.int64]:
        """Places of the models named among `models`."""
        return np.array([self.models.index(model) for model in models], dtype=np.int64)


def chosen_pairs(scores: Scores, against: Sequence[tuple[str, str]] | None) -> tuple[tuple[str, str], ...]:
    """The pairs named, or those whose names say so: the reference is the benchmark's name with one of `SUFFIXES`.

    Raises
    ------
    UnknownName
        A benchmark of a named pair that is not there.
    InputError
        A benchmark named as its own reference.
    NotApplicable
        None is named, and no name says so.
    """
    known = list(scores.benchmarks["benchmark"])
    if against is None:
        found = [(name, name + suffix) for name in known for suffix in SUFFIXES if name + suffix in known]
        if not found:
            raise NotApplicable(
                "no benchmark is named as the reference of another",
                needs="models scored on a benchmark and on a rewritten, fresh or related set of it, and the two named",
            )
        return tuple(found)
    for pair in against:
        for name in pair:
            if name not in known:
                raise UnknownName("benchmark", name, known)
        if len(pair) != 2 or pair[0] == pair[1]:
            raise InputError(f"against should name a benchmark and another as its reference, got {', '.join(pair)}")
    return tuple((benchmark, reference) for benchmark, reference in against)


def load_pair(scores: Scores, responses: Responses | None, benchmark: str, reference: str) -> Pair:
    """The models that ran both, with their scores and item counts, and their items where there are any.

    Raises
    ------
    NotApplicable
        Lower is better, or the scale of the scores is not known.
    InputError
        Models that ran other items of the same benchmark.
    """
    names = [benchmark, reference]
    if "worse" in scores.benchmark_fact("higher_is", names):
        raise NotApplicable("lower is better on it", needs="scores of which higher is better")
    everyone = list(scores.models["model"])
    values = scores.matrix(everyone, names)
    both = np.isfinite(values[:, 0]) & np.isfinite(values[:, 1])
    models = [model for model, ran in zip(everyone, both, strict=True) if ran]
    facts = [scores.benchmark_fact(fact, names) for fact in ("chance", "maximum")]
    units = [
        _unit(values[both, side], None if (top := facts[1][side]) is None else float(str(top)), name)
        for side, name in enumerate(names)
    ]
    proportions = np.clip(values[both].T / np.array(units)[:, None], 0.0, 1.0)
    unknown = [name for name, chance in zip(names, facts[0], strict=True) if chance is None]
    chance = np.array([0.0 if c is None else float(str(c)) / u for c, u in zip(facts[0], units, strict=True)])
    caveats = [f"The score of a guesser on {listed(unknown)} is not known and was taken to be 0."] if unknown else []
    tables = _item_tables(responses, models, names) if responses is not None and models else None
    if tables is not None:
        proportions = np.array([np.nanmean(table.scores, axis=1) for table in tables])
        counts = np.array([np.isfinite(table.scores).sum(axis=1) for table in tables], dtype=np.float64)
    else:
        counts = _item_counts(scores, models, names, proportions, np.array(units))
        if np.isnan(counts).any():
            caveats.append("How many items are behind some of the scores is not known; their noise is left out.")
    return Pair(
        benchmark=benchmark,
        reference=reference,
        models=tuple(models),
        scores=proportions,
        items=counts,
        chance=chance,
        tables=tables,
        caveats=tuple(caveats),
    )


def _unit(values: Floats, maximum: float | None, name: str) -> float:
    """What a full score is in the unit of the scores."""
    if not len(values):
        return 1.0
    low, high = float(values.min()), float(values.max())
    unit = maximum if maximum is not None else 1.0 if high <= 1 else 100.0
    if low < 0 or high > unit * (1 + 1e-9):
        raise NotApplicable(f"scores on {name} range from {low:g} to {high:g}", needs="shares of items, or percentages")
    return unit


def _item_counts(scores: Scores, models: Sequence[str], names: Sequence[str], shares: Floats, units: Floats) -> Floats:
    """Number of items as given, else as the standard error of a share implies, shape (2, models)."""
    given = scores.table.filter(scores.table["benchmark"].is_in(list(names))).select("model", "benchmark", "n_items")
    counts = {(model, name): count for model, name, count in given.iter_rows() if count is not None}
    with np.errstate(invalid="ignore", divide="ignore"):
        implied = np.round(shares * (1 - shares) / (scores.stderr(models, names).T / units[:, None]) ** 2)
    implied[~(np.isfinite(implied) & (implied >= 1))] = np.nan
    found = np.array([[counts.get((model, name), np.nan) for model in models] for name in names], dtype=np.float64)
    found = np.where(np.isfinite(found), found, implied)
    for side in found:
        # All right or all wrong implies no count; the set has as many items for them as for the others.
        if np.isfinite(side).any():
            side[~np.isfinite(side)] = np.round(np.nanmedian(side))
    return found.reshape(len(names), len(models))


def _item_tables(
    responses: Responses, models: Sequence[str], names: Sequence[str]
) -> tuple[ItemTable, ItemTable] | None:
    """Both benchmarks' items for these models; None unless every model has items of both."""
    held = set(responses.frame.select("benchmark").unique().collect()["benchmark"].to_list())
    if not set(names) <= held:
        return None
    tables = {table.benchmark: table for table in item_tables(responses.only(names))}
    if not all(name in tables and set(models) <= set(tables[name].models) for name in names):
        return None
    first, second = (tables[name].only(models) for name in names)
    for table in (first, second):
        low, high = np.nanmin(table.scores), np.nanmax(table.scores)
        if low < 0 or high > 1:
            return None
        _require_shared_items(table)
    return first, second


def _require_shared_items(table: ItemTable) -> None:
    ran = np.isfinite(table.scores)
    # Items that most models ran are those of the benchmark; ids that few share are another naming.
    common = ran.sum(axis=0) > len(table.models) / 2
    for model, own in zip(table.models, ran, strict=True):
        if (own & common).sum() < LEAST_SHARED * max(1, common.sum()):
            ids = np.array(table.items, dtype=object)
            others = ids[common if common.any() else ~own]
            raise InputError(
                f"item ids of {table.benchmark!r} should be the same for all models; those of {model!r} are "
                f"{_some(ids[own])}, those of {'most' if common.any() else 'others'} {_some(others)}"
            )


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:2])) + (", ..." if len(names) > 2 else "")


def natural_references(scores: Scores, models: Sequence[str], released: str | None) -> tuple[str, ...]:
    """Models released before the benchmark was: they cannot have been trained on it.

    Parameters
    ----------
    released : ISO date of the benchmark; None if it is not known.

    Raises
    ------
    InputError
        A date that is none.
    """
    if released is None:
        return ()
    before = decimal_year(released)
    dates = scores.model_fact("release_date", models)
    # A month or year stands for its middle.
    return tuple(m for m, day in zip(models, dates, strict=True) if day is not None and decimal_year(str(day)) < before)


def noise_of(pair: Pair, resamples: int, rng: np.random.Generator, *, paired: bool = False) -> Noise:
    """Scores as they might have come out on other items.

    With item-level results the items (or their clusters) are drawn, the same for all models; else the count of right
    answers is drawn from a binomial, model by model, which is wider.

    Parameters
    ----------
    paired : the reference holds the same items rewritten, and an item is drawn for both at once.

    Raises
    ------
    InputError
        Items that should be paired have different ids, or there are none.
    """
    if paired and (pair.tables is None or pair.tables[0].items != pair.tables[1].items):
        raise InputError(_unpaired(pair))
    if pair.tables is None:
        scores, reference = (
            _binomial(values, counts, resamples, rng) for values, counts in zip(pair.scores, pair.items, strict=True)
        )
    else:
        first, second = pair.tables
        if paired:
            both = np.concatenate([first.scores, second.scores])
            drawn = _drawn_items(both, first.clusters, resamples, rng)
            scores, reference = drawn[:, : len(pair.models)], drawn[:, len(pair.models) :]
        else:
            scores, reference = (
                _drawn_items(table.scores, table.clusters, resamples, rng) for table in (first, second)
            )
    # A guesser answers as many items as the middle model.
    count = np.array([np.median(side) if np.isfinite(side).any() else np.inf for side in pair.items])
    spread = np.sqrt(pair.chance * (1 - pair.chance) / count)
    guess = np.clip(pair.chance + spread * rng.standard_normal((resamples, 2)), 0.0, 1.0)
    return Noise(scores, reference, guess)


def _unpaired(pair: Pair) -> str:
    told = f"items of {pair.benchmark!r} and {pair.reference!r} should have the same ids to be drawn in pairs"
    if pair.tables is None:
        return f"{told}; there are no item-level results of both for all models"
    first, second = (set(table.items) for table in pair.tables)
    odd = sorted(first ^ second)
    return f"{told}; {len(first & second)} do, {len(odd)} do not, such as {', '.join(map(repr, odd[:3]))}"


def _binomial(values: Floats, counts: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    known = np.isfinite(counts)
    n = np.where(known, counts, 1).astype(np.int64)
    drawn = rng.binomial(n, np.where(known, values, 0.0), size=(resamples, len(values))) / n
    result: Floats = np.where(known, drawn, values)
    return result


def _drawn_items(
    scores: Floats, clusters: npt.NDArray[np.int64] | None, resamples: int, rng: np.random.Generator
) -> Floats:
    """Mean score of each model over drawn items, shape (resamples, rows of scores)."""
    ran = np.isfinite(scores)
    filled, counted = np.where(ran, scores, 0.0).T, ran.astype(np.float64).T
    items = scores.shape[1]
    size = max(1, _CHUNK_CELLS // items)
    sizes = [stop - start for start, stop in pairwise([*range(0, resamples, size), resamples])]
    parts = []
    for block in sizes:
        weights = bootstrap_weights(items, block, rng, clusters)
        parts.append((weights @ filled) / np.maximum(weights @ counted, 1.0))
    return np.concatenate(parts)
