"""G2, fresh-set gap: do models lose more on fresh questions than the fresh questions' difficulty explains?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure
from measurand.measures._shared import columns, estimate, finite, require_fraction
from measurand.measures.gaming.shared.pairs import Pair, chosen_pairs, load_pair, natural_references, noise_of
from measurand.measures.gaming.shared.reference import HeldAgainst, both_p, excess_of, roles_of
from measurand.measures.verdicts import overall
from measurand.results import Axis, Cell, Figure, Finding, Question, Status
from measurand.stats.hiding.fresh_gap import gap_limits, mean_gap, rank_correlation
from measurand.stats.intervals.multiplicity import holm
from measurand.tables import Responses, Scores
from measurand.wording import plural, shown

__all__ = ["MEASURE", "FreshSet", "FreshSets", "fresh_set_gap", "memorisation_link"]


LEAST_LINKED = 8
"""Below this many models the interval of a rank correlation spans nearly everything."""

Floats = npt.NDArray[np.float64]
Limits = tuple[float, float, float]


@dataclass(frozen=True, eq=False, kw_only=True)
class FreshSet:
    """One benchmark and a fresh set of it.

    Parameters
    ----------
    held : the suspects' excess over what their score on the fresh set and the other models predict.
    low, high : interval of each model's gap, old minus fresh, shape (models,); NaN where item counts are not known.
    mean : mean gap of all models, with its interval over models.
    order : rank correlation of the models' scores on the two sets, with its interval.
    link : rank correlation of likelihood and gap, with its interval and number of models; None if not asked for.
    """

    held: HeldAgainst
    low: Floats
    high: Floats
    mean: Limits
    order: Limits
    link: tuple[float, float, float, int] | None

    @property
    def pair(self) -> Pair:
        """The models and their scores."""
        return self.held.pair

    @property
    def gaps(self) -> Floats:
        """Score on the benchmark minus score on the fresh set, shape (models,)."""
        gaps: Floats = self.pair.scores[0] - self.pair.scores[1]
        return gaps


@dataclass(frozen=True)
class FreshSets:
    """Result of `fresh_set_gap`."""

    sets: tuple[FreshSet, ...]
    unassessed: tuple[tuple[dict[str, str], str], ...]
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
    >>> round(found.mean[0], 2), round(found.order[0], 2)
    (0.1, 1.0)
    """
    require_fraction(level=level)
    if resamples < 100:
        raise InputError(f"resamples should be at least 100, got {resamples}")
    for kind, asked, known in (
        ("model", suspects or (), list(scores.models["model"])),
        ("benchmark", (likelihood,) if likelihood is not None else (), list(scores.benchmarks["benchmark"])),
    ):
        for name in asked:
            if name not in known:
                raise UnknownName(kind, name, known)
    found, unassessed = [], []
    for benchmark, reference in chosen_pairs(scores, against):
        try:
            pair = load_pair(scores, responses, benchmark, reference)
            references, under = roles_of(pair, suspects, natural_references(scores, pair.models, released))
            noise = noise_of(pair, resamples, rng)
            held = excess_of(pair, noise, references, under, level, rng)
        except NotApplicable as problem:
            unassessed.append(({"benchmark": benchmark, "against": reference}, str(problem)))
            continue
        old, new = pair.scores
        if pair.tables is None:
            low, high = gap_limits(old, new, pair.items[0], pair.items[1], level)
        else:
            edges = [(1 - level) / 2, (1 + level) / 2]
            low, high = np.quantile(noise.scores - noise.reference, edges, axis=0)
        link = None
        if likelihood is not None:
            link = memorisation_link(scores.matrix(pair.models, [likelihood])[:, 0], old - new, level)
        found.append(
            FreshSet(
                held=held,
                low=low,
                high=high,
                mean=mean_gap(old - new, level),
                order=rank_correlation(old, new, level),
                link=link,
            )
        )
    if not found:
        reason, _, needs = unassessed[0][1].partition("; needs ")
        raise NotApplicable(reason, needs=needs)
    return FreshSets(tuple(found), tuple(unassessed), level)


def memorisation_link(likelihoods: Floats, gaps: Floats, level: float = 0.95) -> tuple[float, float, float, int]:
    """Rank correlation of how likely the models find the questions with how much they lose on fresh ones.

    Parameters
    ----------
    likelihoods : mean log-likelihood of the benchmark's questions, shape (models,), NaN where not known.
    gaps : score on the benchmark minus score on the fresh set, shape (models,), NaN where not known.

    Returns
    -------
    value, low, high, models

    Notes
    -----
    The abstract of Zhang et al. 2024 gives .36 between likelihood and gap; their released files give .2876 (n = 52).

    Examples
    --------
    >>> value, low, high, n = memorisation_link(np.arange(9.0), np.arange(9.0) ** 2)
    >>> value, n
    (1.0, 9)
    """
    both = np.isfinite(likelihoods) & np.isfinite(gaps)
    return *rank_correlation(likelihoods[both], gaps[both], level), int(both.sum())


def judge(result: FreshSets, *, negligible: float = 0.05, same_order: float = 0.8) -> list[Finding]:
    """Issue: a model loses more than items, difficulty and the scatter of other models explain, after correction.

    A drop of all models that keeps their order (rank correlation above `same_order`) is difficulty.
    """
    alpha = 1 - result.level
    findings: list[Finding] = []
    summaries: list[Finding] = []
    for each in result.sets:
        own = [_finding(each, place, result.level, negligible) for place in range(len(each.held.suspects))]
        summary = _summary(each, result.level, same_order)
        summaries.append(summary)
        findings += [summary, *([_link_finding(each, result.level)] if each.link is not None else []), *own]
    p_values = np.concatenate([both_p(each.held.excess) for each in result.sets])
    names = [f"{m} on {e.pair.benchmark}" for e in result.sets for m in e.held.suspects]
    clear = [name for name, p in zip(names, holm(p_values), strict=True) if p < alpha]
    status = Status.ISSUE if clear else overall(summaries)
    if status is Status.ISSUE and not clear:
        status = Status.CAUTION
    caveats = tuple(dict.fromkeys((*MEASURE.caveats, *(c for each in result.sets for c in each.pair.caveats))))
    missing = [
        Finding(subject=subject, status=Status.NOT_APPLICABLE, sentence=f"Not assessed: {reason}.")
        for subject, reason in result.unassessed
    ]
    sentence = _headline(summaries, clear)
    return [
        Finding(headline=True, status=status, sentence=sentence, estimates=(), caveats=caveats, figure="G2.gaps"),
        *findings,
        *missing,
    ]


def _headline(summaries: Sequence[Finding], clear: Sequence[str]) -> str:
    if clear:
        listed = ", ".join(clear[:3]) + (f" and {len(clear) - 3} more" if len(clear) > 3 else "")
        verb = "loses" if len(clear) == 1 else "lose"
        return f"{listed} {verb} more on fresh questions than difficulty explains."
    if len(summaries) == 1:
        return summaries[0].sentence
    passed = sum(summary.status is Status.PASSED for summary in summaries)
    return (
        f"On {passed} of {plural(len(summaries), 'fresh set')} what models lose is difficulty, not contamination; on "
        "none does a model clearly lose more than the others."
    )


def _summary(each: FreshSet, level: float, same_order: float) -> Finding:
    pair, n = each.pair, len(each.pair.models)
    mean = estimate("mean_gap", *each.mean, level=level, method="t over models", n=n)
    order = estimate("rank_correlation", *each.order, level=level, method="Fisher z (Bonett-Wright)", n=n)
    clear = holm(both_p(each.held.excess)) < 1 - level
    drop = f"{abs(100 * each.mean[0]):.1f} points {'lower' if each.mean[0] >= 0 else 'higher'}"
    seen = f"On average {n} models score {drop} on {pair.reference} than on {pair.benchmark}"
    kept = f"rank correlation {shown(order)}"
    if clear.any():
        who = [model for model, own in zip(each.held.suspects, clear, strict=True) if own]
        status, rest = (
            Status.ISSUE,
            f"; {', '.join(who[:3])}{' and others' if len(who) > 3 else ''} lose more than that",
        )
        rest = rest if len(who) > 1 else f"; {who[0]} loses more than models like it"
    elif order.low is not None and order.low > same_order:
        status = Status.PASSED
        rest = f" and keep their order ({kept}): difficulty, not contamination"
    else:
        status = Status.CAUTION
        rest = f", and their order is not clearly kept ({kept}): difficulty and contamination cannot be told apart"
    return Finding(
        subject=pair.subject,
        status=status,
        sentence=f"{seen}{rest}.",
        estimates=(mean, order),
        caveats=pair.caveats,
        figure="G2.gaps",
    )


def _link_finding(each: FreshSet, level: float) -> Finding:
    value, low, high, n = each.link or (np.nan, np.nan, np.nan, 0)
    link = estimate("memorisation_link", value, low, high, level=level, method="Fisher z (Bonett-Wright)", n=n)
    subject = each.pair.subject | {"link": "likelihood"}
    if n < LEAST_LINKED or link.low is None:
        reason = f"Not assessed: {n} models have a likelihood and a gap; needs at least {LEAST_LINKED} that differ."
        return Finding(
            title="Memorisation link", subject=subject, status=Status.NOT_APPLICABLE, sentence=reason, estimates=(link,)
        )
    told = f"likelihood of the questions and loss on fresh ones correlate {shown(link)} over {n} models"
    if link.low > 0:
        sentence = f"Models that find {each.pair.benchmark} more likely lose more: {told}, as if they had memorised it."
        return Finding(
            title="Memorisation link", subject=subject, status=Status.ISSUE, sentence=sentence, estimates=(link,)
        )
    sentence = f"No link with memorisation is shown: {told}."
    return Finding(
        title="Memorisation link", subject=subject, status=Status.CAUTION, sentence=sentence, estimates=(link,)
    )


def _finding(each: FreshSet, place: int, level: float, negligible: float) -> Finding:
    found, pair, model = each.held.excess, each.pair, each.held.suspects[place]
    at = pair.models.index(model)
    n = int(found.models[place])
    method = "Newcombe" if pair.tables is None else "bootstrap over items"
    gap = estimate("gap", *(float(v[at]) for v in (each.gaps, each.low, each.high)), level=level, method=method, n=n)
    limits = [float(v[place]) for v in (found.value, found.low, found.high)]
    own = estimate("own_gap", *limits, level=level, method="reflected bootstrap over models and items", n=n)
    expected = float(found.expected[place] - pair.scores[1, at])
    drop = 100 * float(each.gaps[at])
    points, low, high = (100 * value for value in limits)
    seen = (
        f"{model} scores {abs(drop):.1f} points {'lower' if drop >= 0 else 'higher'} on {pair.reference} than on "
        f"{pair.benchmark}; {plural(n, 'other model')} predict {abs(100 * expected):.1f} "
        f"{'lower' if expected >= 0 else 'higher'}, which leaves {points:+.1f} of its own (from {low:.1f} to "
        f"{high:.1f})"
    )
    if both_p(found)[place] < 1 - level:
        status, rest = Status.ISSUE, "more than items or the scatter of other models explain"
    elif found.beyond[place]:
        status, rest = Status.CAUTION, f"no other model does as well on {pair.reference}, so there is no comparison"
    elif found.high[place] < negligible:
        status, rest = Status.PASSED, f"no loss of its own above {100 * negligible:g} points"
    elif found.p_value[place] < 1 - level:
        status, rest = Status.CAUTION, "more than items explain, but other models scatter as far"
    else:
        status, rest = Status.CAUTION, "a loss of its own is neither shown nor excluded"
    sentence = f"{seen}: {rest}."
    return Finding(
        subject=pair.subject | {"model": model},
        status=status,
        sentence=sentence,
        estimates=(gap, own),
        caveats=(),
        figure="G2.gaps",
    )


def figure(result: FreshSets, *, findings: Sequence[Finding] = ()) -> list[Figure]:
    """Each model's gap, and the part of it that other models do not share; scores on both sets."""
    rows: list[tuple[Cell, ...]] = []
    points: list[tuple[Cell, ...]] = []
    for each in result.sets:
        pair, found = each.pair, each.held.excess
        name = f"{pair.benchmark} against {pair.reference}"
        place = {model: at for at, model in enumerate(each.held.suspects)}
        for at in np.argsort(-each.gaps, kind="stable"):
            model = pair.models[at]
            limits = (finite(float(v[at])) for v in (each.gaps, each.low, each.high))
            rows.append((name, model, *limits, "gap"))
            if model in place:
                own = (float(v[place[model]]) for v in (found.value, found.low, found.high))
                rows.append((name, model, *own, "its own part"))
            points.append((name, model, float(pair.scores[1, at]), float(pair.scores[0, at])))
    return [
        Figure(
            name="G2.gaps",
            kind="intervals",
            title="Score on the benchmark minus score on fresh questions",
            caption=f"Gap, and the part of it that models of the same level do not share. Bars: {result.level:.0%} "
            "intervals.",
            columns=columns(("pair", "model", "difference", "low", "high", "shown"), rows),
            x=Axis("difference", "score minus score on the fresh set"),
            y=Axis("model", "", "nominal"),
            low="low",
            high="high",
            color="shown",
            select=("pair",),
            rules=(0.0,),
        ),
        Figure(
            name="G2.scores",
            kind="scatter",
            title="Scores on old and on fresh questions",
            caption="A harder fresh set moves all models alike; a contaminated model stands above the others.",
            columns=columns(("pair", "model", "fresh score", "score"), points),
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
