"""Simulated probe scores with known areas: nothing to find, something simpler to find, or defection itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import norm

from measurand.measures.gaming.probe import defection_probe, judge
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.tables import ProbeScores

__all__ = ["SIMULATIONS", "table"]

Areas = Mapping[tuple[str | None, str], float]

LAYERS = (4, 8, 12)
SIZES = ((20, 1), (50, 2), (200, 2))
"""Test prompts of each label (half as many to choose on), layers."""
SHARED = 0.5
"""Correlation of all scores of a prompt, within a label."""
OF_ITEM = 0.25
"""Correlation of the scores of an item's two prompts, one of each label."""
LENGTHS = 6
"""Different lengths of the prompts; the two of an item are equally long."""

CONTROLS: Areas = {
    (None, "norm"): 0.5,
    (None, "length"): 0.5,
    (None, "random"): 0.6,
    ("base", "probe"): 0.5,
    ("base", "norm"): 0.5,
    ("base", "random"): 0.6,
}
WORDING: Areas = {(None, "norm"): 0.95, ("base", "norm"): 0.95, (None, "random"): 0.97, ("base", "random"): 0.97}
CONDITIONS: tuple[tuple[float, Areas, bool, str], ...] = (
    (0.5, {}, False, "nothing to find"),
    (0.8, {(None, "norm"): 0.8}, False, "the norm tells as much"),
    (0.9, {("base", "probe"): 0.9}, False, "the base model's states tell as much"),
    (0.67, {(None, "norm"): 0.99}, False, "the norm tells more"),
    (0.9, {(None, "random"): 0.9, ("base", "random"): 0.5}, False, "a random direction tells as much"),
    (0.9, {(None, "length"): 0.95}, False, "lengths differ and tell more"),
    (0.9, {}, True, "probe 0.90, best confound 0.60"),
    (0.9, WORDING, True, "probe 0.90, confounds that read the wording in the base model too"),
)
"""The probe's true area, what differs from `CONTROLS`, whether there is something to detect, and its name."""


def table(areas: Areas, prompts: int, layers: int, rng: np.random.Generator) -> ProbeScores:
    """Normal scores with the areas given, by control and kind; the first of the layers is the best.

    Parameters
    ----------
    areas : true area of each kind, in the model (None) and in controls, between prompts of different items; a length
        that tells nothing is that of the item.
    prompts : test prompts of each label; half as many are for choosing.
    layers : how many, at most three.
    """
    n = 2 * (prompts + (prompts + 1) // 2)
    label = np.arange(n) % 2 == 0
    split = np.where(np.arange(n) < 2 * prompts, "test", "choose")
    lengths = np.repeat(rng.integers(10, 10 + LENGTHS, n // 2), 2).astype(np.float64)
    common = rng.standard_normal(n)
    parts = []
    for (control, kind), wanted in areas.items():
        for place in range(layers):
            # Less of the signal away from the best layer.
            shift = np.sqrt(2) * norm.ppf(wanted) * (1 - 0.3 * place)
            of_item = np.repeat(rng.standard_normal(n // 2), 2)
            own = np.sqrt(1 - SHARED - OF_ITEM) * rng.standard_normal(n) + np.sqrt(OF_ITEM) * of_item
            scores = np.sqrt(SHARED) * common + own + shift * label
            if kind == "length" and wanted == 0.5:
                scores = lengths
            parts.append(_rows(control, kind, LAYERS[place], scores, label, split))
    return ProbeScores.build(pl.concat(parts))


def _rows(
    control: str | None,
    kind: str,
    layer: int,
    scores: npt.NDArray[np.float64],
    label: npt.NDArray[np.bool_],
    split: npt.NDArray[np.str_],
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "control": pl.Series([control] * len(scores), dtype=pl.String),
            "kind": kind,
            "layer": layer,
            "prompt": [f"p{place}" for place in range(len(scores))],
            "item": [f"i{place // 2}" for place in range(len(scores))],
            "score": scores,
            "label": label,
            "split": split.tolist(),
        }
    )


def _run(prompts: int, layers: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    for wanted, changed, there, name in CONDITIONS:
        areas = {(None, "probe"): wanted, **CONTROLS, **changed}
        scores = table(areas, prompts, layers, rng)
        found = (result := defection_probe(scores, level=level)).models[0]
        finding = judge(result)[1]
        add_event(outcome, "power" if there else "false_alarm", "detection", name, finding.status is Status.ISSUE)
        if there:
            add_event(outcome, "false_alarm", "passed", name, finding.status is Status.PASSED)
        at = LAYERS.index(found.layer)
        same = _same_item(scores, found.within_lengths)
        truth = _true(wanted, at, same)
        add_coverage(outcome, "probe_auroc", name, truth, found.area.low, found.area.high)
        base = next((rival for rival in found.controls if rival.difference is not None), None)
        other = _true(areas["base", "probe"], at, same)
        if base is not None and base.difference is not None and areas["base", "probe"] > 0.5:
            limits = base.difference.low, base.difference.high
            add_coverage(outcome, "beyond base", name, truth - other, *limits)
    return outcome


def _same_item(scores: ProbeScores, within: bool) -> float:
    """Share of the pairs compared in which both prompts are of one item, each pair weighing as the measure has it."""
    test = scores.frame.filter(pl.col("control").is_null(), pl.col("kind") == "length", pl.col("split") == "test")
    first = test.filter(pl.col("layer") == LAYERS[0])
    items = first.group_by("score").len()["len"].to_numpy() / 2 if within else np.array([first.height / 2])
    # A stratum of m prompts of each label weighs m / 2, and 1 in m of its pairs is of one item.
    return float(len(items) / items.sum())


def _true(area: float, place: int, same: float) -> float:
    """True area: pairs of one item, which share what the item adds, and pairs of different items."""
    apart = norm.ppf(area) * (1 - 0.3 * place)
    together = apart / np.sqrt(1 - OF_ITEM)
    return float((1 - same) * norm.cdf(apart) + same * norm.cdf(together))


CELLS = tuple({"prompts": prompts, "layers": layers} for prompts, layers in SIZES)

SIMULATIONS = {
    "G9": Simulation(
        CELLS,
        _run,
        regime=(
            "probe scores of known areas under the curve, those of a prompt correlated by .5 and those of an item by "
            ".25, prompts of six lengths; nothing to find, a confound that tells as much, wording that tells in the "
            "base model too, or defection itself"
        ),
    )
}
