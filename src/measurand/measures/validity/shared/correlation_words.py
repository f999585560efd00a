"""Sentences of V1: what a benchmark is called, and how many of a class are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from measurand.measures.shared import kind
from measurand.measures.validity.shared.panel import LEAST_MODELS, Panel
from measurand.measures.verdicts import Call, Side, Unassessed
from measurand.results import Estimate, Finding, Table
from measurand.stats.capability.capabilities import METHODS
from measurand.stats.capability.pca import Way
from measurand.stats.intervals.correlation import models_to_decide
from measurand.stats.intervals.limits import Limits
from measurand.wording import (
    RISES,
    SEPARATE,
    TOO_FEW,
    WORSE,
    agreeing,
    limits_of,
    listed,
    percent,
    plural,
    shown,
    signed,
    value_of,
)

__all__ = [
    "INDEPENDENT",
    "MOST_OWN",
    "OTHER_WAY",
    "SCORES",
    "SHORT",
    "VERDICTS",
    "said",
    "sentence",
    "summary",
    "table",
    "without_further",
]

VERDICTS = {Side.ABOVE: "entangled", Side.BELOW: "inverse", Side.BETWEEN: "disentangled"}
"""What it means where the whole interval lies of the threshold and its negative; else undecided."""

_ALONE = {
    Side.ABOVE: "tracking general capability",
    Side.BELOW: "getting worse with general capability",
    Side.BETWEEN: "separate from general capability",
}

SHORT = {
    Side.ABOVE: RISES,
    Side.BELOW: WORSE,
    Side.BETWEEN: SEPARATE,
    Side.ACROSS: TOO_FEW,
    Side.UNKNOWN: TOO_FEW,
}
"""A verdict in a row of a table."""

INDEPENDENT = (
    "The families of most of these models are not known, so the intervals treat the models as independent: they cover "
    "84 to 90% instead of 95% where families account for 60% of the variance."
)
"""Measured at 26 models in 8 families and 60 in 20 (docs/calibration.md)."""

OTHER_WAY = "not the published way: {way}; how often its verdicts are wrong was simulated less widely"
"""What else than the first component and Spearman's correlation was asked for."""

_CORRELATIONS = {"spearman": "Spearman's correlation", "pearson": "Pearson's correlation", "kendall": "Kendall's tau-b"}
SCORES = {
    "component": "the first component of the capability benchmarks",
    "average": "the average of the standardised capability benchmarks",
}


def said(way: Way) -> str:
    """How the number was made, in words."""
    return f"{_CORRELATIONS[way.correlation]} with {SCORES[way.weighting]}"


MOST_OWN = 5
"""Benchmarks under test up to which each speaks for itself."""


def summary(panel: Panel, tested: Sequence[Finding], count: Counter[str], alone: int, noun: str) -> str:
    """How many of the benchmarks of a class are called what; of a few, what each is.

    Parameters
    ----------
    count : how many have each verdict. alone : how many would have another, judged by themselves.
    noun : what is under test: "benchmark" or "safety benchmark".
    """
    models = f"{kind(panel.class_)}models"
    if not tested:
        reason = f"no benchmark under test can be ranked over the {models}"
        needs = f"a benchmark under test with different scores of at least {LEAST_MODELS} models"
        return Unassessed({}, reason, needs).finding().sentence
    if len(tested) <= MOST_OWN:
        return " ".join(finding.sentence for finding in tested)
    rise, fall, apart, open_ = (count[verdict] for verdict in (*VERDICTS.values(), "undecided"))
    said = [
        f"{number} {does} {rest}"
        for number, does, rest in (
            (rise, f"clearly {agreeing(rise, 'rises')} with", "general capability"),
            (fall, f"clearly {agreeing(fall, 'gets')} worse with", "it" if rise else "general capability"),
            (apart, f"{agreeing(apart, 'is')} clearly separate from", "it" if rise or fall else "general capability"),
        )
        if number
    ]
    of = f"Of {plural(len(tested), noun)}, "
    # On a ragged table no benchmark need have been run by all of them.
    ran = max(finding.estimates[0].n or 0 for finding in tested)
    among = f"{ran} {models}{' (taken as independent)' if panel.families_unknown else ''}"
    # What would be a verdict by itself is told apart from what is open at any count of benchmarks.
    looked_at = f" (each judged on its own, {alone} of these would be clear)" if alone else ""
    if not said:
        return f"{of}none has a clear verdict: {among} are too few to say{looked_at}."
    rest = "." if not open_ else f". For the other {open_}, {among} are too few to say{looked_at}."
    return f"{of}{listed(said)}{rest if open_ else f' ({among}).'}"


def sentence(name: str, panel: Panel, found: Estimate, call: Call, judged: Limits, threshold: float) -> str:
    """The policy reader's sentence for a benchmark under test.

    Parameters
    ----------
    found : the correlation as it is shown. judged : with the interval that the verdict goes by.
    """
    independent = " taken as independent" if panel.families_unknown else ""
    models = f"{found.n} {kind(panel.class_)}models{independent}"
    number = f"correlation {shown(found)}, {models}"
    match call.side:
        case Side.ABOVE:
            return (
                f"{name} clearly rises with general capability: {number}. "
                "A better score is what ordinary progress brings, not by itself a gain in safety."
            )
        case Side.BELOW:
            return (
                f"{name} clearly gets worse as models get more capable: {number}. Ordinary progress moves it the "
                "wrong way."
            )
        case Side.BETWEEN:
            return (
                f"{name} is largely separate from general capability: {number}. "
                "A better score is not explained by ordinary progress."
            )
    if call.alone in VERDICTS:
        return (
            f"For {name} too little is known to say: {number}. On its own it would count as {_ALONE[call.alone]}, but "
            f"among {call.family} benchmarks a few look like that by chance."
        )
    return (
        f"For {name} there are too few models to say whether it tracks general capability: {number}. The interval "
        f"reaches across {_crossed(judged, threshold)}; {_models_needed(judged, found.n or 0, threshold)}."
    )


def table(findings: Sequence[Finding], names: Mapping[str, str], title: str = "") -> Table | None:
    """A row per benchmark under test, from the one that rises most with capability down; of many, the decided ones.

    Parameters
    ----------
    findings : of one class, on benchmarks under test. names : to show, by benchmark.
    """
    decided = [finding for finding in findings if finding.result["verdict"] != "undecided"]
    rows = sorted(
        decided if decided and len(findings) > MOST_ROWS else findings,
        key=lambda finding: -(finding.estimates[0].value or 0.0),
    )
    if not rows:
        return None
    return Table(
        head=("benchmark", "correlation", f"{percent(rows[0].estimates[0].level)} interval", "with capability"),
        rows=tuple(
            (
                names[finding.subject["benchmark"]],
                value_of(finding.estimates[0]),
                limits_of(finding.estimates[0]),
                finding.short,
            )
            for finding in rows
        ),
        marks=tuple(finding.status for finding in rows),
        right=(1,),
        title=title,
        ends=True,
    )


MOST_ROWS = 12
"""Benchmarks up to which the undecided ones stand in the table too."""


def without_further(models: int, computed: Collection[str]) -> tuple[str, ...]:
    """What to say where the table is too large for every candidate interval of the detail view."""
    if not (left_out := len(set(METHODS) - set(computed))):
        return ()
    return (f"with {models:,} models, {plural(left_out, 'further interval', 'was')} left out of the detail view",)


def _crossed(found: Limits, threshold: float) -> str:
    if np.isnan(found.low):
        return "everything, since all models come from one family"
    return " and ".join(signed(bound) for bound in (-threshold, threshold) if found.low <= bound <= found.high)


def _models_needed(found: Limits, n: int, threshold: float) -> str:
    """How many models more would decide it, in words."""
    if np.isnan(found.low):
        return "models of a second family would be needed for an interval"
    more = models_to_decide(*found, n, (-threshold, threshold))
    if more is None:
        return "it lies so near the bound that no realistic number of models would decide it"
    return f"about {plural(more, 'more model')} like these would decide it if it stays where it is"
