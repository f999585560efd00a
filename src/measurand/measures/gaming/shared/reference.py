"""Models held against reference models: their excess over the curve from a reference benchmark to a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import NotApplicable
from measurand.measures.gaming.shared.pairs import Pair, require_models
from measurand.stats.hiding.reference_curve import LEAST_MODELS, Excess, Noise, draw_models, excess, predict, resampled
from measurand.wording import plural

__all__ = ["HeldAgainst", "both_p", "excess_of", "roles_of"]

_CURVES = 500
"""Resampled curves in the picture's band: more do not show."""

_PLACES = 41

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class HeldAgainst:
    """One benchmark held against one reference.

    Parameters
    ----------
    pair : the models and their scores.
    references, suspects : which models made the curve, and which were held against it. With `in_turn` every suspect
        is a reference for the others.
    excess : of the suspects over what the curve expects of them, as shares of the items.
    curve : reference score, expected score and its band, each of shape (places,).
    """

    pair: Pair
    references: tuple[str, ...]
    suspects: tuple[str, ...]
    in_turn: bool
    excess: Excess
    curve: tuple[Floats, Floats, Floats, Floats]


def roles_of(
    pair: Pair, suspects: Sequence[str] | None, older: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Reference models and suspects of a pair."""
    require_models(pair, LEAST_MODELS + 1)
    under = tuple(m for m in pair.models if (m in suspects if suspects is not None else m not in older))
    if not under:
        raise NotApplicable(
            f"no suspect ran both {pair.benchmark} and {pair.reference}", needs="scores of a suspect on both"
        )
    references = tuple(m for m in pair.models if m not in under)
    if suspects is None:
        references = tuple(older) if len(older) >= LEAST_MODELS else pair.models
    elif len(trusted := [m for m in references if m in older]) >= LEAST_MODELS:
        references = tuple(trusted)
    if len(references) < LEAST_MODELS:
        raise NotApplicable(
            f"{plural(len(references), 'reference model')} ran both {pair.benchmark} and {pair.reference}",
            needs=f"at least {LEAST_MODELS} that are not suspects",
        )
    return references, under


def excess_of(
    pair: Pair, noise: Noise, references: Sequence[str], suspects: Sequence[str], level: float, rng: np.random.Generator
) -> HeldAgainst:
    """Excess of the suspects over the curve of the reference models, and the curve."""
    own, held = pair.places(references), pair.places(suspects)
    scores, reference = pair.scores
    found = excess(noise, scores, reference, pair.chance, own, held, level=level, rng=rng)
    x = np.linspace(float(pair.scores[1].min()), float(pair.scores[1].max()), _PLACES)
    drawn = own[draw_models(len(own), min(_CURVES, len(noise.scores)), rng)]
    curves = predict(*resampled(noise, drawn), np.broadcast_to(x, (len(drawn), _PLACES)))
    low, high = np.nanquantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    in_turn = bool(set(references) & set(suspects))
    return HeldAgainst(
        pair=pair,
        references=tuple(references),
        suspects=tuple(suspects),
        in_turn=in_turn,
        excess=found,
        curve=(x, np.nanmean(curves, axis=0), low, high),
    )


def both_p(found: Excess) -> Floats:
    """Chance of so large an excess from items and curve, and from scatter, the larger of the two.

    1 where the scatter is not known, and beyond the reference models: there 15 to 28% of clean models would be flagged
    (simulated).
    """
    judged = np.isfinite(found.scatter_p) & ~found.beyond
    both: Floats = np.where(judged, np.maximum(found.p_value, found.scatter_p), 1.0)
    return both
