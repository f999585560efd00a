"""Models held against reference models: their excess over the curve from a reference benchmark to a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.gaming.shared.pairs import Pair, chosen_pairs, load_pair, natural_references, noise_of
from measurand.measures.verdicts import Side, Unassessed, against, family
from measurand.results import Status
from measurand.stats.hiding.reference_curve import LEAST_MODELS, Excess, Noise, draw_models, excess, predict, resampled
from measurand.stats.intervals.limits import Limits
from measurand.tables import Responses, Scores
from measurand.wording import plural, points

__all__ = ["HeldAgainst", "both_p", "excess_of", "held_apart", "held_pairs", "in_family", "roles_of"]

_CURVES, _PLACES = 500, 41
"""Resampled curves in the picture's band, and places at which they are drawn: more do not show."""

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

    def limits(self, place: int) -> Limits:
        """Excess of one suspect with its interval."""
        return Limits(*(float(values[place]) for values in (self.excess.value, self.excess.low, self.excess.high)))


def roles_of(
    pair: Pair, suspects: Sequence[str] | None, older: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Reference models and suspects of a pair."""
    least = LEAST_MODELS + 1
    if len(pair.models) < least:
        ran = f"{plural(len(pair.models), 'model')} ran both {pair.benchmark} and {pair.reference}"
        raise NotApplicable(ran, needs=f"at least {least}")
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
    # Held against itself, a model is left out of its own curve (in `excess`).
    in_turn = bool(set(references) & set(suspects))
    return HeldAgainst(
        pair=pair,
        references=tuple(references),
        suspects=tuple(suspects),
        in_turn=in_turn,
        excess=found,
        curve=(x, np.nanmean(curves, axis=0), low, high),
    )


def held_pairs(
    scores: Scores,
    responses: Responses | None,
    pairs: Sequence[tuple[str, str]] | None,
    suspects: Sequence[str] | None,
    released: str | None,
    *,
    paired: bool = False,
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[list[tuple[HeldAgainst, Noise]], tuple[Unassessed, ...]]:
    """Suspects held against reference models on every pair of benchmarks that enough models ran, and what was not.

    Raises
    ------
    NotApplicable
        No pair of benchmarks, or too few models for each.
    UnknownName
        A suspect or benchmark that is not there.
    InputError
        Too few resamples, or items that do not match.
    """
    if resamples < 100:
        raise InputError(f"resamples should be at least 100, got {resamples}")
    known = list(scores.models["model"])
    for name in suspects or ():
        if name not in known:
            raise UnknownName("model", name, known)
    found, blind = [], []
    for benchmark, reference in chosen_pairs(scores, pairs):
        try:
            pair = load_pair(scores, responses, benchmark, reference)
            roles = roles_of(pair, suspects, natural_references(scores, pair.models, released))
            noise = noise_of(pair, resamples, rng, paired=paired)
            found.append((excess_of(pair, noise, *roles, level, rng), noise))
        except NotApplicable as problem:
            subject = {"benchmark": benchmark, "against": reference}
            blind.append(Unassessed(subject, problem.reason, problem.needs))
    if not found:
        raise NotApplicable(blind[0].reason, needs=blind[0].needs)
    return found, tuple(blind)


def both_p(found: Excess) -> Floats:
    """Chance of so large an excess from items and curve, and from scatter, the larger of the two.

    1 where the scatter is not known, and beyond the reference models: there 15 to 28% of clean models would be flagged
    (simulated).
    """
    judged = np.isfinite(found.scatter_p) & ~found.beyond
    both: Floats = np.where(judged, np.maximum(found.p_value, found.scatter_p), 1.0)
    return both


def in_family(held: Sequence[HeldAgainst]) -> list[Floats]:
    """`both_p` of every suspect of each pair, adjusted (Holm) for all suspects on all pairs of the audit."""
    sizes = [len(each.suspects) for each in held]
    adjusted = family(np.concatenate([both_p(each.excess) for each in held]))
    return np.split(adjusted, np.cumsum(sizes)[:-1])


def held_apart(
    each: HeldAgainst, place: int, adjusted: Floats, among: int, alpha: float, negligible: float, what: str
) -> tuple[Status, str]:
    """Verdict on one suspect, and why: whether items and the scatter of other models explain its excess.

    Parameters
    ----------
    adjusted : of the pair's suspects, from `in_family`.
    among : comparisons in that family.
    what : is in excess, with its article.
    """
    found, n = each.excess, int(each.excess.models[place])
    more = f"more than items or the scatter of {plural(n, 'model')} explain"
    if adjusted[place] < alpha:
        return Status.ISSUE, more
    if both_p(found)[place] < alpha:
        return Status.CAUTION, f"judged on its own, {more}, but among {among:,} comparisons that could be chance"
    if found.beyond[place]:
        reason = f"no other model does as well on {each.pair.reference}"
        return Status.CAUTION, f"{reason}, so there is nothing to compare with"
    if against(found.low[place], found.high[place], negligible) is Side.BELOW:
        return Status.PASSED, f"{what} above {points(negligible)} is excluded"
    if found.p_value[place] < alpha:
        scattered = "other models lie as far off the curve"
        few = f"{plural(n, 'reference model')} are too few to tell how far others scatter"
        known = np.isfinite(found.scatter_p[place])
        return Status.CAUTION, f"more than the choice of items explains, but {scattered if known else few}"
    return Status.CAUTION, f"{what} is neither shown nor excluded"
