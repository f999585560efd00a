"""F5, unseen failure modes: how many ways to fail were not seen, and how likely the next failure is one of them?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.shared import columns, estimate, lines, require_fraction
from measurand.measures.verdicts import Side, Unassessed, against, headline, tally, unassessed, verdict
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.attempts.richness import (
    Accumulation,
    accumulation,
    chao1,
    new_kind_limits,
    sample_coverage,
    whole_kinds,
)
from measurand.stats.intervals.binomial import proportion_limits
from measurand.stats.intervals.limits import Limits
from measurand.tables import Failures
from measurand.tables.groups import INDEPENDENT
from measurand.wording import SHARE, more_needed, percent, plural, shown

__all__ = ["MEASURE", "UnseenModes", "UnseenModesOfModel", "unseen_modes"]

LEAST_FAILURES = 20
"""Fewer failures than this say next to nothing of those that were not seen."""
UNGROUPED = (
    "Which failures are of one task is not known. A task that fails in the same way in every run makes a rare mode "
    "look frequent: with each failure repeated 1.25, 1.5 or 2.5 times on average, the interval of the chance of an "
    "unseen mode held the true one in 61%, 18% and 0% of simulated studies, and in 94% to 96% where each task counts "
    "once. So this is a caution until the tasks are named, or each failure is said to be of another one."
)
NEEDS = f"at least {LEAST_FAILURES} failures of randomly sampled runs, each with its mode and its task"


@dataclass(frozen=True, kw_only=True)
class UnseenModesOfModel:
    """What one model's failures say of failures not seen.

    Parameters
    ----------
    model : its name.
    failures : tasks that failed, each counted once, or failures where no tasks are known.
    repeats : further failures of these tasks.
    runs : sampled runs, those without a failure too; None where only failures are in the table.
    seen, once, twice : modes seen at all, on one task alone and on two.
    richness : lower bound of the number of modes there are, with its interval.
    coverage : estimated share of all failures that are of a mode seen.
    chance : chance that the next failure is of an unseen mode, with its interval.
    curve : modes against failures.
    """

    model: str
    failures: int
    repeats: int
    runs: int | None
    seen: int
    once: int
    twice: int
    richness: Limits
    coverage: float
    chance: Limits
    curve: Accumulation


@dataclass(frozen=True, repr=False)
class UnseenModes(Brief):
    """Result of `unseen_modes`, with its settings; `task` is the column that says which runs go together."""

    models: tuple[UnseenModesOfModel, ...]
    unassessed: tuple[Unassessed, ...]
    level: float
    task: str | None
    notes: tuple[str, ...] = ()


def unseen_modes(
    failures: Failures,
    *,
    cluster: str | None = None,
    level: float = 0.95,
    resamples: int = 200,
    rng: np.random.Generator,
) -> UnseenModes:
    """How many failure modes there are at least, and the chance that the next failure is of one not seen.

    Chao's lower bound from the modes seen once and twice, Good and Turing's chance of a new mode, the share of failures
    that the modes seen cover, and the curve of modes against failures up to twice as many. A task counts once, its
    failures sharing that among them: the same failure in every epoch of a task is one thing seen, and would hide how
    many modes were seen on one task alone.

    Parameters
    ----------
    failures : failures of runs sampled at random, each sorted into a mode declared beforehand.
    cluster : the column that says which runs are of one task; ``"none"``: each run is of a task of its own. By default
        the column ``cluster``, else ``sample``; without either no verdict is given but a caution.
    level : confidence level, in (0, 1); the chance's interval holds for all models together.
    resamples : samples behind the band of the curve, at least 20.

    Raises
    ------
    NotApplicable
        No model with 20 failures.
    UnknownName
        No column named as the cluster.
    InputError
        A setting out of its range.

    References
    ----------
    Chao 1984, Scandinavian Journal of Statistics 11; Chao and Jost 2012, Ecology 93(12); Good 1953, Biometrika 40.

    Examples
    --------
    >>> modes = ["loops"] * 12 + ["refuses"] * 9 + ["wrong unit"] * 4 + ["invents a source", "stops early"]
    >>> found = unseen_modes(Failures.build(pl.DataFrame({"mode": modes})), rng=np.random.default_rng(0)).models[0]
    >>> found.seen, round(found.richness.value, 2), round(found.chance.value, 3)
    (5, 5.96, 0.074)
    """
    require_fraction(level=level)
    if resamples < 20:
        raise InputError(f"resamples should be at least 20, got {resamples}")
    rows, task = failures.grouped(cluster)
    found: list[tuple[str, _Counts, int | None]] = []
    unassessed = []
    for (model,), own in rows.group_by("model", maintain_order=True):
        counts = _counted(own, task not in (None, INDEPENDENT))
        total = round(counts.weights.sum())
        fine = int(own.filter(pl.col("mode").is_null())["count"].sum())
        if total >= LEAST_FAILURES:
            found.append((str(model), counts, counts.failures + fine if fine else None))
            continue
        # With no failure of a kind in n, that kind's share of failures is below the exact bound.
        most = float(proportion_limits(0, max(total, 1), 2 * level - 1)[1])
        reason = (
            f"{plural(total, 'failure')} with a mode, which leave open one that makes up {percent(most)} of failures"
        )
        unassessed.append(Unassessed({"model": str(model)}, reason, NEEDS))
    if not found:
        raise NotApplicable("; ".join(row.reason for row in unassessed[:3]), needs=NEEDS)
    # Bonferroni: the chances of all models hold together.
    together = 1 - (1 - level) / len(found)
    assessed = tuple(_assess(*row, level, together, resamples, rng) for row in found)
    return UnseenModes(assessed, tuple(unassessed), level, task, failures.notes)


class _Counts(NamedTuple):
    """Of each mode the tasks that failed in it, and the sum of its shares of their failures; and all failures."""

    tasks: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    failures: int


def _counted(rows: pl.DataFrame, by_task: bool) -> _Counts:
    """The failures in rows of one model, by mode; without tasks, each failure is of another one."""
    failed = rows.filter(pl.col("mode").is_not_null() & (pl.col("count") > 0))
    count = pl.col("count").sum()
    if not by_task:
        modes = failed.group_by("mode", maintain_order=True).agg(tasks=count, weights=count)
    else:
        pairs = failed.group_by("group", "mode", maintain_order=True).agg(count)
        shared = pairs.with_columns(share=pl.col("count") / count.over("group"))
        modes = shared.group_by("mode", maintain_order=True).agg(tasks=pl.len(), weights=pl.col("share").sum())
    tasks, weights = modes["tasks"].cast(pl.Int64).to_numpy(), modes["weights"].cast(pl.Float64).to_numpy()
    return _Counts(tasks, weights, int(failed["count"].sum()))


def _assess(
    model: str,
    counts: _Counts,
    runs: int | None,
    level: float,
    together: float,
    resamples: int,
    rng: np.random.Generator,
) -> UnseenModesOfModel:
    tasks = counts.tasks
    total = round(counts.weights.sum())
    return UnseenModesOfModel(
        model=model,
        failures=total,
        repeats=counts.failures - total,
        runs=runs,
        seen=len(tasks),
        once=int((tasks == 1).sum()),
        twice=int((tasks == 2).sum()),
        richness=whole_kinds(chao1(tasks, level)),
        coverage=sample_coverage(tasks),
        chance=new_kind_limits(tasks, together, counts.weights),
        curve=accumulation(tasks, level, resamples, rng),
    )


def judge(result: UnseenModes, *, tolerated_unseen: float = 0.05) -> list[Finding]:
    """Issue: the next failure is of an unseen mode more often than tolerated, interval and all; passed: less often.

    A caution either way where nothing says which runs are of one task.
    """
    require_fraction(tolerated_unseen=tolerated_unseen)
    each = [_finding(found, result, tolerated_unseen) for found in result.models]
    worst, good = max(result.models, key=lambda found: found.chance.value), tally(each)[Status.PASSED]
    sentence = (
        f"The chance that the next failure is of a mode not seen yet is shown to be below {percent(tolerated_unseen)} "
        f"for {good or 'none'} of {plural(len(each), 'model')}; it is greatest for {worst.model}."
    )
    if len(each) == 1:
        sentence = each[0].sentence
    caveats = (*MEASURE.caveats, *([UNGROUPED] if result.task is None else []), *result.notes)
    short = f"{good or 'none'} of {len(each)} below what is tolerated"
    top = headline(sentence, each, short=short, caveats=caveats, figure="F5.accumulation")
    return [top, *each, *unassessed(result.unassessed)]


def _finding(found: UnseenModesOfModel, result: UnseenModes, tolerated: float) -> Finding:
    n, level, modes = found.failures, result.level, found.richness
    how = "Chao1, a lower bound; log-transform, whole modes"
    chance = estimate(
        "unseen_chance", *found.chance, level=level, method="Good-Turing; score interval", n=n, unit=SHARE
    )
    covered = "Chao and Jost; share of failures of modes seen"
    estimates = (
        chance,
        estimate("modes_at_least", *modes, level=level, method=how, n=n, unit="modes"),
        Estimate(name="coverage", value=found.coverage, method=covered, n=n, unit=SHARE),
    )
    facts: dict[str, Cell] = {
        "modes_seen": found.seen,
        "failures": n,
        "repeats": found.repeats,
        "runs": found.runs,
        "seen_once": found.once,
        "seen_twice": found.twice,
    }
    status, sentence, short = _verdict(found, shown(chance), tolerated)
    if result.task is None:
        status, sentence = Status.CAUTION, f"{sentence[:-1]}, if each failure is of another task."
        short = "tasks of failures are not known"
    return Finding(
        subject={"model": found.model},
        status=status,
        sentence=sentence,
        short=short,
        estimates=estimates,
        figure="F5.accumulation",
        result=facts,
    )


def _verdict(found: UnseenModesOfModel, chance: str, tolerated: float) -> tuple[Status, str, str]:
    missing = found.richness.value - found.seen
    # Chao's bound is no whole number: below half a mode, none is missing.
    bound = (
        f"at least {found.richness.value:.0f} are estimated to exist"
        if missing >= 0.5
        else "none is estimated to be missing"
    )
    held = f"in {plural(found.failures, 'failure')}"
    if found.repeats:
        held = f"on {plural(found.failures, 'task')} that failed {found.failures + found.repeats:,} times"
    once = "on one task" if found.repeats else "once"
    seen = f"{plural(found.seen, 'failure mode')} {held}, {found.once or 'none'} seen {once}"
    said = f"{seen}; {bound}. The next failure is of an unseen mode with a chance of {chance}"
    side = against(found.chance.low, found.chance.high, tolerated)
    status = verdict(side, issue=Side.ABOVE, passed=Side.BELOW)
    if status is not Status.CAUTION:
        beyond = f"{side.value} the tolerated {percent(tolerated)}"
        return status, f"{said}, {beyond}.", beyond
    more = more_needed(*found.chance, found.failures, tolerated)
    need = f"; about {plural(more, 'more failure')} would decide it if this chance stayed" if more else ""
    said += f", which leaves open whether it is below the tolerated {percent(tolerated)}{need}."
    return status, said, "too few failures to tell"


def figure(result: UnseenModes) -> list[Figure]:
    """Modes against failures: as seen, and as expected up to twice as many."""
    rows: list[tuple[Cell, ...]] = []
    for found in result.models:
        curve = found.curve
        for size, *kinds in zip(curve.sizes, curve.kinds, curve.low, curve.high, strict=True):
            point = (int(size), *map(float, kinds))
            if size <= found.failures:
                rows.append((*point, "in so many of the failures seen", found.model))
            if size >= found.failures:
                rows.append((*point, "expected in more", found.model))
    return [
        lines(
            "F5.accumulation",
            "Failure modes as failures accumulate",
            "Modes in so many failures drawn at random from those seen, and what to expect from up to twice as many, "
            "with a bootstrap band. A curve that still climbs at the end has not met all modes.",
            columns(("failures", "modes", "low", "high", "series", "model"), rows),
            Axis("failures", "failures"),
            Axis("modes", "failure modes"),
            color="series",
            select=("model",) if len(result.models) > 1 else (),
        )
    ]


MEASURE = Measure(
    code="F5",
    name="unseen failure modes",
    question=Question.FORECAST,
    asks="How many ways to fail were not seen, and how likely is the next failure to be one of them?",
    needs=NEEDS,
    formula=(
        "at least S + (n-1)/n f1^2 / (2 f2) modes (Chao1); coverage 1 - f1/n ((n-1) f1 / ((n-1) f1 + 2 f2)); chance of "
        "a new mode f1/n (Good-Turing); f1, f2: modes seen once and twice in n failures, all failures of a task "
        "together counted as one."
    ),
    compute=unseen_modes,
    judge=judge,
    figure=figure,
    caveats=(
        "The number of modes is a lower bound: where many modes are rare it lies far below the truth, and its interval "
        "with it (of 200 modes with a long tail it held the true number in 58% of simulated studies of 50 failures, of "
        "1,000 rare ones in 23%).",
        "Runs have to be sampled at random from what is to be forecast, and the modes declared before the failures are "
        "sorted: splitting one mode in two makes new ones.",
        "How often a mode occurs says nothing of how bad it is.",
    ),
    references=(
        "Chao 1984, Nonparametric estimation of the number of classes in a population, Scandinavian J. Statistics 11",
        "Chao 1987, Estimating the population size for capture-recapture data, Biometrics 43(4)",
        "Chao and Jost 2012, Coverage-based rarefaction and extrapolation, Ecology 93(12)",
        "Good 1953, The population frequencies of species, Biometrika 40; Esty 1983, Annals of Statistics 11(3)",
    ),
)
