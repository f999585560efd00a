"""measurand audits AI evaluations: what a score measures, how far it can be trusted, and what it predicts.

>>> import measurand
>>> study = measurand.load_example()
>>> result = measurand.audit(study, ["V1"], resamples=200)
>>> result.findings[0].estimate("pc1_share").value.__round__(3)
0.783
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from measurand.api import Audit, audit, load_audit
    from measurand.errors import InputError, MeasurandError, NotApplicable, UnknownName
    from measurand.measures.forecast.attempts import repeated_attempts
    from measurand.measures.forecast.elicitation import elicitation
    from measurand.measures.forecast.forecast import forecast
    from measurand.measures.forecast.leakage import selection_leakage
    from measurand.measures.forecast.rare import rare_behaviours
    from measurand.measures.forecast.scale import common_scale
    from measurand.measures.forecast.unseen import unseen_modes
    from measurand.measures.gaming.contamination import contamination
    from measurand.measures.gaming.fresh_set import fresh_set_gap
    from measurand.measures.gaming.holdout import holdout
    from measurand.measures.gaming.locked import locked_ability
    from measurand.measures.gaming.membership import membership
    from measurand.measures.gaming.noise import noise_injection
    from measurand.measures.gaming.overlap import overlap
    from measurand.measures.gaming.probe import defection_probe
    from measurand.measures.gaming.quiz import quiz
    from measurand.measures.gaming.underperformance import underperformance
    from measurand.measures.precision.arena import arena
    from measurand.measures.precision.format_transfer import format_transfer
    from measurand.measures.precision.graders import graders
    from measurand.measures.precision.items import items
    from measurand.measures.precision.paired_difference import compare
    from measurand.measures.precision.planning import planning
    from measurand.measures.precision.prompt_sensitivity import prompt_sensitivity
    from measurand.measures.precision.rank_stability import rank_stability
    from measurand.measures.precision.rarity import rarity
    from measurand.measures.precision.reading import what_was_read
    from measurand.measures.precision.reruns import reruns
    from measurand.measures.precision.score_interval import score_intervals
    from measurand.measures.precision.threshold import threshold_test
    from measurand.measures.validity.capabilities_correlation import capabilities_correlation
    from measurand.measures.validity.claims import claims_tested
    from measurand.measures.validity.coverage import input_coverage
    from measurand.measures.validity.differential_progress import differential_progress
    from measurand.measures.validity.dimensionality import dimensionality
    from measurand.measures.validity.headroom import headroom
    from measurand.measures.validity.metric_choice import metric_choice
    from measurand.measures.validity.mtmm import multitrait_multimethod
    from measurand.measures.validity.robustness import robustness
    from measurand.measures.validity.slope_and_spread import slope_and_spread
    from measurand.measures.validity.training_compute import compute_correlation
    from measurand.measures.validity.where_it_holds import where_it_holds
    from measurand.readers import load_example
    from measurand.results import Estimate, Figure, Finding, Status
    from measurand.store import read
    from measurand.tables import (
        Attempts,
        Claim,
        ClaimCard,
        Gain,
        Overlaps,
        QueryLogprobs,
        Quiz,
        Responses,
        Scores,
        Study,
        Texts,
        TokenLogprobs,
        Trials,
        Votes,
    )

_HOME = {
    "api": ("Audit", "audit", "load_audit"),
    "errors": ("InputError", "MeasurandError", "NotApplicable", "UnknownName"),
    "measures.forecast.forecast": ("forecast",),
    "measures.forecast.scale": ("common_scale",),
    "measures.forecast.attempts": ("repeated_attempts",),
    "measures.forecast.elicitation": ("elicitation",),
    "measures.forecast.rare": ("rare_behaviours",),
    "measures.forecast.leakage": ("selection_leakage",),
    "measures.forecast.unseen": ("unseen_modes",),
    "measures.gaming.contamination": ("contamination",),
    "measures.gaming.fresh_set": ("fresh_set_gap",),
    "measures.gaming.holdout": ("holdout",),
    "measures.gaming.locked": ("locked_ability",),
    "measures.gaming.membership": ("membership",),
    "measures.gaming.noise": ("noise_injection",),
    "measures.gaming.overlap": ("overlap",),
    "measures.gaming.probe": ("defection_probe",),
    "measures.gaming.quiz": ("quiz",),
    "measures.validity.metric_choice": ("metric_choice",),
    "measures.gaming.underperformance": ("underperformance",),
    "measures.validity.coverage": ("input_coverage",),
    "measures.validity.mtmm": ("multitrait_multimethod",),
    "measures.precision.reading": ("what_was_read",),
    "measures.precision.arena": ("arena",),
    "measures.precision.format_transfer": ("format_transfer",),
    "measures.precision.graders": ("graders",),
    "measures.precision.items": ("items",),
    "measures.precision.paired_difference": ("compare",),
    "measures.precision.planning": ("planning",),
    "measures.precision.prompt_sensitivity": ("prompt_sensitivity",),
    "measures.precision.rank_stability": ("rank_stability",),
    "measures.precision.rarity": ("rarity",),
    "measures.precision.reruns": ("reruns",),
    "measures.precision.score_interval": ("score_intervals",),
    "measures.precision.threshold": ("threshold_test",),
    "measures.validity.capabilities_correlation": ("capabilities_correlation",),
    "measures.validity.claims": ("claims_tested",),
    "measures.validity.differential_progress": ("differential_progress",),
    "measures.validity.dimensionality": ("dimensionality",),
    "measures.validity.headroom": ("headroom",),
    "measures.validity.robustness": ("robustness",),
    "measures.validity.slope_and_spread": ("slope_and_spread",),
    "measures.validity.training_compute": ("compute_correlation",),
    "measures.validity.where_it_holds": ("where_it_holds",),
    "readers": ("load_example",),
    "results": ("Estimate", "Figure", "Finding", "Status"),
    "store": ("read",),
    "tables": (
        "Attempts",
        "Claim",
        "ClaimCard",
        "Gain",
        "Overlaps",
        "QueryLogprobs",
        "Quiz",
        "Responses",
        "Scores",
        "Study",
        "Texts",
        "TokenLogprobs",
        "Trials",
        "Votes",
    ),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Attempts",
    "Audit",
    "Claim",
    "ClaimCard",
    "Estimate",
    "Figure",
    "Finding",
    "Gain",
    "InputError",
    "MeasurandError",
    "NotApplicable",
    "Overlaps",
    "QueryLogprobs",
    "Quiz",
    "Responses",
    "Scores",
    "Status",
    "Study",
    "Texts",
    "TokenLogprobs",
    "Trials",
    "UnknownName",
    "Votes",
    "arena",
    "audit",
    "capabilities_correlation",
    "claims_tested",
    "common_scale",
    "compare",
    "compute_correlation",
    "contamination",
    "defection_probe",
    "differential_progress",
    "dimensionality",
    "elicitation",
    "forecast",
    "format_transfer",
    "fresh_set_gap",
    "graders",
    "headroom",
    "holdout",
    "input_coverage",
    "items",
    "load_audit",
    "load_example",
    "locked_ability",
    "membership",
    "metric_choice",
    "multitrait_multimethod",
    "noise_injection",
    "overlap",
    "planning",
    "prompt_sensitivity",
    "quiz",
    "rank_stability",
    "rare_behaviours",
    "rarity",
    "read",
    "repeated_attempts",
    "reruns",
    "robustness",
    "score_intervals",
    "selection_leakage",
    "slope_and_spread",
    "threshold_test",
    "underperformance",
    "unseen_modes",
    "what_was_read",
    "where_it_holds",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the package itself imports in milliseconds."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'measurand' has no attribute {name!r}")
    value = getattr(import_module(f"measurand.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
