"""G2, fresh-set gap: do models lose more on fresh questions than the fresh questions' difficulty explains?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from measurand.errors import UnknownName
from measurand.measures import Measure
from measurand.measures.gaming.shared.pairs import Pair
from measurand.measures.gaming.shared.reference import HeldAgainst, held_apart, held_pairs, in_family
from measurand.measures.gaming.shared.words import first_few
from measurand.measures.shared import bars, columns, estimate, finite, require_fraction
from measurand.measures.verdicts import Side, Unassessed, against, headline, tally, unassessed, verdict
from measurand.results import Axis, Brief, Cell, Figure, Finding, Question, Status
from measurand.stats.hiding.fresh_gap import gap_limits, mean_gap, rank_correlation
from measurand.stats.hiding.reference_curve import Noise
from measurand.stats.intervals.limits import Limits
from measurand.tables import Responses, Scores
from measurand.wording import CORRELATION, DIFFERENCE, percent, plural, points, shown

__all__ = ["MEASURE", "FreshSet", "FreshSets", "fresh_set_gap", "memorisation_link"]

LEAST_LINKED = 8
"""Below this many models the interval of a rank correlation spans nearly everything."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class FreshSet:
    """One benchmark and a fresh set of it.

    Parameters
    ----------
    held : the suspects' excess over what their score on the fresh set and the other models predict.
    low, high : interval of each model's gap, old minus fresh, shape (models,); NaN where item counts are not known.
    mean : mean gap of all models, with its interval over models.
    order : rank correlation of the models' scores on the two sets, with its interval.
    link : rank correlation of likelihood and gap, and its number of models; None if not asked for.
    """

    held: HeldAgainst
    low: Floats
    high: Floats
    mean: Limits
    order: Limits
    link: tuple[Limits, int] | None

    @property
    def pair(self) -> Pair:
        """The models and their scores."""
        return self.held.pair

    @property
    def gaps(self) -> Floats:
        """Score on the benchmark minus score on the fresh set, shape (models,)."""
        gaps: Floats = self.pair.scores[0] - self.pair.scores[1]
        return gaps


@dataclass(frozen=True, repr=False)
class FreshSets(Brief):
    """Result of `fresh_set_gap`."""

    sets: tuple[FreshSet, ...]
    unassessed: tuple[Unassessed, ...]
    level: float


def fresh_set_gap(
    scores: Scores,
    responses: Responses | None = None,
    *,
    against: Sequence[tuple[str, str]] | None = None,
    suspects: Sequence[str] | None = None,
    released: str | None = None,
    likelihood: str | None = None,
    level: float = 0.95,
    resamples: int = 10_000,
    rng: np.random.Generator,
) -> FreshSets:
    """What models lose from a benchmark to a fresh set of it, read against what other models lose.

    A gap alone says that the fresh set is harder, or that the model knew the old one. So each suspect's gap is set
    against the gap that the other models have at its score on the fresh set (the curve of `contamination`).

    Parameters
    ----------
    scores : scores of at least 6 models on both sets.
    responses : item-level results; items are drawn where there are some of both for all models.
    against : pairs of a benchmark and its fresh set; by default those whose names say so.
    suspects, released : as in `contamination`.
    likelihood : name of a column of scores that holds each model's mean log-likelihood of the benchmark's questions;
        its rank correlation with the gap is the memorisation link.
    level : confidence level, in (0, 1).
    resamples : of items and models.

    Raises
    ------
    NotApplicable
        No pair of benchmarks that enough models ran.
    UnknownName
        A benchmark or model that is not there.
    InputError
        Item ids that do not match, or a setting out of its range.

    References
    ----------
    Zhang et al. 2024, A careful examination of large language model performance on grade school arithmetic,
    arXiv 2405.00332; Zhao et al. 2024, MMLU-CF, arXiv 2412.15194.

    Examples
    --------
    >>> import polars as pl
    >>> rows = [(f"m{i}", name, 0.08 * i + 0.1 * (name == "b"), 900) for i in range(10) for name in ("b", "b_fresh")]
    >>> table = pl.DataFrame(rows, schema=["model", "benchmark", "score", "n_items"], orient="row")
    >>> found = fresh_set_gap(Scores.build(table), resamples=200, rng=np.random.default_rng(0)).sets[0]
    >>> round(found.mean.value, 2), round(found.order.value, 2)
    (0.1, 1.0)
    """
    require_fraction(level=level)
    known = list(scores.benchmarks["benchmark"])
    if likelihood is not None and likelihood not in known:
        raise UnknownName("benchmark", likelihood, known)
    found, blind = held_pairs(scores, responses, against, suspects, released, level=level, resamples=resamples, rng=rng)
    return FreshSets(tuple(_set(scores, *each, likelihood, level) for each in found), blind, level)


def _set(scores: Scores, held: HeldAgainst, noise: Noise, likelihood: str | None, level: float) -> FreshSet:
    pair = held.pair
    old, new = pair.scores
    if pair.tables is None:
        low, high = gap_limits(old, new, pair.items[0], pair.items[1], level)
    else:
        edges = [(1 - level) / 2, (1 + level) / 2]
        low, high = np.quantile(noise.scores - noise.reference, edges, axis=0)
    link = None
    if likelihood is not None:
        link = memorisation_link(scores.matrix(pair.models, [likelihood])[:, 0], old - new, level)
    mean, order = mean_gap(old - new, level), rank_correlation(old, new, level)
    return FreshSet(held=held, low=low, high=high, mean=mean, order=order, link=link)


def memorisation_link(likelihoods: Floats, gaps: Floats, level: float = 0.95) -> tuple[Limits, int]:
    """Rank correlation of how likely the models find the questions with how much they lose on fresh ones.

    Parameters
    ----------
    likelihoods : mean log-likelihood of the benchmark's questions, shape (models,), NaN where not known.
    gaps : score on the benchmark minus score on the fresh set, shape (models,), NaN where not known.

    Returns
    -------
    limits, models

    Notes
    -----
    The abstract of Zhang et al. 2024 gives .36 between likelihood and gap; their released files give .2876 (n = 52).

    Examples
    --------
    >>> found, n = memorisation_link(np.arange(9.0), np.arange(9.0) ** 2)
    >>> found.value, n
    (1.0, 9)
    """
    both = np.isfinite(likelihoods) & np.isfinite(gaps)
    return rank_correlation(likelihoods[both], gaps[both], level), int(both.sum())


def judge(result: FreshSets, *, negligible: float = 0.05, same_order: float = 0.8) -> list[Finding]:
    """Issue: a model loses more than items, difficulty and the scatter of other models explain, after correction.

    A drop of all models that keeps their order (rank correlation above `same_order`) is difficulty.
    """
    rows: list[Finding] = []
    names: list[str] = []
    summaries: list[Finding] = []
    held = [each.held for each in result.sets]
    among = sum(len(each.suspects) for each in held)
    for each, adjusted in zip(result.sets, in_family(held), strict=True):
        places = range(len(each.held.suspects))
        own = [_finding(each, place, adjusted, among, result.level, negligible) for place in places]
        who = [finding.subject["model"] for finding in own if finding.status is Status.ISSUE]
        names += [f"{model} on {each.pair.benchmark}" for model in who]
        summaries.append(_summary(each, who, result.level, same_order))
        link = [_link_finding(each, *each.link, result.level)] if each.link is not None else []
        rows += [summaries[-1], *link, *own]
    caveats = tuple(dict.fromkeys((*MEASURE.caveats, *(c for each in result.sets for c in each.pair.caveats))))
    return [
        headline(_overview(summaries, names), summaries, caveats=caveats, figure="G2.gaps"),
        *rows,
        *unassessed(result.unassessed),
    ]


def _overview(summaries: Sequence[Finding], clear: Sequence[str]) -> str:
    if clear:
        verb = "loses" if len(clear) == 1 else "lose"
        return f"{first_few(clear)} {verb} more on fresh questions than difficulty explains."
    if len(summaries) == 1:
        return summaries[0].sentence
    return (
        f"On {tally(summaries)[Status.PASSED]} of {plural(len(summaries), 'fresh set')} what models lose is "
        "difficulty, not contamination; on none does a model clearly lose more than the others."
    )


def _lower(gap: float) -> str:
    return f"{points(abs(gap))} {'lower' if gap >= 0 else 'higher'}"


def _summary(each: FreshSet, who: Sequence[str], level: float, same_order: float) -> Finding:
    pair, n = each.pair, len(each.pair.models)
    mean = estimate("mean_gap", *each.mean, level=level, method="t over models", n=n, unit=DIFFERENCE)
    how = "Fisher z (Bonett-Wright)"
    order = estimate("rank_correlation", *each.order, level=level, method=how, n=n, unit=CORRELATION)
    kept = f"rank correlation {shown(order)}"
    status = verdict(against(order.low, order.high, same_order), passed=Side.ABOVE)
    if who:
        status = Status.ISSUE
        rest = (
            f"; {who[0]} loses more than models like it" if len(who) == 1 else f"; {first_few(who)} lose more than that"
        )
    elif status is Status.PASSED:
        rest = f" and keep their order ({kept}): difficulty, not contamination"
    else:
        rest = f", and their order is not clearly kept ({kept}): difficulty and contamination cannot be told apart"
    return Finding(
        subject=pair.subject,
        status=status,
        sentence=f"On average {plural(n, 'model')} score {_lower(each.mean.value)} on {pair.reference} than on "
        f"{pair.benchmark}{rest}.",
        estimates=(mean, order),
        caveats=pair.caveats,
        figure="G2.gaps",
    )


def _link_finding(each: FreshSet, found: Limits, n: int, level: float) -> Finding:
    how = "Fisher z (Bonett-Wright)"
    link = estimate("memorisation_link", *found, level=level, method=how, n=n, unit=CORRELATION)
    subject = each.pair.subject | {"link": "likelihood"}
    told = f"likelihood of the questions and loss on fresh ones correlate {shown(link)} over {plural(n, 'model')}"
    if n < LEAST_LINKED or link.low is None:
        reason = f"{plural(n, 'model', 'has')} a likelihood and a gap"
        finding = Unassessed(subject, reason, f"at least {LEAST_LINKED} that differ").finding()
    elif link.low > 0:
        sentence = f"Models that find {each.pair.benchmark} more likely lose more: {told}, as if they had memorised it."
        finding = Finding(subject=subject, status=Status.ISSUE, sentence=sentence)
    else:
        # That no link is shown clears nobody: likelihood is a weak sign of what was memorised.
        sentence = f"No link with memorisation is shown: {told}."
        finding = Finding(subject=subject, status=Status.CAUTION, sentence=sentence)
    return replace(finding, title="Memorisation link", estimates=(link,))


def _finding(each: FreshSet, place: int, adjusted: Floats, among: int, level: float, negligible: float) -> Finding:
    found, pair, model = each.held.excess, each.pair, each.held.suspects[place]
    at, n = pair.models.index(model), int(found.models[place])
    method = "Newcombe" if pair.tables is None else "bootstrap over items"
    limits = (float(values[at]) for values in (each.gaps, each.low, each.high))
    gap = estimate("gap", *limits, level=level, method=method, n=n, unit=DIFFERENCE)
    method = "reflected bootstrap over models and items"
    own = estimate("own_gap", *each.held.limits(place), level=level, method=method, n=n, unit=DIFFERENCE)
    expected = float(found.expected[place] - pair.scores[1, at])
    status, reason = held_apart(each.held, place, adjusted, among, 1 - level, negligible, "a loss of its own")
    return Finding(
        subject=pair.subject | {"model": model},
        status=status,
        sentence=f"{model} scores {_lower(float(each.gaps[at]))} on {pair.reference} than on {pair.benchmark}; "
        f"{plural(n, 'other model', 'predicts')} {_lower(expected)}, which leaves {shown(own)} of its own: {reason}.",
        estimates=(gap, own),
        figure="G2.gaps",
    )


def figure(result: FreshSets, *, findings: Sequence[Finding] = ()) -> list[Figure]:
    """Each model's gap, and the part of it that other models do not share; scores on both sets."""
    rows: list[tuple[Cell, ...]] = []
    spots: list[tuple[Cell, ...]] = []
    for each in result.sets:
        pair = each.pair
        name = f"{pair.benchmark} against {pair.reference}"
        place = {model: at for at, model in enumerate(each.held.suspects)}
        for at in np.argsort(-each.gaps, kind="stable"):
            model = pair.models[at]
            limits = (finite(float(v[at])) for v in (each.gaps, each.low, each.high))
            rows.append((name, model, *limits, "gap"))
            if model in place:
                rows.append((name, model, *each.held.limits(place[model]), "its own part"))
            spots.append((name, model, float(pair.scores[1, at]), float(pair.scores[0, at])))
    return [
        bars(
            "G2.gaps",
            "Score on the benchmark minus score on fresh questions",
            f"Gap, and the part of it that models of the same level do not share. Bars: {percent(result.level)} "
            "intervals.",
            columns(("pair", "model", "difference", "low", "high", "shown"), rows),
            Axis("difference", "score minus score on the fresh set"),
            Axis("model", "", "nominal"),
            color="shown",
            select=("pair",),
            rules=(0.0,),
        ),
        Figure(
            name="G2.scores",
            kind="scatter",
            title="Scores on old and on fresh questions",
            caption="A harder fresh set moves all models alike; a contaminated model stands above the others.",
            columns=columns(("pair", "model", "fresh score", "score"), spots),
            x=Axis("fresh score", "score on the fresh set"),
            y=Axis("score", "score on the benchmark"),
            label="model",
            select=("pair",),
            fit=True,
        ),
    ]


MEASURE = Measure(
    code="G2",
    name="fresh-set gap",
    question=Question.GAMING,
    asks="Do models lose more on fresh questions than their difficulty explains?",
    needs="a benchmark and a fresh set of it, both run by at least 6 models",
    formula=(
        "gap = score - fresh score; own part = score - what other models' curve expects at its fresh score; "
        "order = Spearman of the two scores; memorisation link = Spearman of log-likelihood and gap."
    ),
    compute=fresh_set_gap,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "loses more than difficulty explains",
        Status.CAUTION: "difficulty or memory: too close to tell",
        Status.PASSED: "difficulty, not memory",
    },
    caveats=(
        "A gap that all models share is difficulty, or contamination of them all: the scores cannot tell which.",
        "The fresh set should be drawn as the old one was; that is a question of its own.",
        "Of the memorisation link, the abstract of Zhang et al. 2024 gives .36, their released files .29 (n = 52).",
        "Models share families and data, so intervals over models are somewhat too narrow.",
    ),
    references=(
        "Zhang et al. 2024, A careful examination of large language model performance on grade school arithmetic, "
        "arXiv 2405.00332",
        "Zhao et al. 2024, MMLU-CF: a contamination-free multi-task benchmark, arXiv 2412.15194",
    ),
)
