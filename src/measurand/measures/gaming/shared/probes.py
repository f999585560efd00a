"""Scores of one model's probes by kind and layer, and of what the probe has to beat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.stats.hiding.areas import Pairing
from measurand.stats.intervals.limits import Limits
from measurand.tables import ProbeScores

__all__ = [
    "CONFOUNDS",
    "Battery",
    "Layer",
    "Rival",
    "batteries",
    "layers_of",
    "length_alone",
    "may_choose",
    "probe_layer",
    "rivals_of",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CONFOUNDS = {
    "norm": "the norm of the hidden state",
    "length": "the length of the prompt",
    "random": "the best of many random directions",
}
"""What a probe has to beat, beside the same probe on a control model."""

Key = tuple[str | None, str, int]
"""Control (None for the model itself), kind and layer."""
Scores = Mapping[Key, Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Battery:
    """All scores of one model.

    Parameters
    ----------
    model : its name.
    labels : whether the model defects on each prompt; a control's prompts wear the same labels.
    items : what each prompt is about; prompts of one item are not independent.
    choosing, testing : prompts on which layer and direction are chosen, and on which they are judged.
    scores : by control (None for the model itself), kind and layer.
    lengths : of each prompt, where prompts are compared with those of equal length only; else empty.
    matched : test prompts that have one of equal length on the other side; None where no lengths are known.
    """

    model: str
    labels: Mapping[str, bool]
    items: Mapping[str, str]
    choosing: tuple[str, ...]
    testing: tuple[str, ...]
    scores: Scores = field(repr=False)
    lengths: Mapping[str, float] = field(repr=False)
    matched: int | None

    @property
    def confounds(self) -> Mapping[str, str]:
        """What the probe has to beat here: not the length, where that is held equal."""
        return {kind: what for kind, what in CONFOUNDS.items() if kind != "length" or not self.lengths}

    def layers(self, kind: str, control: str | None = None) -> list[int]:
        """Layers at which a kind has scores."""
        return sorted(layer for of, name, layer in self.scores if of == control and name == kind)

    def controls(self) -> list[str]:
        """Names of the control models."""
        return sorted({of for of, _, _ in self.scores if of is not None})

    def both_labels(self, prompts: tuple[str, ...]) -> Bools:
        """Labels of prompts, shape (prompts,)."""
        return np.array([self.labels[prompt] for prompt in prompts], dtype=np.bool_)

    def pairing(self, prompts: tuple[str, ...]) -> Pairing:
        """Which of these prompts are held against which."""
        strata = [self.lengths[prompt] for prompt in prompts] if self.lengths else None
        return Pairing.of(self.both_labels(prompts), strata, [self.items[prompt] for prompt in prompts])

    def compared(self, prompts: tuple[str, ...], *keys: Key) -> tuple[str, ...]:
        """Those of the prompts that have all these scores, and one of the other side to be held against."""
        scored = tuple(prompt for prompt in prompts if all(prompt in self.scores[key] for key in keys))
        if not scored:
            return ()
        kept = self.pairing(scored).compared
        return tuple(prompt for prompt, whether in zip(scored, kept, strict=True) if whether)


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
    layer : at which it is judged: the probe's, or a confound's own best where no control model has scores of it.
    area : on the test prompts.
    difference : the probe's area minus this one, on the test prompts both have; of a confound, where control models
        have scores of it, what the probe tells beyond the control minus what the confound does, for the control that
        leaves least of it. An area of a control below chance counts as chance. None where too few prompts are shared.
    """

    name: str
    what: str
    layer: int
    area: Limits
    difference: Limits | None


def batteries(probe_scores: ProbeScores, least: int) -> Iterator[Battery]:
    """Every model under test, in the order of the table.

    A prompt's label and split are those of the model under test: a control that does not defect is asked the same
    prompts. Prompts are compared within equal lengths where that leaves `least` test prompts of each label.
    """
    for (model,), own in probe_scores.frame.group_by("model", maintain_order=True):
        tested = own.filter(pl.col("control").is_null())
        prompts = tested.group_by("prompt", maintain_order=True).agg(pl.col("label", "split", "item").first())
        labels = dict(prompts.select("prompt", "label").iter_rows())
        split = dict(prompts.select("prompt", "split").iter_rows())
        # A prompt by itself is an item of its own, whatever others are called.
        items = {
            prompt: f"prompt {prompt}" if item is None else f"item {item}"
            for prompt, item in prompts.select("prompt", "item").iter_rows()
        }
        scores: dict[Key, dict[str, float]] = {}
        known = own.filter(pl.col("prompt").is_in(list(labels)))
        for control, kind, layer, prompt, score in known.select(
            "control", "kind", "layer", "prompt", "score"
        ).iter_rows():
            scores.setdefault((control, kind, layer), {})[prompt] = score
        choosing, testing = (tuple(prompt for prompt in labels if split[prompt] == name) for name in ("choose", "test"))
        battery = Battery(
            model=str(model),
            labels=labels,
            items=items,
            choosing=choosing,
            testing=testing,
            scores=scores,
            lengths={},
            matched=None,
        )
        yield _within_lengths(battery, least)


def _within_lengths(battery: Battery, least: int) -> Battery:
    layers = battery.layers("length")
    lengths = battery.scores[None, "length", layers[0]] if layers else {}
    if not layers or lengths.keys() < battery.labels.keys():
        return battery
    within = replace(battery, lengths=lengths)
    matched = within.compared(battery.testing)
    return replace(within if told(battery, matched, least) else battery, matched=len(matched))


def length_alone(battery: Battery, prompts: tuple[str, ...], level: float) -> Limits | None:
    """Area of the length, turned the way it tells more, where prompts of different length are compared.

    Over all prompts, or within items where that tells more: a password makes each item's prompt longer, which hides
    among items that differ in length themselves.
    """
    layers = battery.layers("length")
    known = battery.compared(prompts, (None, "length", layers[0])) if layers and not battery.lengths else ()
    if not known:
        return None
    lengths, labels = _values(battery, (None, "length", layers[0]), known), battery.both_labels(known)
    items = [battery.items[prompt] for prompt in known]
    found = [
        pairing.area(lengths if pairing.value(lengths) >= 0.5 else -lengths, level)
        for pairing in (Pairing.of(labels, None, items), Pairing.of(labels, items, items))
        if pairing.compared.any()
    ]
    return max(found, key=lambda limits: limits.low)


def told(battery: Battery, prompts: tuple[str, ...], least: int) -> bool:
    """Whether there are enough prompts of each label."""
    labels = battery.both_labels(prompts)
    return bool(min(labels.sum(), (~labels).sum()) >= least)


def _values(battery: Battery, key: Key, prompts: tuple[str, ...]) -> Floats:
    return np.array([battery.scores[key][prompt] for prompt in prompts], dtype=np.float64)


def probe_layer(battery: Battery) -> int:
    """The layer with the largest area beyond the controls on the prompts for choosing; without such the middle one."""
    layers = battery.layers("probe")
    # Two of each label are the fewest that give an area; a poor choice of layer only makes the probe look worse.
    if not may_choose(battery):
        return layers[(len(layers) - 1) // 2]
    return max(layers, key=lambda layer: _gain(battery, layer))


def _gain(battery: Battery, layer: int) -> tuple[float, float]:
    """Area of the probe beyond its largest in control models (beyond chance without any), and the area itself."""
    own = _area_at(battery, (None, "probe", layer), battery.choosing)
    others = [
        _area_at(battery, (control, "probe", layer), battery.choosing)
        for control in battery.controls()
        if layer in battery.layers("probe", control)
    ]
    return own - max([0.5, *others]), own


def may_choose(battery: Battery) -> bool:
    """Whether there are prompts to choose a layer on."""
    return told(battery, battery.compared(battery.choosing), 2)


def strongest(battery: Battery, kind: str, control: str | None = None) -> tuple[int, float]:
    """The layer at which a confound tells most, one way or the other, and the sign that turns it.

    By all prompts, those of the test too: that can only make a confound look better than it is.
    """
    layers = battery.layers(kind, control)
    prompts = battery.choosing + battery.testing
    areas = [_area_at(battery, (control, kind, layer), prompts) - 0.5 for layer in layers]
    place = int(np.argmax(np.abs(areas)))
    return layers[place], -1.0 if areas[place] < 0 else 1.0


def _area_at(battery: Battery, key: Key, prompts: tuple[str, ...]) -> float:
    shared = battery.compared(prompts, key)
    return battery.pairing(shared).value(_values(battery, key, shared)) if shared else 0.5


def rivals_of(battery: Battery, layer: int, least: int, level: float) -> tuple[Rival, ...]:
    """Every rival of the probe at that layer: what is simpler, and the same probe in control models."""
    controls = [control for control in battery.controls() if layer in battery.layers("probe", control)]
    found = [_confound(battery, kind, controls, layer, least, level) for kind in battery.confounds]
    for control in controls:
        what = f"the same probe in the {control} model"
        found.append(_rival(battery, control, what, (control, "probe", layer), 1.0, layer, least, level))
    return tuple(rival for rival in found if rival is not None)


def _confound(
    battery: Battery, kind: str, controls: Sequence[str], layer: int, least: int, level: float
) -> Rival | None:
    what = CONFOUNDS[kind]
    if not battery.layers(kind):
        return None
    told_by = [control for control in controls if layer in battery.layers(kind, control)]
    if not told_by or layer not in battery.layers(kind):
        at, sign = strongest(battery, kind)
        return _rival(battery, kind, what, (None, kind, at), sign, layer, least, level)
    # What is in the wording tells the sides apart in a model that does not defect as well: it cancels.
    sign = -1.0 if _area_at(battery, (None, kind, layer), battery.choosing + battery.testing) < 0.5 else 1.0
    own = _rival(battery, kind, what, (None, kind, layer), sign, layer, least, level)
    beyond = [(control, _beyond(battery, kind, sign, control, layer, least, level)) for control in told_by]
    known = [(control, limits) for control, limits in beyond if limits is not None]
    if own is None or not known:
        return own
    control, limits = min(known, key=lambda one: one[1].low)
    return replace(own, what=f"{what} beyond the {control} model", difference=limits)


def _beyond(
    battery: Battery, kind: str, sign: float, control: str, layer: int, least: int, level: float
) -> Limits | None:
    """What the probe tells beyond a control minus what a confound tells beyond it."""
    keys: dict[Key, float] = {
        (None, "probe", layer): 1.0,
        (control, "probe", layer): 1.0,
        (None, kind, layer): sign,
        (control, kind, layer): sign,
    }
    prompts = battery.compared(battery.testing, *keys)
    if not told(battery, prompts, least):
        return None
    pairing = battery.pairing(prompts)
    mine, theirs, simple, simple_theirs = (turn * _values(battery, key, prompts) for key, turn in keys.items())
    terms, shift = [(1, mine)], 0.0
    beyond = [(-1, theirs)]
    # A confound that tells less than in the control has gained nothing, and lends the probe nothing.
    if pairing.value(simple) > max(pairing.value(simple_theirs), 0.5):
        beyond += [(-1, simple), (1, simple_theirs)]
    for weight, scores in beyond:
        if pairing.value(scores) > 0.5:
            terms.append((weight, scores))
        else:
            shift += weight * 0.5
    found = pairing.contrast(terms, level)
    return Limits(found.value + shift, found.low + shift, found.high + shift)


def _rival(
    battery: Battery,
    name: str,
    what: str,
    key: Key,
    sign: float,
    layer: int,
    least: int,
    level: float,
) -> Rival | None:
    own = battery.compared(battery.testing, key)
    if not told(battery, own, least):
        return None
    alone = battery.pairing(own).area(sign * _values(battery, key, own), level)
    probe = (None, "probe", layer)
    shared = battery.compared(battery.testing, key, probe)
    difference = None
    if told(battery, shared, least):
        pairing, mine = battery.pairing(shared), _values(battery, probe, shared)
        theirs = sign * _values(battery, key, shared)
        if pairing.value(theirs) >= 0.5:
            difference = pairing.difference(mine, theirs, level)
        else:
            # Nobody would know to use it the other way round: it counts as chance.
            difference = Limits(*(limit - 0.5 for limit in pairing.area(mine, level)))
    return Rival(name, what, key[2], alone, difference)


def layers_of(battery: Battery, least: int, level: float) -> tuple[Layer, ...]:
    """Areas at every layer on the test prompts, for the picture; confounds turned the way they are judged."""
    found = []
    for control in (None, *battery.controls()):
        for kind in ("probe", *(battery.confounds if control is None else ()), "trigger"):
            layers = battery.layers(kind, control)
            sign = strongest(battery, kind, control)[1] if layers and kind in CONFOUNDS else 1.0
            for layer in layers:
                key = (control, kind, layer)
                prompts = battery.compared(battery.testing, key)
                if told(battery, prompts, least):
                    series = kind if control is None else f"{kind}, {control} model"
                    area = battery.pairing(prompts).area(sign * _values(battery, key, prompts), level)
                    found.append(Layer(layer, series, area))
    return tuple(found)
