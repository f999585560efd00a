"""Facts of models and benchmarks from several places, the nearest first: own columns, side files, what is shipped."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from typing import Any

import polars as pl

from measurand.catalogue import BenchmarkFacts, lookup
from measurand.readers.tables.facts import Facts
from measurand.readers.tables.known_models import lookup_models
from measurand.readers.tables.raw import shorten
from measurand.readers.tables.units import scale_of
from measurand.tables import BENCHMARK_FACTS, MODEL_FACTS

__all__ = ["complete_benchmarks", "complete_models", "merged"]

PUBLISHED = "Ren et al. 2024, arXiv 2407.21792"
ABOUT_RAW = ("metric", "chance", "maximum")
"""Facts of the catalogue that speak of the raw metric, so not of scores that were turned."""


def merged(key: str, frames: Sequence[pl.DataFrame]) -> Facts:
    """Facts from several tables, one row per key; where tables differ the first is taken, and noted.

    Examples
    --------
    >>> first = pl.DataFrame({"model": ["a"], "class": ["chat"]})
    >>> second = pl.DataFrame({"model": ["a", "b"], "class": ["base", "base"]})
    >>> merged("model", [first, second]).frame.rows(), merged("model", [first, second]).notes
    ([('a', 'chat'), ('b', 'base')], ('class differs between tables, the first is taken, for: a',))
    """
    if not frames:
        return Facts(pl.DataFrame(schema={key: pl.String}), ())
    together = pl.concat(frames, how="diagonal").group_by(key, maintain_order=True)
    facts = [name for name in dict.fromkeys(name for frame in frames for name in frame.columns) if name != key]
    several = together.agg(pl.col(fact).drop_nulls().n_unique() for fact in facts)
    different = {fact: several.filter(pl.col(fact) > 1)[key].to_list() for fact in facts}
    notes = [
        f"{fact} differs between tables, the first is taken, for: {shorten(ks)}" for fact, ks in different.items() if ks
    ]
    return Facts(together.agg(pl.col(fact).drop_nulls().first() for fact in facts), tuple(notes))


def complete_models(names: Sequence[str], layers: Sequence[pl.DataFrame]) -> Facts:
    """Facts of these models: each from the first layer that has it, then from the tables shipped.

    Parameters
    ----------
    names : the models.
    layers : facts, one row per model; the nearest first.

    Examples
    --------
    >>> facts = complete_models(["Llama-2-7b-hf", "mine"], [pl.DataFrame({"model": ["mine"], "class": ["chat"]})])
    >>> facts.frame.select("model", "family", "class", "parameters").rows()
    [('Llama-2-7b-hf', 'Llama', 'base', 7000000000.0), ('mine', None, 'chat', None)]
    """
    notes = []
    frame = _layered(names, "model", MODEL_FACTS, layers)
    shipped = (
        (_published_models(), f"the published table of {PUBLISHED}, by equal name"),
        (lookup_models(names), "measurand's table of models, where each figure has its source, by name"),
    )
    for table, whence in shipped:
        told, frame = frame, _layered(names, "model", MODEL_FACTS, [frame, table])
        filled = [fact for fact in MODEL_FACTS if frame[fact].null_count() < told[fact].null_count()]
        if filled:
            changed = pl.any_horizontal(frame[fact].is_not_null() & told[fact].is_null() for fact in filled)
            notes.append(f"{', '.join(filled)} of {frame.filter(changed).height} models from {whence}")
    return Facts(frame, tuple(notes))


def complete_benchmarks(
    names: Sequence[str],
    layers: Sequence[pl.DataFrame],
    spread: Mapping[str, tuple[float, float]],
    turned: Collection[str] = (),
) -> Facts:
    """Facts of these benchmarks: each from the first layer that has it, then from the catalogue.

    The catalogue speaks of raw metrics, and a table's scores may have been turned before. So its direction is never
    applied, and its metric, chance and maximum only where the table's direction agrees with it and, for the last two,
    the scores lie in their range.

    Parameters
    ----------
    names : the benchmarks.
    layers : facts, one row per benchmark; the nearest first.
    spread : least and greatest score of each.
    turned : benchmarks the caller said are better when lower.

    Examples
    --------
    >>> facts = complete_benchmarks(["mmlu"], [], {"mmlu": (25.0, 86.0)})
    >>> facts.frame.select("role", "chance", "maximum").row(0)
    ('capability', 25.0, 100.0)
    """
    told = _layered(names, "benchmark", BENCHMARK_FACTS, layers)
    rows: list[dict[str, Any]] = []
    said: dict[str, list[str]] = {"filled": [], "untold": [], "scaled": [], "outside": []}
    for row in told.iter_rows(named=True):
        # Two versions of a task, mmlu@0 and mmlu@1, are two benchmarks of which the same is known.
        entry = lookup(row["benchmark"]) or lookup(row["benchmark"].rpartition("@")[0])
        if entry is None:
            rows.append(row)
            continue
        known, what = _from_catalogue(entry, row, spread[row["benchmark"]], row["benchmark"] in turned)
        full = {fact: known.get(fact) if value is None else value for fact, value in row.items()}
        for kind in (*what, *(["filled"] if full != row else [])):
            said[kind].append(row["benchmark"])
        rows.append(full)
    return Facts(pl.DataFrame(rows, schema=BENCHMARK_FACTS), _catalogue_notes(said))


def _from_catalogue(
    entry: BenchmarkFacts, told: Mapping[str, Any], spread: tuple[float, float], turned: bool
) -> tuple[dict[str, Any], list[str]]:
    """The catalogue's facts that hold for these scores, and what has to be said."""
    facts = {fact: getattr(entry, fact) for fact in BENCHMARK_FACTS if fact not in ("benchmark", "higher_is")}
    if told["higher_is"] is None and not turned and entry.higher_is == "worse":
        return facts | dict.fromkeys(ABOUT_RAW), ["untold"]
    if ("worse" if turned else told["higher_is"] or "better") != entry.higher_is:
        return facts | dict.fromkeys(ABOUT_RAW), []
    if entry.chance is None and entry.maximum is None:
        return facts, []
    factor = scale_of(*spread, 1.0 if entry.maximum is None else entry.maximum)
    if factor is None:
        return facts | {"chance": None, "maximum": None}, ["outside"]
    scaled = {
        fact: None if value is None else value * factor
        for fact, value in (("chance", entry.chance), ("maximum", entry.maximum))
    }
    return facts | scaled, ["scaled"] if factor != 1 else []


def _catalogue_notes(said: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    untold = said["untold"]
    notes = {
        "filled": f"facts of {len(said['filled'])} benchmarks completed from measurand's catalogue, by name",
        "untold": (
            f"direction taken as given (higher is better or safer) for {shorten(untold)}: the raw metric of each is "
            "better when lower, and the table does not say whether it was turned; if it was not, turn it with "
            f"lower_is_better={list(untold[:3])} (--lower-is-better {untold[0] if untold else ''})"
        ),
        "scaled": f"percentages, so chance and maximum of the catalogue times 100: {shorten(said['scaled'])}",
        "outside": f"scores outside the catalogue's range, its chance and maximum not used: {shorten(said['outside'])}",
    }
    return tuple(note for kind, note in notes.items() if said[kind])


def _layered(
    names: Sequence[str], key: str, types: Mapping[str, pl.DataType], layers: Sequence[pl.DataFrame]
) -> pl.DataFrame:
    """One row per name; each fact from the first layer that has it."""
    frame = pl.DataFrame({key: names}, schema={key: pl.String}).with_columns(
        pl.lit(None, dtype=dtype).alias(fact) for fact, dtype in types.items() if fact != key
    )
    for layer in layers:
        frame = frame.join(layer, on=key, how="left", suffix="\0", maintain_order="left").select(
            key,
            *(
                pl.coalesce(fact, f"{fact}\0") if fact in layer.columns else pl.col(fact)
                for fact in types
                if fact != key
            ),
        )
    return frame


@functools.cache
def _published_models() -> pl.DataFrame:
    data = files("measurand").joinpath("data", "published_models.csv").read_bytes()
    return pl.read_csv(data, schema_overrides={"parameters": pl.Float64, "training_flop": pl.Float64}).drop(
        "display_name"
    )
