"""Conditions that a key of the data names: which rows are in which, which is without a cue, which look like a test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.names import resolved, settings_in
from measurand.tables import Responses

__all__ = ["NEEDS", "Conditions", "by_condition", "dose_of", "side_of"]

NEEDS = (
    "item-level results on the same items in at least two conditions, one of them without a cue, and the key that "
    "names the condition"
)

USUAL = ("condition", "cue")
"""Keys that say a condition where nobody names one."""

VARIANT = "variant"

MOST_CONDITIONS = 24
"""A key of more values names something else."""

WITHOUT = (
    *("none", "no", "no cue", "without", "without cue", "0", "deployment", "deployed", "baseline", "control"),
    *("plain", "default", "false", "off"),
)
"""Names of the condition without a cue; of several that are there, the first."""

# Deployment first: “unwatched” holds “watched”.
UNWATCHED = ("deploy", "production", "unwatched", "unmonitored", "unobserved", "real user", "in use")
WATCHED = ("test", "eval", "exam", "benchmark", "watched", "monitored", "observed", "audit", "graded")


@dataclass(frozen=True, eq=False)
class Conditions:
    """Item-level results by condition.

    Parameters
    ----------
    responses : the rows that say their condition, which stands in the place of the variant; prompts that vary within a
        condition count as runs of its items.
    key : what names the condition.
    baseline : the condition without a cue.
    """

    responses: Responses
    key: str
    baseline: str


def by_condition(responses: Responses, key: str | None, baseline: str | None) -> Conditions:
    """The rows of every condition.

    Parameters
    ----------
    responses : any.
    key : ``variant``, a key of the items or rows (a column, or metadata of samples), or a setting by which the runs of
        a model are told apart; by default one called condition or cue.
    baseline : the condition without a cue; by default the one whose name says so.

    Raises
    ------
    NotApplicable
        No key is named, and none is called condition or cue; or a single condition; or nothing says which one is
        without a cue, of a key that nobody named.
    UnknownName
        A key or baseline that is not there.
    InputError
        More values than conditions have, or nothing says which one is without a cue.
    """
    keys, names = responses.cluster_keys(), responses.models()
    settings = {name: settings_in(name) for name in names}
    of_models = sorted({each for _, own in settings.values() for each in own})
    known = dict.fromkeys((VARIANT, *keys, *of_models))
    chosen = next((name for name in USUAL if name in known), None) if key is None else resolved("condition", key, known)
    if chosen is None:
        raise NotApplicable("nothing names a condition", needs=NEEDS)
    rows = responses.unclustered() if responses.cluster == chosen else responses
    model = pl.col("model")
    if chosen == VARIANT:
        value = pl.col(VARIANT)
    elif chosen in keys:
        value = responses.key_value(chosen)
    else:
        said = {name: own[chosen] for name, (_, own) in settings.items() if chosen in own}
        value = model.replace_strict(said, default=None, return_dtype=pl.String)
        model = model.replace({name: _without(chosen, *settings[name]) for name in said})
    own_rows = rows.frame.with_columns(variant=value, model=model).drop_nulls(VARIANT)
    values = sorted(own_rows.select(pl.col(VARIANT).unique()).collect()[VARIANT].to_list(), key=_order)
    if len(values) > MOST_CONDITIONS:
        raise _refusal(
            key, f"{chosen} has {len(values):,} values, more than the {MOST_CONDITIONS} that conditions may have"
        )
    if len(values) < 2:
        told = f"is {values[0]} throughout" if values else "has no value"
        raise NotApplicable(f"{chosen} {told}", needs=NEEDS)
    return Conditions(rows.of_rows(own_rows), chosen, _baseline(chosen, values, baseline, key))


def _without(key: str, model: str, settings: dict[str, str]) -> str:
    """The name of a model under the settings besides the key."""
    rest = ", ".join(f"{name}={value}" for name, value in settings.items() if name != key)
    return f"{model} ({rest})" if rest else model


def _baseline(key: str, values: Sequence[str], named: str | None, asked: str | None) -> str:
    if named is not None:
        if named in values:
            return named
        try:
            return resolved("condition", named, values)
        except UnknownName:
            raise UnknownName(f"value of {key}", named, values) from None
    folded = {_plain(value): value for value in reversed(values)}
    found = next((folded[name] for name in WITHOUT if name in folded), None)
    if found is None:
        raise _refusal(asked, f"none of the values of {key} says that it is without a cue: {', '.join(values)}")
    return found


def _refusal(asked: str | None, reason: str) -> Exception:
    """A wrong input where the key was named; else no conditions, as far as anyone knows."""
    if asked is not None:
        return InputError(f"{reason}; name a key of conditions, and the one without a cue as baseline")
    return NotApplicable(reason, needs=NEEDS)


def _plain(value: str) -> str:
    dose = dose_of(value)
    return value.strip().casefold() if dose is None else f"{dose:g}"


def _order(value: str) -> tuple[float, str]:
    """Doses by size, words by the alphabet."""
    dose = dose_of(value)
    return (math.inf if dose is None else dose, value)


def dose_of(value: str) -> float | None:
    """The number that a condition is; None where it is a word.

    Examples
    --------
    >>> dose_of("-2"), dose_of("test"), dose_of("nan")
    (-2.0, None, None)
    """
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def side_of(start: str, end: str) -> int:
    """Whether the second condition looks more like a test than the first (1), or less (-1).

    Of numbers the greater one does. Of words, one that speaks of deployment looks less like a test, and one that
    speaks of tests more; what says neither is taken to be the cue, so that the second does.

    Examples
    --------
    >>> side_of("none", "test"), side_of("none", "deployment"), side_of("test", "plain"), side_of("0", "-2")
    (1, -1, -1, -1)
    """
    first, second = dose_of(start), dose_of(end)
    if first is not None and second is not None:
        return 1 if second >= first else -1
    return 1 if _looks(end) >= _looks(start) else -1


def _looks(name: str) -> int:
    folded = name.casefold()
    if any(word in folded for word in UNWATCHED):
        return -1
    return int(any(word in folded for word in WATCHED))
