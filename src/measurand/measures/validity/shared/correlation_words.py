"""Sentences of V1: what a benchmark is called, and how many of a class are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from measurand.measures.shared import kind
from measurand.measures.validity.shared.panel import LEAST_MODELS, Panel
from measurand.measures.verdicts import Call, Side, Unassessed
from measurand.results import Estimate, Finding
from measurand.stats.capability.capabilities import METHODS
from measurand.stats.intervals.correlation import models_to_decide
from measurand.stats.intervals.limits import Limits
from measurand.wording import agreeing, plural, shown, signed

__all__ = ["VERDICTS", "sentence", "summary", "without_further"]

VERDICTS = {Side.ABOVE: "entangled", Side.BELOW: "inverse", Side.BETWEEN: "disentangled"}
"""What it means where the whole interval lies of the threshold and its negative; else undecided."""

_ALONE = {
    Side.ABOVE: "tracking general capability",
    Side.BELOW: "getting worse with general capability",
    Side.BETWEEN: "separate from general capability",
}

_INDEPENDENT = (
    "The families of most of these models are not known, so the intervals treat the models as independent: they cover "
    "84 to 90% instead of 95% where families account for 60% of the variance."
)
"""Measured at 26 models in 8 families and 60 in 20 (docs/calibration.md)."""


def summary(panel: Panel, tested: Sequence[Finding], count: Counter[str], by_point: int, alone: int) -> str:
    """How many of the benchmarks of a class are called what."""
    if not tested:
        reason = f"no benchmark under test can be ranked over the {kind(panel.class_)}models"
        needs = f"a benchmark under test with different scores of at least {LEAST_MODELS} models"
        return Unassessed({}, reason, needs).finding().sentence
    independent = f" {_INDEPENDENT}" if panel.families_unknown else ""
    if len(tested) == 1:
        return tested[0].sentence + independent
    rise, fall, apart, open_ = (count[verdict] for verdict in (*VERDICTS.values(), "undecided"))
    # What would be a verdict by itself is told apart from what is open at any count of benchmarks.
    looked_at = f" (each judged on its own, {alone} of these would be clear)" if alone else ""
    return (
        f"Of {plural(len(tested), 'benchmark')} under test on {len(panel.models)} {kind(panel.class_)}models, {rise} "
        f"clearly {agreeing(rise, 'rises')} with general capability, {fall} clearly {agreeing(fall, 'gets')} worse "
        f"with it, {apart} {agreeing(apart, 'is')} clearly separate from it, and for {open_} there are too few models "
        f"to say{looked_at}; going by the point estimates alone, {by_point} would count as tracking capability."
        f"{independent}"
    )


def sentence(name: str, panel: Panel, found: Estimate, call: Call, judged: Limits, threshold: float) -> str:
    """The policy reader's sentence for a benchmark under test.

    Parameters
    ----------
    found : the correlation as it is shown. judged : with the interval that the verdict goes by.
    """
    independent = " taken as independent" if panel.families_unknown else ""
    number = f"(capabilities correlation {shown(found)}, {found.n} {kind(panel.class_)}models{independent})"
    match call.side:
        case Side.ABOVE:
            return (
                f"{name} mostly tracks general capability {number}: "
                "a better score is what ordinary progress brings, not by itself a gain in safety."
            )
        case Side.BELOW:
            return f"{name} gets worse as models get more capable {number}: ordinary progress moves it the wrong way."
        case Side.BETWEEN:
            return (
                f"{name} is largely separate from general capability {number}: "
                "a better score is not explained by ordinary progress."
            )
    if call.alone in VERDICTS:
        return (
            f"{name} cannot be called either way {number}: alone it would be called {_ALONE[call.alone]}, but not "
            f"among {call.family} benchmarks, of which a few look like that by chance."
        )
    return (
        f"{name} cannot be called either way {number}: the interval reaches across "
        f"{_crossed(judged, threshold)}; {_models_needed(judged, found.n or 0, threshold)}."
    )


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
