"""Facts of models and benchmarks from several places, the nearest first: own columns, side files, what is shipped."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from typing import Any

import polars as pl

from measurand.catalogue import Match, taken_for
from measurand.readers.tables.directions import asked, sounds_lower
from measurand.readers.tables.facts import Facts
from measurand.readers.tables.known_models import lookup_models
from measurand.readers.tables.raw import shorten
from measurand.readers.tables.units import scale_of
from measurand.tables import BENCHMARK_FACTS, MODEL_FACTS

__all__ = ["complete_benchmarks", "complete_models"]

PUBLISHED = "Ren et al. 2024, arXiv 2407.21792"
ABOUT_RAW = ("metric", "chance", "maximum")
"""Facts of the catalogue that speak of the raw metric, so not of scores that were turned."""


def complete_models(names: Sequence[str], layers: Sequence[pl.DataFrame], of: Mapping[str, str] | None = None) -> Facts:
    """Facts of these models: each from the first layer that has it, then from the tables shipped.

    A class is taken from what is shipped only if then every model has one: it would else divide the user's models into
    those that the shipped table knows and the others.

    Parameters
    ----------
    names : the models.
    layers : facts, one row per model; the nearest first.
    of : the model that tables speak of, by the name of one of its runs.

    Examples
    --------
    >>> facts = complete_models(["Llama-2-7b-hf", "mine"], [pl.DataFrame({"model": ["mine"], "class": ["chat"]})])
    >>> facts.frame.select("model", "family", "class", "parameters").rows()
    [('Llama-2-7b-hf', 'Llama', 'base', 7000000000.0), ('mine', None, 'chat', None)]
    """
    of = of or {}
    notes = []
    frame = _layered(names, "model", MODEL_FACTS, layers, of)
    shipped = (
        (_published_models(), f"the published table of {PUBLISHED}, by equal name"),
        (
            lookup_models(list(dict.fromkeys(of.get(name, name) for name in names))),
            "measurand's table of models, where each figure has its source, by name",
        ),
    )
    for table, whence in shipped:
        told, frame = frame, _layered(names, "model", MODEL_FACTS, [frame, table], of)
        classed = frame["class"].count() - told["class"].count()
        if classed and frame["class"].null_count():
            frame = frame.with_columns(told["class"])
            notes.append(
                f"class of {classed} of {frame.height} models known from {whence}, and not used: of the others it is "
                "not known, and the models would be looked at in two groups (a column class, or --model-facts, says it)"
            )
        filled = [fact for fact in MODEL_FACTS if frame[fact].null_count() < told[fact].null_count()]
        if filled:
            changed = pl.any_horizontal(frame[fact].is_not_null() & told[fact].is_null() for fact in filled)
            count = frame.filter(changed).height
            notes.append(f"{', '.join(filled)} of {count} model{'s' * (count > 1)} from {whence}")
    # Runs of one model are no independent models: where no family is known, the model is theirs.
    own = pl.col("model").replace_strict(of, default=None, return_dtype=pl.String)
    return Facts(frame.with_columns(pl.coalesce("family", own).alias("family")), tuple(notes))


def complete_benchmarks(
    names: Sequence[str],
    layers: Sequence[pl.DataFrame],
    spread: Mapping[str, tuple[float, float]],
    turned: Collection[str] = (),
    of: Mapping[str, str] | None = None,
) -> Facts:
    """Facts of these benchmarks: each from the first layer that has it, then from the catalogue.

    The catalogue speaks of raw metrics, and a table's scores may have been turned before. So its direction is never
    applied, and its metric, chance and maximum only where the table's direction agrees with it and, for the last two,
    the scores lie in their range. What a name is taken for is said.

    Parameters
    ----------
    names : the benchmarks.
    layers : facts, one row per benchmark; the nearest first.
    spread : least and greatest score of each.
    turned : benchmarks the caller said are better when lower.
    of : the benchmark that tables speak of, by the name that keeps one of several apart.

    Examples
    --------
    >>> facts = complete_benchmarks(["mmlu"], [], {"mmlu": (25.0, 86.0)})
    >>> facts.frame.select("role", "chance", "maximum").row(0)
    ('capability', 25.0, 100.0)
    """
    of = of or {}
    told = _layered(names, "benchmark", BENCHMARK_FACTS, layers, of)
    rows: list[dict[str, Any]] = []
    said: dict[str, list[str]] = {kind: [] for kind in ("untold", "sounds", "scaled", "outside")}
    taken: dict[str, list[str]] = {}
    for row in told.iter_rows(named=True):
        name = row["benchmark"]
        # Two versions of a task, mmlu@0 and mmlu@1, are two benchmarks of which the same is known.
        match = taken_for(of.get(name, name)) or taken_for(name.rpartition("@")[0])
        known, what = ({}, []) if match is None else _from_catalogue(match, row, spread[name], name in turned)
        unsettled = row["higher_is"] is None and name not in turned
        if unsettled and (match is None or match.facts.higher_is is None) and sounds_lower(name):
            what = [*what, "sounds"]
        full = {fact: known.get(fact) if value is None else value for fact, value in row.items()}
        if match is not None and full != row:
            taken.setdefault(match.facts.source.split(";")[0], []).append(f"{name!r} for {match.facts.name}")
        for kind in what:
            said[kind].append(name)
        rows.append(full)
    return Facts(pl.DataFrame(rows, schema=BENCHMARK_FACTS), (*_taken_notes(taken), *_catalogue_notes(said)))


def _from_catalogue(
    match: Match, told: Mapping[str, Any], spread: tuple[float, float], turned: bool
) -> tuple[dict[str, Any], list[str]]:
    """The catalogue's facts that hold for these scores, and what has to be said."""
    entry = match.facts
    facts = {fact: getattr(entry, fact) for fact in BENCHMARK_FACTS if fact not in ("benchmark", "higher_is")}
    if not match.exact:
        # Columns of one benchmark that differ in what follows its name would else look the same.
        facts["name"] = None
    if not match.same_metric:
        facts |= dict.fromkeys(ABOUT_RAW)
    if told["higher_is"] is None and not turned and entry.higher_is == "worse":
        return facts | dict.fromkeys(ABOUT_RAW), ["untold"]
    if ("worse" if turned else told["higher_is"] or "better") != entry.higher_is:
        return facts | dict.fromkeys(ABOUT_RAW), []
    if facts["chance"] is None and facts["maximum"] is None:
        return facts, []
    factor = scale_of(*spread, 1.0 if facts["maximum"] is None else facts["maximum"])
    if factor is None:
        return facts | {"chance": None, "maximum": None}, ["outside"]
    scaled = {
        fact: None if value is None else value * factor
        for fact, value in (("chance", facts["chance"]), ("maximum", facts["maximum"]))
    }
    return facts | scaled, ["scaled"] if factor != 1 else []


def _taken_notes(taken: Mapping[str, Sequence[str]]) -> list[str]:
    """Which names were taken for which benchmarks, by the source of what is known of them."""
    if not taken:
        return []
    by_source = "; ".join(f"{shorten(names)} ({source})" for source, names in taken.items())
    return [f"taken by name for benchmarks of measurand's catalogue, with its facts: {by_source}"]


def _catalogue_notes(said: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    notes = {
        "untold": asked(
            said["untold"], "the raw metric is better when lower, and the table does not say whether it was turned"
        ),
        "sounds": asked(said["sounds"], "by the name lower may be better, and nothing says which"),
        "scaled": f"percentages, so chance and maximum of the catalogue times 100: {shorten(said['scaled'])}",
        "outside": f"scores outside the catalogue's range, its chance and maximum not used: {shorten(said['outside'])}",
    }
    return tuple(note for kind, note in notes.items() if said[kind])


def _layered(
    names: Sequence[str],
    key: str,
    types: Mapping[str, pl.DataType],
    layers: Sequence[pl.DataFrame],
    of: Mapping[str, str],
) -> pl.DataFrame:
    """One row per name; each fact from the first layer that has it, under the name or what it stands for."""
    frame = pl.DataFrame({key: names}, schema={key: pl.String}).with_columns(
        pl.col(key).replace(of).alias("\0of"),
        *(pl.lit(None, dtype=dtype).alias(fact) for fact, dtype in types.items() if fact != key),
    )
    for layer, by in ((layer, by) for layer in layers for by in ((key, "\0of") if of else (key,))):
        joined = frame.join(layer, left_on=by, right_on=key, how="left", suffix="\0", maintain_order="left")
        frame = joined.select(
            key,
            "\0of",
            *(
                pl.coalesce(fact, f"{fact}\0") if fact in layer.columns else pl.col(fact)
                for fact in types
                if fact != key
            ),
        )
    return frame.drop("\0of")


@functools.cache
def _published_models() -> pl.DataFrame:
    data = files("measurand").joinpath("data", "published_models.csv").read_bytes()
    return pl.read_csv(data, schema_overrides={"parameters": pl.Float64, "training_flop": pl.Float64}).drop(
        "display_name"
    )
