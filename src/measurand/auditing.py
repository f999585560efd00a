"""A study and measures in, an audit out. Pure: no files, no clock, no global randomness."""

from __future__ import annotations

import inspect
import platform
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from measurand.compute import run_tasks
from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure, discover
from measurand.results import Answer, Audit, Figure, Finding, Provenance, Status
from measurand.tables import EVIDENCE, Scores, Study

__all__ = ["audit", "versions"]


SHARED = ("alpha", "level", "missing", "resamples", "threshold")
"""Settings that mean the same wherever they stand, so that one value may be given to every measure that has them."""

Settings = Mapping[str, Mapping[str, Any]]
"""Settings of measures: code -> setting -> value."""


def audit(
    study: Study,
    measures: Sequence[Measure] | None = None,
    *,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
    common: Mapping[str, object] | None = None,
) -> Audit:
    """Ask every measure of the study.

    Parameters
    ----------
    study : the evidence.
    measures : those to ask; every one there is by default.
    settings : of each measure, by code: ``{"G6": {"tolerated": 0.01}}``. Those of an audit, given again with its seed,
        give the same findings.
    seed : each measure draws from its own generator made of this seed and its code, so the order does not matter.
    jobs : worker processes.
    progress : called with a measure's name, how many are done, and how many there are.
    common : settings for every measure asked that has them: those of `SHARED`, or one that a single measure has.

    Raises
    ------
    UnknownName
        A setting that no measure asked has, or a code that was not asked.
    InputError
        A setting out of its range or of more than one meaning, or a claim about a model or benchmark that is not there.
    """
    measures = discover() if measures is None else tuple(measures)
    if seed < 0:
        raise InputError(f"seed should be at least 0, got {seed}")
    chosen = settings_by_code(measures, settings or {}, common or {})
    # Measures that judge other findings wait for them.
    first = [measure for measure in measures if not measure.judges_findings]
    then = [measure for measure in measures if measure.judges_findings]
    found: dict[str, Assessed] = {}
    tasks = [(measure, study, chosen[measure.code], seed, ()) for measure in first]
    for measure, result in zip(first, run_tasks(assess, tasks, jobs=jobs), strict=True):
        found[measure.code] = result
        if progress:
            progress(measure.name, len(found), len(measures))
    judged = tuple(finding for each in found.values() for finding in each.findings)
    for measure in then:
        found[measure.code] = assess(measure, study, chosen[measure.code], seed, judged)
        if progress:
            progress(measure.name, len(found), len(measures))
    ordered = [found[measure.code] for measure in measures]
    return Audit(
        findings=tuple(finding for each in ordered for finding in each.findings),
        figures={figure.name: figure for each in ordered for figure in each.figures},
        provenance=_provenance(study),
        settings={code: {name: _plain(value) for name, value in own.items()} for code, own in chosen.items() if own},
        seed=seed,
        asked=tuple(measure.code for measure in measures),
        answers={code: each.answer for code, each in found.items() if each.answer is not None},
        sizes={} if study.scores is None else _sizes(study.scores),
    )


def settings_by_code(
    measures: Sequence[Measure], settings: Mapping[str, Mapping[str, object]], common: Mapping[str, object]
) -> dict[str, dict[str, Any]]:
    """Every setting of each measure: its default, else what is given to all, else what is given to it."""
    owners = {code: measure for measure in measures for code in (measure.code,)}
    for name in common:
        having = [code for code, measure in owners.items() if name in measure.settings]
        if not having:
            raise UnknownName("setting", name, {name for measure in measures for name in measure.settings})
        if len(having) > 1 and name not in SHARED:
            raise InputError(
                f"{name} is a setting of {', '.join(having)}, each in its own sense; say of which it is: "
                f"settings={{{having[0]!r}: {{{name!r}: {common[name]!r}}}}}"
            )
    for code, own in settings.items():
        if code not in owners:
            raise UnknownName("measure among those asked", code, owners)
        for name in own:
            if name not in owners[code].settings:
                raise UnknownName(f"setting of {code}", name, owners[code].settings)
    return {
        code: dict(
            sorted(
                {
                    name: {**common, **settings.get(code, {})}.get(name, default)
                    for name, default in measure.settings.items()
                }.items()
            )
        )
        for code, measure in owners.items()
    }


def _parameters(measure: Measure) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(measure.compute).parameters


class Assessed(NamedTuple):
    """What one measure leaves."""

    findings: tuple[Finding, ...]
    figures: tuple[Figure, ...] = ()
    answer: Answer | None = None


def assess(
    measure: Measure, study: Study, settings: Mapping[str, object], seed: int, judged: tuple[Finding, ...]
) -> Assessed:
    """Findings, figures and answer of one measure; what it lacks, or how it failed, is a finding too."""
    try:
        result = measure.compute(**_arguments(measure, study, settings, seed, judged))
        findings = measure.findings(result, **settings)
        return Assessed(findings, measure.figures(result, findings), measure.answers(result, findings))
    except NotApplicable as problem:
        return Assessed((_without_verdict(measure, Status.NOT_APPLICABLE, f"Not assessed: {problem}."),))
    except InputError:
        # A wrong input is the caller's to mend; a finding would make it the measure's failure.
        raise
    except Exception as problem:  # one measure that fails, perhaps from another package, never stops an audit
        return Assessed((_without_verdict(measure, Status.ERROR, f"Failed: {type(problem).__name__}: {problem}"),))


def generator(measure: Measure, seed: int) -> np.random.Generator:
    """A measure's own random numbers: they depend on the seed and its code, not on who was asked before."""
    # Not hash(), which differs from process to process.
    return np.random.default_rng([seed, zlib.crc32(measure.code.encode())])


def _arguments(
    measure: Measure, study: Study, settings: Mapping[str, object], seed: int, judged: tuple[Finding, ...]
) -> dict[str, Any]:
    parameters = _parameters(measure)
    arguments: dict[str, Any] = {name: value for name, value in settings.items() if name in parameters}
    for name, parameter in parameters.items():
        if name == "findings":
            arguments[name] = judged
        elif name == "rng":
            arguments[name] = generator(measure, seed)
        elif name in EVIDENCE:
            evidence = getattr(study, name)
            if evidence is None and parameter.default is parameter.empty:
                raise NotApplicable(f"no {EVIDENCE[name]}", needs=measure.needs)
            if evidence is not None:
                arguments[name] = evidence
    return arguments


def _sizes(scores: Scores) -> dict[str, int]:
    """How much there is to look at: of models and families the median over classes."""
    models = [scores.models_of(class_) for class_ in scores.classes]
    families = [len(set(scores.model_fact("family", names)) - {None}) for names in models]
    return {
        "classes": len(models),
        "models": int(np.median([len(names) for names in models])),
        "families": int(np.median(families)),
        "benchmarks": len(scores.benchmarks_of("safety", "other")),
        "capability": len(scores.benchmarks_of("capability")),
    }


def _without_verdict(measure: Measure, status: Status, sentence: str) -> Finding:
    return Finding(code=measure.code, title=measure.title, status=status, sentence=sentence, headline=True)


def _provenance(study: Study) -> Provenance:
    notes = study.scores.notes if study.scores is not None else ()
    return Provenance(study.title, study.sources, notes, versions(), study.made_for)


@cache
def versions() -> Mapping[str, str]:
    """Versions of what computes an audit."""
    packages = ("measurand", "numpy", "scipy", "polars")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def _plain(value: object) -> Any:
    """A setting as JSON holds it; a function given as one is known by its name alone."""
    if value is None or isinstance(value, str | float | int | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return tuple(_plain(each) for each in value)
    return getattr(value, "__qualname__", str(value))
