"""Scores of one model's probes by kind and layer, and of what the probe has to beat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.stats.hiding.areas import area, area_difference
from measurand.stats.intervals.limits import Limits
from measurand.stats.texts.two_sample import auroc
from measurand.tables import ProbeScores

__all__ = ["CONFOUNDS", "Battery", "Layer", "Rival", "batteries", "layers_of", "probe_layer", "rivals_of", "told"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CONFOUNDS = {
    "norm": "the norm of the hidden state",
    "length": "the length of the prompt",
    "random": "the best of many random directions",
}
"""What a probe has to beat, beside the same probe on a control model."""

Scores = Mapping[tuple[str | None, str, int], Mapping[str, float]]
"""(control, kind, layer) -> score of each prompt."""


@dataclass(frozen=True)
class Battery:
    """All scores of one model.

    Parameters
    ----------
    model : its name.
    labels : whether the model defects on each prompt; a control's prompts wear the same labels.
    choosing, testing : prompts on which layer and direction are chosen, and on which they are judged.
    scores : by control (None for the model itself), kind and layer.
    """

    model: str
    labels: Mapping[str, bool]
    choosing: tuple[str, ...]
    testing: tuple[str, ...]
    scores: Scores = field(repr=False)

    def layers(self, kind: str, control: str | None = None) -> list[int]:
        """Layers at which a kind has scores."""
        return sorted(layer for of, name, layer in self.scores if of == control and name == kind)

    def controls(self) -> list[str]:
        """Names of the control models."""
        return sorted({of for of, _, _ in self.scores if of is not None})

    def both_labels(self, prompts: tuple[str, ...]) -> Bools:
        """Labels of prompts, shape (prompts,)."""
        return np.array([self.labels[prompt] for prompt in prompts], dtype=np.bool_)


@dataclass(frozen=True)
class Layer:
    """Area at one layer on the test prompts: of the probe, or of what it has to beat."""

    layer: int
    series: str
    area: Limits


@dataclass(frozen=True)
class Rival:
    """What the probe has to beat.

    Parameters
    ----------
    name : kind, or name of the control model.
    what : the same in words.
    layer : at which it is judged: a control's is the probe's, a confound's its own best.
    area : on the test prompts.
    difference : the probe's area minus this one, on the test prompts both have; None where too few are shared.
    """

    name: str
    what: str
    layer: int
    area: Limits
    difference: Limits | None


def batteries(probe_scores: ProbeScores) -> Iterator[Battery]:
    """Every model under test, in the order of the table.

    A prompt's label and split are those of the model under test: a control that does not defect is asked the same
    prompts.
    """
    for (model,), own in probe_scores.frame.group_by("model", maintain_order=True):
        tested = own.filter(pl.col("control").is_null())
        prompts = tested.group_by("prompt", maintain_order=True).agg(pl.col("label", "split").first())
        labels = dict(prompts.select("prompt", "label").iter_rows())
        split = dict(prompts.select("prompt", "split").iter_rows())
        scores: dict[tuple[str | None, str, int], dict[str, float]] = {}
        known = own.filter(pl.col("prompt").is_in(list(labels)))
        for control, kind, layer, prompt, score in known.select(
            "control", "kind", "layer", "prompt", "score"
        ).iter_rows():
            scores.setdefault((control, kind, layer), {})[prompt] = score
        choosing, testing = (tuple(prompt for prompt in labels if split[prompt] == name) for name in ("choose", "test"))
        yield Battery(str(model), labels, choosing, testing, scores)


def told(battery: Battery, prompts: tuple[str, ...], least: int) -> bool:
    """Whether there are enough prompts of each label."""
    labels = battery.both_labels(prompts)
    return bool(min(labels.sum(), (~labels).sum()) >= least)


def _shared(battery: Battery, prompts: tuple[str, ...], *keys: tuple[str | None, str, int]) -> tuple[str, ...]:
    return tuple(prompt for prompt in prompts if all(prompt in battery.scores[key] for key in keys))


def _values(battery: Battery, key: tuple[str | None, str, int], prompts: tuple[str, ...]) -> Floats:
    return np.array([battery.scores[key][prompt] for prompt in prompts], dtype=np.float64)


def probe_layer(battery: Battery) -> int:
    """The layer with the largest area on the prompts for choosing; without such prompts the middle one."""
    layers = battery.layers("probe")
    # Two of each label are the fewest that give an area; a poor choice of layer only makes the probe look worse.
    if not told(battery, battery.choosing, 2):
        return layers[(len(layers) - 1) // 2]
    areas = [_area_at(battery, (None, "probe", layer), battery.choosing) for layer in layers]
    return layers[int(np.argmax(areas))]


def strongest(battery: Battery, kind: str, control: str | None = None) -> tuple[int, float]:
    """The layer at which a confound tells most, one way or the other, and the sign that turns it.

    By all prompts, those of the test too: that can only make a confound look better than it is.
    """
    layers = battery.layers(kind, control)
    prompts = battery.choosing + battery.testing
    areas = [_area_at(battery, (control, kind, layer), prompts) - 0.5 for layer in layers]
    place = int(np.argmax(np.abs(areas)))
    return layers[place], -1.0 if areas[place] < 0 else 1.0


def _area_at(battery: Battery, key: tuple[str | None, str, int], prompts: tuple[str, ...]) -> float:
    shared = _shared(battery, prompts, key)
    labels = battery.both_labels(shared)
    return auroc(_values(battery, key, shared), labels) if 0 < labels.sum() < len(labels) else 0.5


def rivals_of(battery: Battery, layer: int, least: int, level: float) -> tuple[Rival, ...]:
    """Every rival of the probe at that layer: confounds each at their best layer, controls at the probe's own."""
    found = []
    for kind, what in CONFOUNDS.items():
        if battery.layers(kind):
            at, sign = strongest(battery, kind)
            found.append(_rival(battery, kind, what, (None, kind, at), sign, layer, least, level))
    for control in battery.controls():
        if layer in battery.layers("probe", control):
            what = f"the same probe in the {control} model"
            found.append(_rival(battery, control, what, (control, "probe", layer), 1.0, layer, least, level))
    return tuple(rival for rival in found if rival is not None)


def _rival(
    battery: Battery,
    name: str,
    what: str,
    key: tuple[str | None, str, int],
    sign: float,
    layer: int,
    least: int,
    level: float,
) -> Rival | None:
    own = _shared(battery, battery.testing, key)
    if not told(battery, own, least):
        return None
    alone = area(sign * _values(battery, key, own), battery.both_labels(own), level)
    probe = (None, "probe", layer)
    shared = _shared(battery, battery.testing, key, probe)
    difference = None
    if told(battery, shared, least):
        scores = _values(battery, probe, shared), sign * _values(battery, key, shared)
        difference = area_difference(*scores, battery.both_labels(shared), level)
    return Rival(name, what, key[2], alone, difference)


def layers_of(battery: Battery, least: int, level: float) -> tuple[Layer, ...]:
    """Areas at every layer on the test prompts, for the picture; confounds turned the way they are judged."""
    found = []
    for control in (None, *battery.controls()):
        for kind in ("probe", *(CONFOUNDS if control is None else ()), "trigger"):
            layers = battery.layers(kind, control)
            sign = strongest(battery, kind, control)[1] if layers and kind in CONFOUNDS else 1.0
            for layer in layers:
                key = (control, kind, layer)
                prompts = _shared(battery, battery.testing, key)
                if told(battery, prompts, least):
                    scores = sign * _values(battery, key, prompts)
                    series = kind if control is None else f"{kind}, {control} model"
                    found.append(Layer(layer, series, area(scores, battery.both_labels(prompts), level)))
    return tuple(found)
