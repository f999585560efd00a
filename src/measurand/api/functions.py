"""A public function for each measure: a study, its part or plain arguments in, `Findings` out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from measurand.api.findings import Findings
from measurand.auditing import generator
from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure, find
from measurand.tables import EVIDENCE, TABLES, Study

__all__ = ["function_of"]


def function_of(code: str, name: str) -> Callable[..., Findings]:
    """The public function that asks one measure.

    Parameters
    ----------
    code : of the measure.
    name : of the function.
    """
    measure = find(code)

    def ask(
        evidence: Any = None, /, *, seed: int = 0, rng: np.random.Generator | None = None, **given: Any
    ) -> Findings:
        if seed < 0:
            raise InputError(f"seed should be at least 0, got {seed}")
        found, settings = _told(measure, evidence, given)
        parameters = inspect.signature(measure.compute).parameters
        for each in (each for each, parameter in parameters.items() if each in EVIDENCE):
            if each not in found and parameters[each].default is inspect.Parameter.empty:
                raise NotApplicable(f"no {EVIDENCE[each]}", needs=measure.needs)
        arguments = {each: value for each, value in {**found, **settings}.items() if each in parameters}
        if "rng" in parameters:
            arguments["rng"] = generator(measure, seed) if rng is None else rng
        result = measure.compute(**arguments)
        findings = measure.findings(result, **settings)
        figures = {figure.name: figure for figure in measure.figures(result, findings)}
        return Findings(findings, figures, result, measure.answers(result, findings))

    ask.__name__ = ask.__qualname__ = name
    ask.__module__ = "measurand"
    ask.__doc__ = _documentation(measure)
    ask.__signature__ = signature_of(measure)  # type: ignore[attr-defined]
    return ask


def signature_of(measure: Measure) -> inspect.Signature:
    """Evidence first, in one piece or by name; then seed, counts where the measure takes them, and settings."""
    key = inspect.Parameter.KEYWORD_ONLY
    of_compute, of_judge = (
        inspect.signature(each, eval_str=True).parameters for each in (measure.compute, measure.judge)
    )
    evidence = [parameter for name, parameter in of_compute.items() if name in EVIDENCE or name == "findings"]
    types: Any = Study
    for parameter in evidence:
        if (kind := _without_none(parameter.annotation)) in TABLES:
            types |= kind
    chosen = [
        inspect.Parameter("evidence", inspect.Parameter.POSITIONAL_ONLY, default=None, annotation=types | None),
        *(parameter.replace(kind=key, default=None, annotation=parameter.annotation | None) for parameter in evidence),
        *(inspect.signature(measure.counts, eval_str=True).parameters.values() if measure.counts else ()),
        *(each for each in {**of_judge, **of_compute}.values() if each.name in measure.settings and each.kind is key),
        inspect.Parameter("seed", key, default=0, annotation=int),
        inspect.Parameter("rng", key, default=None, annotation=np.random.Generator | None),
    ]
    merged: dict[str, inspect.Parameter] = {}
    for each in chosen:  # a count may bear the name of the evidence it makes: trials
        seen = merged.get(each.name)
        merged[each.name] = each if seen is None else seen.replace(annotation=seen.annotation | each.annotation)
    return inspect.Signature(list(merged.values()), return_annotation=Findings)


def _without_none(annotation: Any) -> Any:
    arguments = [each for each in getattr(annotation, "__args__", ()) if each is not type(None)]
    return annotation if type(None) not in getattr(annotation, "__args__", ()) else arguments[0]


def _told(measure: Measure, evidence: Any, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Evidence and settings among what was given.

    Raises
    ------
    InputError
        Evidence of a type that this measure does not take.
    UnknownName
        An argument that it does not have.
    """
    takes = [name for name in inspect.signature(measure.compute).parameters if name in (*EVIDENCE, "findings")]
    study = evidence if isinstance(evidence, Study) or evidence is None else Study.of(evidence)
    found = {name: getattr(study, name) for name in takes if name != "findings"} if study is not None else {}
    if measure.counts is not None:
        named = inspect.signature(measure.counts).parameters
        counts = {name: given.pop(name) for name in named if isinstance(given.get(name), int)}
        if counts:
            if lacking := named.keys() - counts.keys():
                raise InputError(f"give both {' and '.join(named)}: {', '.join(sorted(lacking))} is missing")
            found |= measure.counts(**counts)
    found |= {name: given.pop(name) for name in takes if name in given}
    found = {name: value for name, value in found.items() if value is not None}
    if evidence is not None and not isinstance(evidence, Study) and not found:
        wanted = ", ".join(EVIDENCE[name] for name in takes if name in EVIDENCE)
        raise InputError(f"{measure.name} takes a Study or {wanted}, got {type(evidence).__name__}")
    for name in given:
        if name not in measure.settings:
            raise UnknownName(f"argument of {measure.name}", name, [*takes, *measure.settings, "seed", "rng"])
    return found, {**measure.settings, **given}


def _documentation(measure: Measure) -> str:
    """What it asks, what goes in and out, and where it comes from, out of what the measure says of itself."""
    lines = [measure.asks, "", f"{measure.code}, {measure.name}. {measure.formula}", ""]
    described = inspect.cleandoc(measure.compute.__doc__ or "").split("\n")
    sections = {line: place for place, line in enumerate(described[:-1]) if set(described[place + 1]) == {"-"}}

    def section(title: str) -> list[str]:
        if title not in sections:
            return []
        later = [place for place in sections.values() if place > sections[title]]
        return [*described[sections[title] : min(later, default=len(described))]]

    of_compute = inspect.signature(measure.compute).parameters
    of_verdict = {name: value for name, value in measure.settings.items() if name not in of_compute}
    lines += section("Parameters") or ["Parameters", "----------"]
    while lines[-1] == "":
        lines.pop()
    lines += [
        "seed : same seed, same findings.",
        "rng : a generator to draw from, in place of one made of the seed.",
        *(f"{name} : threshold of the verdict, {value!r} by default." for name, value in of_verdict.items()),
        "",
        "Returns",
        "-------",
        "Findings",
        "    Verdicts, estimates and figures; `result` holds what was computed.",
        "",
        *section("Raises"),
        *section("References"),
    ]
    return "\n".join(lines).rstrip() + "\n"
