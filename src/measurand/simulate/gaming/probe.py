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

CONTROLS: Areas = {(None, "norm"): 0.5, (None, "length"): 0.5, (None, "random"): 0.6, ("base", "probe"): 0.5}
CONDITIONS: tuple[tuple[float, Areas, bool, str], ...] = (
    (0.5, {}, False, "nothing to find"),
    (0.8, {(None, "norm"): 0.8}, False, "the norm tells as much"),
    (0.9, {("base", "probe"): 0.9}, False, "the base model's states tell as much"),
    (0.67, {(None, "norm"): 0.99}, False, "the norm tells more"),
    (0.9, {}, True, "probe 0.90, best confound 0.60"),
)
"""The probe's true area, what differs from `CONTROLS`, whether there is something to detect, and its name."""


def table(areas: Areas, prompts: int, layers: int, rng: np.random.Generator) -> ProbeScores:
    """Normal scores with the areas given, by control and kind; the first of the layers is the best.

    Parameters
    ----------
    areas : true area of each kind, in the model (None) and in controls.
    prompts : test prompts of each label; half as many are for choosing.
    layers : how many, at most three.
    """
    n = 2 * (prompts + (prompts + 1) // 2)
    label = np.arange(n) % 2 == 0
    split = np.where(np.arange(n) < 2 * prompts, "test", "choose")
    common = rng.standard_normal(n)
    parts = []
    for (control, kind), wanted in areas.items():
        for place in range(layers):
            # Less of the signal away from the best layer.
            shift = np.sqrt(2) * norm.ppf(wanted) * (1 - 0.3 * place)
            scores = np.sqrt(SHARED) * common + np.sqrt(1 - SHARED) * rng.standard_normal(n) + shift * label
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
            "score": scores,
            "label": label,
            "split": split.tolist(),
        }
    )


def _run(prompts: int, layers: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    for wanted, changed, there, name in CONDITIONS:
        areas = {(None, "probe"): wanted, **CONTROLS, **changed}
        result = defection_probe(table(areas, prompts, layers, rng), level=level)
        found = result.models[0]
        finding = judge(result)[1]
        add_event(outcome, "power" if there else "false_alarm", "detection", name, finding.status is Status.ISSUE)
        if there:
            add_event(outcome, "false_alarm", "passed", name, finding.status is Status.PASSED)
        at = LAYERS.index(found.layer)
        truth = _true(wanted, at)
        add_coverage(outcome, "probe_auroc", name, truth, found.area.low, found.area.high)
        for rival in found.rivals:
            if rival.name in ("norm", "base") and rival.difference is not None:
                key = (None, "norm") if rival.name == "norm" else ("base", "probe")
                place = LAYERS.index(rival.layer)
                other = _true(areas[key], place)
                if other > 0.5 or rival.name == "base":
                    limits = rival.difference.low, rival.difference.high
                    add_coverage(outcome, f"beyond {rival.name}", name, truth - other, *limits)
    return outcome


def _true(area: float, place: int) -> float:
    return float(norm.cdf(norm.ppf(area) * (1 - 0.3 * place)))


CELLS = tuple({"prompts": prompts, "layers": layers} for prompts, layers in SIZES)

SIMULATIONS = {
    "G9": Simulation(
        CELLS,
        _run,
        regime=(
            "probe scores of known areas under the curve, those of a prompt correlated by .5; nothing to find, a "
            "confound that tells as much, or defection itself"
        ),
    )
}
