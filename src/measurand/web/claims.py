"""The claim workshop: a card filled in as a form, held against the evidence while it is being written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from measurand.auditing import audit
from measurand.errors import InputError
from measurand.measures import discover, find
from measurand.measures.shared import display_names
from measurand.measures.validity.shared.claim_cards import PRINTED, off_scale, told_by
from measurand.results import Answer, Audit, Estimate, Finding, Status
from measurand.tables import ClaimCard, Study
from measurand.tables.claim_card import BENCHMARK_USES, ELICITATIONS, KINDS, RELATIONS, STATEMENTS
from measurand.web.downloads import File
from measurand.web.settings import ViewSettings
from measurand.wording import shown

__all__ = ["FIELDS", "Settings", "Workshop", "card_of", "download", "view"]

QUICKLY: Mapping[str, Mapping[str, float]] = {"V1": {"resamples": 0}}
"""Settings by which a measure answers while someone types: the default interval needs no resampling."""
MOST_SHOWN = 12
"""Estimates shown of those that the claim could rest on."""


class Settings(ViewSettings):
    """The card, and where its evidence comes from; every draft is one address."""

    of: str = Field("", description="An embedded study, or a path in the folder served.")
    text: str = Field("", description="The claim, in one sentence.")
    source: str = Field("", description="Where it is made.")
    measured: str = Field("", description="What is measured, and what would count as having it.")
    population: str = Field("", description="Which models, inputs and settings it should hold for.")
    statement: Literal["average case", "worst case", "existence proof", "upper bound"] = "average case"
    kind: Literal["capability", "propensity"] = "capability"
    elicitation: Literal["own", "today's users", "future users"] = "today's users"
    benchmark_use: Literal["diagnostic", "hill-climbing"] = "diagnostic"
    measure: str = Field("", description="Code of the measure that it rests on.")
    estimate: str = Field("", description="Name of the estimate.")
    about: list[str] = Field([], description="What it is about, as key=value: benchmark=wmdp.")
    relation: Literal["above", "below", "inside", "equals", "no issue"] = "below"
    low: float | None = Field(None, description="Bound; of inside the lower, of equals the value.")
    high: float | None = Field(None, description="Of inside the upper bound, of equals the tolerance.")


FIELDS: Mapping[str, Sequence[str]] = {
    "statement": STATEMENTS,
    "kind": KINDS,
    "elicitation": ELICITATIONS,
    "benchmark_use": BENCHMARK_USES,
    "relation": RELATIONS,
}
"""Fields with a choice, and what there is to choose."""


@dataclass(frozen=True, kw_only=True)
class Bearing:
    """A measure that could bear on the claim.

    Parameters
    ----------
    can : whether the evidence here lets it be made; `needs` says what it takes.
    """

    code: str
    name: str
    asks: str
    needs: str
    can: bool


@dataclass(frozen=True, kw_only=True)
class Ground:
    """An estimate that the claim could rest on: what of, and its number."""

    name: str
    about: tuple[str, ...]
    words: str


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What is found while a card is written.

    Parameters
    ----------
    bearings : the measures; those that can be made first.
    estimates, subjects : names to choose from, of the measure chosen.
    grounds : estimates that fit what is chosen so far; `count` how many there are.
    scale : how a bound is written, where it is printed otherwise.
    missing : what is still to be filled in, or what the evidence lacks.
    verdict : the answer of the card, None while it is not complete.
    plan : what would settle it, where it is open.
    card : the card as TOML.
    """

    settings: Settings
    bearings: tuple[Bearing, ...]
    estimates: tuple[str, ...]
    subjects: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]
    grounds: tuple[Ground, ...]
    count: int
    scale: str
    missing: tuple[str, ...]
    verdict: Answer | None
    status: str
    plan: tuple[str, ...]
    card: str

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the interface of programs."""
        answer = self.verdict
        return {
            "settings": self.settings.model_dump(),
            "measures": [asdict(each) for each in self.bearings],
            "estimates": self.estimates,
            "subjects": self.subjects,
            "grounds": [asdict(each) for each in self.grounds],
            "missing": self.missing,
            "verdict": None if answer is None else {"status": self.status, "sentence": answer.sentence},
            "plan": self.plan,
            "card": self.card,
        }


@lru_cache(64)
def _made(kept: _Kept, code: str, settings: tuple[tuple[str, Any], ...]) -> Audit:
    """A measure asked of the study."""
    return audit(kept.study, [find(code)], settings={code: dict(settings)} if settings else None)


@dataclass(frozen=True, eq=False)
class _Kept:
    """A study as something that a cache can hold: by itself, not by its content."""

    study: Study


_KEPT: dict[int, _Kept] = {}


def _kept(study: Study) -> _Kept:
    # Studies come from the folder's own cache of a few, so that what is kept here stays few, too.
    found = _KEPT.get(id(study))
    if found is None or found.study is not study:
        _KEPT[id(study)] = found = _Kept(study)
        for key in list(_KEPT)[:-8]:
            del _KEPT[key]
    return found


def view(study: Study, settings: Settings) -> Workshop:
    """What the evidence says of the card as far as it is written.

    Raises
    ------
    UnknownName
        A measure that is none.
    """
    bearings = _bearings(study)
    missing = [what for what, said in _texts(settings).items() if not said.strip()]
    findings: tuple[Finding, ...] = ()
    if settings.measure:
        code = find(settings.measure).code
        stated = told_by([card_of(_drafted(settings))]).get(code, {}) if settings.low is not None else {}
        told = tuple({**QUICKLY.get(code, {}), **stated}.items())
        findings = _made(_kept(study), code, told).findings
        if not any(finding.estimates for finding in findings):
            missing.append(f"evidence of another kind, since {code} needs {find(code).needs}")
    else:
        missing.append("a measure that it rests on")
    about = [each for each in findings if _where(settings).items() <= dict(each.subject).items()] or findings
    # Rows before headlines: a claim is mostly about one benchmark or model.
    ordered = sorted(about, key=lambda finding: finding.headline)
    estimates = tuple(dict.fromkeys(each.name for finding in ordered for each in finding.estimates))
    chosen = settings.estimate if settings.estimate in estimates else (estimates[0] if estimates else "")
    settings = settings.changed(estimate="" if settings.relation == "no issue" else chosen)
    fitting = _fitting(findings, settings)
    subjects: dict[str, tuple[str, ...]] = {}
    for key in dict.fromkeys(key for finding in findings for key in finding.subject):
        subjects[key] = tuple(dict.fromkeys(f.subject[key] for f in findings if key in f.subject))
    missing += _bounds_missing(settings)
    unit = next((each.unit for _, each in fitting), "")
    bounds = [bound for bound in (settings.low, settings.high) if bound is not None]
    if problem := off_scale(settings.estimate, bounds, unit):
        missing.append(f"another bound, since {problem}")
    held = _Held() if missing else _held(card_of(settings), findings, fitting)
    return Workshop(
        settings=settings,
        bearings=bearings,
        estimates=estimates,
        subjects=subjects,
        names=display_names(study.scores) if study.scores is not None else {},
        grounds=tuple(
            Ground(name=each.name, about=tuple(finding.subject.values()), words=shown(each))
            for finding, each in fitting[:MOST_SHOWN]
        ),
        count=len(fitting),
        scale=PRINTED.get(unit, ""),
        missing=tuple(missing),
        verdict=held.answer,
        status=held.status,
        plan=held.plan,
        card=_toml(settings),
    )


def _texts(settings: Settings) -> dict[str, str]:
    return {
        "what is claimed": settings.text,
        "where it is claimed": settings.source,
        "what is measured": settings.measured,
        "what it should hold for": settings.population,
    }


def _bearings(study: Study) -> tuple[Bearing, ...]:
    """Every measure with estimates, those that the evidence allows first."""
    import inspect

    from measurand.tables import EVIDENCE

    found = []
    for measure in discover():
        if measure.judges_findings:
            continue
        parameters = inspect.signature(measure.compute).parameters
        wanted = [name for name in parameters if name in EVIDENCE]
        required = [name for name in wanted if parameters[name].default is inspect.Parameter.empty]
        held = [name for name in wanted if getattr(study, name) is not None]
        can = bool(held) and all(name in held for name in required)
        found.append(Bearing(code=measure.code, name=measure.name, asks=measure.asks, needs=measure.needs, can=can))
    return tuple(sorted(found, key=lambda each: not each.can))


def _drafted(settings: Settings) -> Settings:
    """The card with something in every entry, so that what it rests on can be read while the rest is open."""
    open_ = {
        name: getattr(settings, name) or "open" for name in ("text", "source", "measured", "population", "estimate")
    }
    high = settings.high if settings.high is not None else (settings.low or 0.0) + 1
    return settings.changed(**open_, high=high)


def _where(settings: Settings) -> dict[str, str]:
    """What the claim is about.

    Raises
    ------
    InputError
        Something that is no key=value.
    """
    found = {}
    for each in filter(None, settings.about):
        key, equals, value = each.partition("=")
        if not equals:
            raise InputError(f"about should be key=value, such as benchmark=wmdp, got {each!r}")
        if value:
            found[key] = value
    return found


def _fitting(findings: Sequence[Finding], settings: Settings) -> list[tuple[Finding, Estimate]]:
    where = _where(settings)
    return [
        (finding, each)
        for finding in findings
        if all(finding.subject.get(key) == value for key, value in where.items())
        for each in finding.estimates
        if each.name == settings.estimate
    ]


def _bounds_missing(settings: Settings) -> list[str]:
    if settings.relation == "no issue":
        return []
    wanted = [settings.low] if settings.relation in ("above", "below") else [settings.low, settings.high]
    return ["the bound"] if None in wanted else []


def _raw(settings: Settings) -> dict[str, Any]:
    """The card as TOML would give it."""
    basis: dict[str, Any] = {"measure": settings.measure.upper(), "relation": settings.relation}
    if settings.relation != "no issue":
        bounds = [settings.low] if settings.relation in ("above", "below") else [settings.low, settings.high]
        basis |= {"estimate": settings.estimate, "bounds": [bound for bound in bounds if bound is not None]}
    if where := _where(settings):
        basis["where"] = where
    claim = {
        "name": settings.text[:60],
        "text": settings.text,
        "source": settings.source,
        "construct": settings.measured,
        "population": settings.population,
        **{name: getattr(settings, name) for name in ("statement", "kind", "elicitation", "benchmark_use")},
    }
    return {"claim": claim, "rests_on": [basis]}


def card_of(settings: Settings) -> ClaimCard:
    """The card, validated as one read from a file is.

    Raises
    ------
    InputError
        An entry that a card does not allow.
    """
    return ClaimCard.build(_raw(settings), "this card")


@dataclass(frozen=True, kw_only=True)
class _Held:
    """V0's answer to a card, its status, and what would settle it where it is open."""

    answer: Answer | None = None
    status: str = ""
    plan: tuple[str, ...] = ()


def _held(card: ClaimCard, findings: Sequence[Finding], fitting: Sequence[tuple[Finding, Estimate]]) -> _Held:
    code, v0 = card.rests_on[0].measure, find("V0")
    result = v0.compute((), findings, (card,))
    told = v0.findings(result)
    finding = next(each for each in told if each.subject.get("claim") == card.name)
    plan = []
    if finding.status in (Status.CAUTION, Status.NOT_APPLICABLE):
        plan = [f"What {code} needs: {find(code).needs}."]
        plan += list(dict.fromkeys(each.sentence for each, _ in fitting))[:3]
    return _Held(answer=v0.answers(result, told), status=finding.status.value, plan=tuple(plan))


def _toml(settings: Settings) -> str:
    """The card as a file: JSON's strings and numbers are TOML's, too."""
    raw = _raw(settings)
    lines = ["[claim]", *(f"{name} = {_value(value)}" for name, value in raw["claim"].items()), "", "[[rests_on]]"]
    for name, value in raw["rests_on"][0].items():
        if isinstance(value, dict):
            inner = ", ".join(f"{json.dumps(key)} = {_value(each)}" for key, each in value.items())
            lines.append(f"{name} = {{ {inner} }}")
        else:
            lines.append(f"{name} = {_value(value)}")
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def download(settings: Settings) -> File:
    """The card as a file for `measurand claim`."""
    return File("claim.toml", "application/toml", _toml(settings).encode())
