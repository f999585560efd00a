"""One class of models, complete on the capability benchmarks: what V1 to V7 all start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable
from measurand.measures.forecast.shared.cells import cells_of, connected, proportions, rising
from measurand.measures.shared import family_codes, kind
from measurand.measures.verdicts import Unassessed
from measurand.stats.capability.capabilities import opposed
from measurand.stats.capability.pca import PUBLISHED, Component, Way, first_component, impute
from measurand.stats.capability.pca import varies as columns_vary
from measurand.stats.capability.stitching import fit_scale, spread
from measurand.tables import Scores
from measurand.wording import DIFFERENCE, listed, plural, signed

__all__ = ["LEAST_CAPABILITY", "LEAST_MODELS", "Missing", "Panel", "assessable", "chosen", "panels"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Missing = Literal["complete", "impute", "scale"]

LEAST_MODELS = 8
"""Below this many models a rank correlation's interval spans nearly everything (at 7 models, about 1.5 of 2)."""

LEAST_DISTINCT, MOST_TIED = 3, 0.8
"""Of the scores on a benchmark under test: with fewer different ones, or more than this share of the models at one of
them, its correlation is that of the few models that differ, whatever the interval says."""

LEAST_CAPABILITY = 3
"""A first component of fewer benchmarks is one benchmark, or the mean of two."""

MOST_STARTS = 12
"""Benchmarks run most from which a set that many models have all of is looked for."""

LEAST_RELIABLE = 0.5
"""Of a score on a common scale: below it, what a correlation with it says is mostly noise."""

SCALE = "a common scale of {count} benchmarks"
"""What stands for the capability benchmarks where such a scale makes the score."""

INDEX = "index"
"""The metric of a benchmark that is made of many others, such as the Epoch Capabilities Index."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """Models of one class with a capabilities score.

    Parameters
    ----------
    class_ : the class.
    models : the models taking part, n of them.
    families : family code of each model, shape (n,); a model of unknown family is a family of its own.
    family_names : name of each family code; the model's own name where its family is unknown.
    capability : names of the k capability benchmarks.
    values : their scores, shape (n, k), no NaN.
    tested : names of the benchmarks under test.
    scores : their scores, shape (n, m), NaN where not run.
    stderr : their standard errors, shape (n, m), NaN where not known.
    items : how many items each of them has by the catalogue, shape (m,), NaN where not known.
    dropped : models left out because a capability benchmark is missing.
    caveats : what the reader should know of how it was put together.
    unknown : how many of the models have no known family.
    reliability : share of the capabilities score's variance that is not its own error, where that is known.
    way : how the capabilities score is made of the benchmarks, and correlated with.
    """

    class_: str
    models: tuple[str, ...]
    families: npt.NDArray[np.int64]
    family_names: tuple[str, ...]
    capability: tuple[str, ...]
    values: Floats
    tested: tuple[str, ...]
    scores: Floats
    stderr: Floats
    items: Floats
    dropped: tuple[str, ...]
    caveats: tuple[str, ...]
    unknown: int = 0
    reliability: float = 1.0
    way: Way = PUBLISHED

    @property
    def families_unknown(self) -> bool:
        """Whether intervals take nearly every model for independent, because most families are not known."""
        return self.unknown > len(self.models) / 2

    @cached_property
    def component(self) -> Component:
        """First principal component of the capability benchmarks, or what stands for it (`way`)."""
        return first_component(self.values, self.way.weighting)

    @cached_property
    def standard_scores(self) -> Floats:
        """Capabilities scores in standard deviations between models, shape (n,)."""
        result: Floats = self.component.scores / self.component.scores.std()
        return result

    def places(self, values: Floats) -> Floats:
        """Where models with these scores on the capability benchmarks, shape (m, k), lie on the capabilities score."""
        result: Floats = (values - self.values.mean(axis=0)) / self.values.std(axis=0) @ self.component.loadings
        return result

    def unit_of_change(self, benchmark: str) -> str:
        """Unit of a change of a benchmark under test: points where its scores are shares, else none."""
        values = self.scores[:, self.tested.index(benchmark)]
        low, high = np.nanmin(values), np.nanmax(values)
        # Scores of which lower is better are turned round, so that shares of that kind lie in [-1, 0].
        return DIFFERENCE if low >= -1 and high <= 1 and low * high >= 0 else ""


def panels(
    scores: Scores, missing: Missing, *, several: bool = False
) -> tuple[tuple[Panel, ...], tuple[Unassessed, ...]]:
    """A panel per class, and the classes that cannot have one.

    Parameters
    ----------
    scores, missing : the scores, and what becomes of models without every capability benchmark.
    several : whether the question is one about several capability benchmarks, so that an index will not do.

    Raises
    ------
    NotApplicable
        No class can have one.
    InputError
        A `missing` that is none of ``complete``, ``impute`` and ``scale``.
    """
    if missing not in get_args(Missing):
        raise InputError(f"missing should be 'complete', 'impute' or 'scale', got {missing!r}")
    capability = scores.benchmarks_of("capability")
    if len(capability) < LEAST_CAPABILITY and (several or not _is_index(scores, capability)):
        seen = ", ".join(scores.benchmarks["benchmark"][:12])
        raise NotApplicable(
            f"{len(capability)} of {scores.benchmarks.height} benchmarks count as capability benchmarks (seen: {seen})",
            needs=f"at least {LEAST_CAPABILITY} capability benchmarks, named as such"
            + ("" if several else ", or one index that is named alone"),
        )
    found: list[Panel] = []
    problems: list[Unassessed] = []
    for class_ in scores.classes:
        try:
            found.append(_panel(scores, class_, capability, missing, several))
        except NotApplicable as problem:
            problems.append(Unassessed({"class": class_}, problem.reason, problem.needs))
    if not found:
        several = len(problems) > 1
        reasons = "; ".join(
            (f"{kind(problem.subject['class'])}models: " if several else "") + problem.reason for problem in problems
        )
        raise NotApplicable(reasons, needs=problems[0].needs)
    return tuple(found), tuple(problems)


def _panel(
    scores: Scores, class_: str, capability: Sequence[str], missing: Missing, several: bool, instead: str = ""
) -> Panel:
    """The panel of a class; `instead` says why one index makes the score, where nobody named it."""
    index = bool(instead) or _is_index(scores, capability)
    # A scale has no dimensions of its own to ask about.
    if missing == "scale" and not index and not several:
        return _on_scale(scores, class_, capability)
    everyone = scores.models_of(class_)
    settings = _settings(scores, everyone, capability[0]) if index else {model: [model] for model in everyone}
    merged, everyone = len(everyone) - len(settings), tuple(settings)
    table = _merged(scores.matrix, settings, capability)
    present = np.isfinite(table)
    run: Mask = present.sum(axis=0) > 0
    # A benchmark that no model of this class ran would else drop every model of it.
    never_run, capability = chosen(capability, ~run), chosen(capability, run)
    table, present = table[:, run], present[:, run]
    share = present.mean(axis=1)
    # With fewer than half of its scores a model's capability would be mostly imputed.
    enough: Mask = share >= 0.5 if missing == "impute" else share == 1
    if enough.sum() < LEAST_MODELS:
        rare = sorted(zip(present.sum(axis=0), capability, strict=True))[:3]
        by = ", ".join(f"{name} by {count}" for count, name in rare)
        least_run = f" (least often run: {by})" if rare and not present.all() else ""
        reason = f"{enough.sum()} of {len(everyone)} models have the capability benchmarks{least_run}"
        core = _core(present)
        kept = int(present[:, core].all(axis=1).sum())
        set_ = (
            f"{listed([capability[place] for place in core])} alone would keep {kept}" if kept >= LEAST_MODELS else ""
        )
        one = [name for name in capability if scores.benchmark_fact("metric", [name]) == [INDEX]]
        if len(one) == 1 and not several and len(capability) > 1:
            instead = f"{reason}{f'; {set_}' if set_ else ''}; so that the"
            return _panel(scores, class_, one, missing, several, instead)
        raise NotApplicable(
            reason,
            needs=f"at least {LEAST_MODELS} models that have all of them{f' ({set_})' if set_ else ''}"
            + (", or imputing the missing scores" if missing == "complete" and not present.all() else ""),
        )
    table = table[enough].copy()
    varies: Mask = columns_vary(table)
    # A constant benchmark cannot be standardised, and says nothing of which model is more capable.
    table[:, varies] = impute(table[:, varies])
    if varies.sum() < (1 if index else LEAST_CAPABILITY):
        raise NotApplicable(
            f"{plural(int(varies.sum()), 'capability benchmark', 'differs')} between the {kind(class_)}models",
            needs="one that does" if index else f"at least {LEAST_CAPABILITY} that do",
        )
    models = chosen(everyone, enough)
    families = family_codes(models, scores.model_fact("family", models))[0]
    opposing = _of_one_direction(table[:, varies], chosen(capability, varies), families)
    caveats = []
    if index:
        caveats.append(
            f"{instead or 'the'} capabilities score is one column, {capability[0]}{', as named' * (not instead)}, "
            "and as good as that column is"
        )
    if merged:
        caveats.append(
            f"{plural(merged, 'further setting')} of model versions counted with them, since {capability[0]} is one "
            "figure per version"
        )
    if never_run:
        caveats.append(f"capability benchmarks that no {kind(class_)}model was run on: {', '.join(never_run)}")
    if not enough.all():
        caveats.append(
            f"{(~enough).sum()} of {len(everyone)} {kind(class_)}models left out: not run on every capability benchmark"
        )
    if filled := int((~present[enough]).sum()):
        scores_filled = plural(filled, "missing capability score")
        caveats.append(f"{scores_filled} imputed from the first component; the interval does not count that")
    if not varies.all():
        constant = ", ".join(chosen(capability, ~varies))
        caveats.append(f"left out of the capabilities score, the same for every {kind(class_)}model: {constant}")
    return _assembled(
        scores,
        class_,
        {model: settings[model] for model in models},
        chosen(capability, varies),
        table[:, varies],
        chosen(everyone, ~enough),
        [*caveats, *opposing],
    )


def _on_scale(scores: Scores, class_: str, capability: Sequence[str]) -> Panel:
    """The panel whose capabilities score is the place on one scale of whichever capability benchmarks were run (F7)."""
    everyone = scores.models_of(class_)
    found = rising(connected(proportions(scores, capability)), scores)
    cells = cells_of(found, int(np.isfinite(found.values).sum(axis=0).argmax()))
    fit = fit_scale(cells)
    variance = spread(cells, fit).variance
    place = {model: row for row, model in enumerate(found.models) if np.isfinite(variance[row])}
    models = tuple(model for model in everyone if model in place)
    if len(models) < LEAST_MODELS:
        raise NotApplicable(
            f"the common scale of the capability benchmarks places {len(models)} {kind(class_)}models",
            needs=f"at least {LEAST_MODELS} that ran three benchmarks each",
        )
    rows = [place[model] for model in models]
    values = fit.capability[0, rows]
    reliability = float(1 - variance[rows].mean() / values.var(ddof=1))
    if reliability < LEAST_RELIABLE:
        raise NotApplicable(
            f"the common scale tells the {kind(class_)}models apart with a reliability of {max(reliability, 0):.2f}",
            needs=f"{LEAST_RELIABLE} or more, from more benchmarks run on the same models",
        )
    left = len(set(everyone) & set(found.models)) - len(models)
    caveats = [
        f"the capabilities score is each model's place on one scale of {plural(len(found.benchmarks), 'benchmark')}, "
        f"from those it was run on (F7), with a reliability of {reliability:.2f}, for which V1 corrects",
        *found.notes,
        *(
            (f"{plural(left, f'{kind(class_)}model')} left out: their scores do not place them on the scale",)
            * (left > 0)
        ),
    ]
    return _assembled(
        scores,
        class_,
        {model: [model] for model in models},
        (SCALE.format(count=len(found.benchmarks)),),
        values[:, None],
        tuple(model for model in everyone if model not in place),
        caveats,
        reliability,
    )


def _assembled(
    scores: Scores,
    class_: str,
    settings: Mapping[str, list[str]],
    capability: tuple[str, ...],
    values: Floats,
    dropped: tuple[str, ...],
    caveats: list[str],
    reliability: float = 1.0,
) -> Panel:
    """The panel of these models (each with the rows of its settings) and their capability values."""
    models = tuple(settings)
    # Roles come from the whole study, so benchmarks under test are the same in every class.
    tested = scores.benchmarks_of("safety", "other")
    families, family_names, unknown = family_codes(models, scores.model_fact("family", models))
    if unknown:
        caveats.append(f"{unknown} of {len(models)} {kind(class_)}models have no known family and count as independent")
    return Panel(
        class_=class_,
        models=models,
        families=families,
        family_names=family_names,
        capability=capability,
        values=values,
        tested=tested,
        scores=_merged(scores.matrix, settings, tested),
        stderr=_merged(scores.stderr, settings, tested),
        items=np.array(scores.benchmark_fact("items", tested), dtype=np.float64),
        dropped=dropped,
        caveats=tuple(caveats),
        unknown=unknown,
        reliability=reliability,
    )


def _settings(scores: Scores, models: Sequence[str], index: str) -> dict[str, list[str]]:
    """The rows of each model version with one figure of the index, under the name of the first; others stand alone."""
    values = scores.matrix(models, [index])[:, 0].tolist()
    together: dict[object, list[str]] = {}
    for model, version, value in zip(models, scores.model_fact("version", models), values, strict=True):
        key = model if version is None or not np.isfinite(value) else (version, value)
        together.setdefault(key, []).append(model)
    return {rows[0]: rows for rows in together.values()}


def _merged(
    cells: Callable[[Sequence[str], Sequence[str]], Floats],
    settings: Mapping[str, list[str]],
    benchmarks: Sequence[str],
) -> Floats:
    """A row per model: the mean over its settings that were run, NaN where none was."""
    table = cells([row for rows in settings.values() for row in rows], benchmarks)
    model = np.repeat(np.arange(len(settings)), [len(rows) for rows in settings.values()])
    ran, total = np.zeros((2, len(settings), table.shape[1]))
    np.add.at(ran, model, np.isfinite(table))
    np.add.at(total, model, np.nan_to_num(table))
    result: Floats = np.divide(total, ran, out=np.full(total.shape, np.nan), where=ran > 0)
    return result


def _core(present: Mask) -> list[int]:
    """Places of three or more capability benchmarks that most models have all of.

    Greedy: from each benchmark on, the one that keeps most models is added, until another one would cost a tenth.
    """
    best: tuple[int, list[int]] = (0, [])
    for first in np.argsort(-present.sum(axis=0), kind="stable")[:MOST_STARTS].tolist():
        places, whole = [first], present[:, first]
        while len(places) < present.shape[1]:
            kept = (present & whole[:, None]).sum(axis=0)
            kept[places] = -1
            place = int(kept.argmax())
            if len(places) >= LEAST_CAPABILITY and kept[place] < 0.9 * whole.sum():
                break
            places, whole = [*places, place], whole & present[:, place]
        if len(places) >= LEAST_CAPABILITY:
            best = max(best, (int(whole.sum()), sorted(places)), key=lambda found: (found[0], len(found[1])))
    return best[1]


def _is_index(scores: Scores, capability: Sequence[str]) -> bool:
    """Whether a person named one benchmark as the capabilities score; being known as such alone is not enough."""
    return scores.named and len(capability) == 1


def _of_one_direction(values: Floats, names: Sequence[str], families: npt.NDArray[np.int64]) -> list[str]:
    """Caveat on benchmarks that may run against the others.

    Raises
    ------
    NotApplicable
        One that does: what then rises with the component is anyone's choice, and a turned benchmark is likely.
    """
    loadings, against = opposed(values, families)
    told = [f"{name} (loading {signed(loading)})" for name, loading in zip(names, loadings.tolist(), strict=True)]
    if against.any():
        one = against.sum() == 1
        raise NotApplicable(
            f"{listed(chosen(told, against))} {'falls' if one else 'fall'} as the other capability benchmarks rise",
            needs=f"{'it' if one else 'them'} turned round if a lower score is better there, or a capabilities score "
            f"made without {'it' if one else 'them'}",
        )
    negative = chosen(told, loadings < 0)
    return [f"against the other capability benchmarks, which may be chance: {', '.join(negative)}"] if negative else []


def chosen(names: Sequence[str], mask: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    """The names whose mask is true."""
    return tuple(names[int(i)] for i in np.flatnonzero(mask))


def assessable(values: Floats, names: Sequence[str], class_: str) -> tuple[npt.NDArray[np.bool_], list[Unassessed]]:
    """Which columns can be ranked over the models, and why the others cannot."""
    problems = [_unranked(column[np.isfinite(column)], kind(class_)) for column in values.T]
    return np.array([problem is None for problem in problems], dtype=bool), [
        Unassessed({"benchmark": name, "class": class_}, *problem)
        for name, problem in zip(names, problems, strict=True)
        if problem is not None
    ]


def _unranked(scores: Floats, kind_: str) -> tuple[str, str] | None:
    """Why the scores on a benchmark do not rank the models, and what would be needed; None where they do."""
    ran = len(scores)
    if ran < LEAST_MODELS:
        return f"{ran} {kind_}models have both a score on it and a capabilities score", f"at least {LEAST_MODELS}"
    distinct, count = np.unique(scores, return_counts=True)
    if len(distinct) == 1:
        return f"all {ran} {kind_}models have the same score", "models that differ on it"
    if count.max() > MOST_TIED * ran:
        return f"{count.max()} of {ran} {kind_}models have the same score", "more models that differ on it"
    if len(distinct) < LEAST_DISTINCT:
        different = plural(len(distinct), "different score")
        return f"the {ran} {kind_}models have only {different}", f"at least {LEAST_DISTINCT}"
    return None
