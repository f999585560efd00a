"""V10, metric choice: does whether a capability seems to jump with scale depend on the metric?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.shared import columns, finite, require_fraction
from measurand.measures.verdicts import Unassessed, headline, tally, unassessed
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.capability.metric_choice import LEAST_MODELS, Shape, breakthroughness, linearity, shape_of
from measurand.tables import Scores
from measurand.wording import agreeing, listed, number, p_text, plural

__all__ = ["MEASURE", "MetricChoice", "MetricShape", "judge", "metric_choice", "metric_shape"]

SCALES = {"training_flop": "training FLOP", "parameters": "parameters"}

LIKE_A_JUMP = 1 / 8
"""Share of the scales, in logarithms, within which a smooth rise from a tenth to nine tenths of its way is told to jump
in .06 to .55 of studies: within a sixteenth .50 to .87, a quarter .00 to .18, three eighths at most .03 (measured with
8 to 30 models and noise of 2 or 5 points)."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class MetricShape:
    """One metric of one trait over scale.

    Parameters
    ----------
    x, y : scale and score, shape (n,), ascending; models of one scale are averaged.
    linearity, breakthroughness : of Srivastava et al. 2022; NaN where undefined.
    shape : the test of a smooth curve and a step against each other.
    """

    trait: str
    metric: str
    benchmark: str
    x: Floats
    y: Floats
    linearity: float
    breakthroughness: float
    shape: Shape

    @property
    def step(self) -> tuple[float, float]:
        """The neighbouring scales between which the best step lies."""
        at = int(np.searchsorted(np.log10(self.x), self.shape.place))
        return float(self.x[at - 1]), float(self.x[at])

    @property
    def steep(self) -> float:
        """Factor of scale within which a smooth rise is often told to jump: an eighth of the scales there are."""
        return float((self.x[-1] / self.x[0]) ** LIKE_A_JUMP)

    def told(self, alpha: float) -> str:
        """Whether the score is told to grow smoothly, to jump, or neither."""
        # Rejecting both shapes tells neither: the score then follows some third curve.
        jumps, grows = self.shape.smooth_p < alpha, self.shape.step_p < alpha
        return "jumps" if jumps and not grows else "grows smoothly" if grows and not jumps else "is undecided"


@dataclass(frozen=True, repr=False)
class MetricChoice(Brief):
    """Result of `metric_choice`."""

    metrics: tuple[MetricShape, ...]
    unassessed: tuple[Unassessed, ...]
    scale: str
    level: float


def metric_choice(
    scores: Scores,
    *,
    scale: Literal["training_flop", "parameters"] | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator,
) -> MetricChoice:
    """Whether a score jumps with scale under one metric and grows smoothly under another.

    The evidence is benchmarks with the same `trait` and different `metric`: the same answers scored in two ways, such
    as exact match and edit distance. For each: linearity, breakthroughness, and a test of a cubic in log scale against
    a single step, by parametric bootstrap.

    Parameters
    ----------
    scores : scores of models whose size or training compute is known.
    scale : what stands for scale; by default the one that is known for more models.
    level : confidence level, in (0, 1).
    resamples : of the parametric bootstrap.

    Raises
    ------
    NotApplicable
        No trait with two metrics, or fewer than 8 different scales.
    InputError
        A setting out of its range.

    References
    ----------
    Schaeffer, Miranda and Koyejo 2023, Are emergent abilities of large language models a mirage?, arXiv 2304.15004.

    Examples
    --------
    >>> import polars as pl
    >>> rows = [(f"m{i}", b, (i / 12) ** power) for b, power in (("exact", 5), ("edit", 1)) for i in range(1, 12)]
    >>> sizes = pl.DataFrame({"model": [f"m{i}" for i in range(1, 12)], "parameters": [10.0**i for i in range(1, 12)]})
    >>> facts = pl.DataFrame({"benchmark": ["exact", "edit"], "trait": "sums", "metric": ["exact", "edit"]})
    >>> table = pl.DataFrame(rows, schema=["model", "benchmark", "score"], orient="row")
    >>> result = metric_choice(Scores.build(table, sizes, facts), resamples=200, rng=np.random.default_rng(0))
    >>> [(each.metric, each.told(0.05)) for each in result.metrics]
    [('exact', 'grows smoothly'), ('edit', 'grows smoothly')]
    """
    require_fraction(level=level)
    if scale is not None and scale not in SCALES:
        raise InputError(f"scale should be one of {', '.join(SCALES)}, got {scale!r}")
    if resamples < 100:
        raise InputError(f"resamples should be at least 100, got {resamples}")
    facts = scores.benchmarks.select("trait", "metric", "benchmark").drop_nulls()
    traits: dict[str, dict[str, str]] = {}
    for trait, metric, benchmark in facts.iter_rows():
        # A trait scored twice by one metric counts once, by its first benchmark: the question is about metrics.
        traits.setdefault(trait, {}).setdefault(metric, benchmark)
    traits = {trait: metrics for trait, metrics in traits.items() if len(metrics) > 1}
    if not traits:
        raise NotApplicable(
            "no trait was scored by two metrics", needs="benchmarks with the same trait and different metrics"
        )
    names: list[str] = [scale] if scale is not None else list(SCALES)
    # The scale of more models wins, compute on a tie: it is nearer to what drives scores than size.
    chosen = max(names, key=lambda name: scores.models[name].drop_nulls().len())
    found: list[MetricShape] = []
    problems: list[Unassessed] = []
    for trait, metrics in traits.items():
        for metric, benchmark in metrics.items():
            subject = {"trait": trait, "metric": metric}
            x, y = _over_scale(scores, benchmark, chosen)
            if len(x) < LEAST_MODELS:
                reason = f"{plural(len(x), 'scale')} of models with known {SCALES[chosen]}"
                problems.append(Unassessed(subject, reason, f"at least {LEAST_MODELS}"))
            elif np.ptp(y) == 0:
                problems.append(Unassessed(subject, "all models score the same", "scores that differ"))
            else:
                found.append(metric_shape(trait, metric, benchmark, x, y, resamples, rng))
    if not found:
        raise NotApplicable(problems[0].reason, needs=problems[0].needs)
    return MetricChoice(tuple(found), tuple(problems), chosen, level)


def metric_shape(
    trait: str, metric: str, benchmark: str, x: Floats, y: Floats, resamples: int, rng: np.random.Generator
) -> MetricShape:
    """How one score grows over scale, from the scales `x` (ascending) and the scores `y` on them."""
    return MetricShape(
        trait=trait,
        metric=metric,
        benchmark=benchmark,
        x=x,
        y=y,
        linearity=linearity(y),
        breakthroughness=breakthroughness(y),
        # On the log scale, since scaling curves are smooth in it and sizes span orders of magnitude.
        shape=shape_of(np.log10(x), y, resamples, rng),
    )


def _over_scale(scores: Scores, benchmark: str, scale: str) -> tuple[Floats, Floats]:
    models = list(scores.models["model"])
    sizes = np.array([np.nan if s is None else float(str(s)) for s in scores.model_fact(scale, models)])
    values = scores.matrix(models, [benchmark])[:, 0]
    both = np.isfinite(sizes) & np.isfinite(values)
    # Models of one size are averaged: a step between them would be no step over scale.
    x, place = np.unique(sizes[both], return_inverse=True)
    sums = np.bincount(place, values[both], minlength=len(x))
    y: Floats = sums / np.bincount(place, minlength=len(x))
    return x, y


def judge(result: MetricChoice) -> list[Finding]:
    """Issue: a jump under one metric and smooth growth under another, each shown against the other shape."""
    # Each shape is tested against the other: that neither is rejected is no evidence for either.
    alpha = 1 - result.level
    findings: list[Finding] = []
    for trait in dict.fromkeys(each.trait for each in result.metrics):
        own = [each for each in result.metrics if each.trait == trait]
        findings += [_summary(trait, own, alpha, result.scale), *(_finding(each, alpha) for each in own)]
    summaries = [f for f in findings if "metric" not in f.subject]
    count = tally(summaries)
    jumps, same = count[Status.ISSUE], count[Status.PASSED]
    sentence = (
        f"{jumps or 'None'} of the {plural(len(summaries), 'trait')} scored by several metrics "
        f"{agreeing(max(jumps, 1), 'seems')} to jump with scale by one metric and not by another, "
        f"{same or 'none'} {agreeing(max(same, 1), 'looks')} the same by all"
    )
    if count[Status.CAUTION]:
        sentence += f"; for {count[Status.CAUTION]} there are too few models to tell"
    top = headline(
        f"{sentence}." if len(summaries) > 1 else summaries[0].sentence,
        summaries,
        short=f"{jumps or 'none'} of {len(summaries)} {agreeing(max(jumps, 1), 'jumps')} by one metric",
        caveats=MEASURE.caveats,
        figure="V10.metrics",
    )
    return [top, *findings, *unassessed(result.unassessed)]


def _summary(trait: str, own: Sequence[MetricShape], alpha: float, scale: str) -> Finding:
    told = {each.metric: each.told(alpha) for each in own}
    jumps = [metric for metric, shape in told.items() if shape == "jumps"]
    grows = [metric for metric, shape in told.items() if shape == "grows smoothly"]
    if jumps and grows:
        status = Status.ISSUE
        rest = f"jumps by {listed(jumps)} but grows smoothly by {listed(grows)}: the jump is the metric's"
        short = f"jumps by {len(jumps)} of {len(own)} metrics"
    elif len(own) > 1 and len(grows) == len(own):
        status, rest, short = Status.PASSED, "grows smoothly by every metric", "grows smoothly by every metric"
    elif len(own) > 1 and len(jumps) == len(own):
        status, short = Status.PASSED, "jumps by every metric"
        rest = f"{short}, so the choice of metric does not make the jump"
    else:
        status, short = Status.CAUTION, "too few models to tell"
        rest = "is not shown to jump, nor to grow smoothly, by every metric"
    over = f"over {SCALES[scale]}, {plural(len(own[0].x), 'scale')}"
    if jumps:
        over += f"; a smooth rise within a factor of {number(own[0].steep)} often looks like a jump"
    sentence = f"{trait} {rest} ({over})."
    return Finding(subject={"trait": trait}, status=status, sentence=sentence, short=short, figure="V10.metrics")


def _finding(each: MetricShape, alpha: float) -> Finding:
    shape, told, (low, high) = each.shape, each.told(alpha), each.step
    rows = (
        ("linearity", finite(each.linearity), "no interval"),
        ("breakthroughness", finite(each.breakthroughness), "no interval"),
        ("smooth_p_value", shape.smooth_p, "parametric bootstrap of a cubic against a step"),
        ("step_p_value", shape.step_p, "parametric bootstrap of a step against a cubic"),
        ("step_factor", high / low, "scales on either side of the best step, the greater over the lesser"),
    )
    where = ""
    if told == "jumps":
        where = f" between {number(low)} and {number(high)} (a factor of {number(high / low)}),"
    sentence = (
        f"By {each.metric}, {each.trait} {told}{where} over {plural(len(each.x), 'scale')} (p = "
        f"{p_text(shape.smooth_p)} for a smooth curve, p = {p_text(shape.step_p)} for a step; breakthroughness "
        f"{number(each.breakthroughness, 1)}, which alone does not tell)."
    )
    return Finding(
        subject={"trait": each.trait, "metric": each.metric, "benchmark": each.benchmark},
        # A jump by one metric is no issue by itself: only the other metrics say whether it is the metric's.
        status=Status.PASSED if told == "grows smoothly" else Status.CAUTION,
        sentence=sentence,
        short="too few models to tell" if told == "is undecided" else told,
        estimates=tuple(Estimate(name=name, value=value, method=how, n=len(each.x)) for name, value, how in rows),
        figure="V10.metrics",
    )


def figure(result: MetricChoice) -> list[Figure]:
    """Each metric over scale with its smooth curve, one panel per metric."""
    rows: list[tuple[Cell, ...]] = []
    for each in result.metrics:
        for x, y, curve in zip(each.x, each.y, each.shape.curve, strict=True):
            rows += [(each.trait, each.metric, float(x), float(y), "score")]
            rows += [(each.trait, each.metric, float(x), float(curve), "smooth curve")]
    return [
        Figure(
            name="V10.metrics",
            kind="lines",
            title="The same trait by different metrics",
            caption="A jump that one metric shows and another does not is made by the metric.",
            columns=columns(("trait", "metric", "scale", "score", "shown"), rows),
            x=Axis("scale", SCALES[result.scale], "log"),
            y=Axis("score", "score"),
            color="shown",
            group="metric",
            select=("trait",),
        )
    ]


MEASURE = Measure(
    code="V10",
    name="metric choice",
    question=Question.VALIDITY,
    asks="Does it depend on the metric whether a capability seems to jump with scale?",
    needs="two metrics of one trait over at least 8 models of different, known scale",
    formula=(
        "L = I / sqrt(mean d^2), B = I / sqrt(median d^2), I = sign(argmax - argmin) range, d = steps between scales; "
        "cubic in log scale against one step: n log(RSS cubic / RSS step), parametric bootstrap under each."
    ),
    compute=metric_choice,
    judge=judge,
    figure=figure,
    caveats=(
        "Breakthroughness alone is unstable: for exact match of 1, 5 and 20 tokens with the same smooth accuracy per "
        "token it is 8.8, 7.5 and 9.9.",
        "A curve steeper than a cubic in log scale follows looks like a step: a smooth rise within an eighth of the "
        "scales (in logarithms) is told to jump in .06 to .55 of studies, within a quarter in .00 to .18 and within "
        "three eighths in at most .03 (measured). So a jump is a rise too steep for the scales there are to tell.",
        "Models of one scale are averaged; families are not told apart.",
    ),
    references=(
        "Schaeffer, Miranda and Koyejo 2023, Are emergent abilities of large language models a mirage?, "
        "arXiv 2304.15004",
        "Srivastava et al. 2022, Beyond the imitation game, arXiv 2206.04615",
    ),
)
