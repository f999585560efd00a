"""measurand audits AI evaluations: what a score measures, how far it can be trusted, and what it predicts.

>>> import measurand
>>> study = measurand.load_example()
>>> result = measurand.audit(study, ["V1"], resamples=200)
>>> result["V1"].headline.estimate("pc1_share").value.__round__(3)
0.783
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

PUBLIC = {
    "api": "Audit Findings audit load_audit",
    "errors": "InputError MeasurandError NotApplicable UnknownName",
    "readers": "load_example",
    "results": "Estimate Figure Finding Source Status",
    "store": "read",
    "tables": (
        "Attempts Claim ClaimCard Degradation Failures Gain ItemSet Overlaps PartRun ProbeScores QueryLogprobs Quiz "
        "Responses Scores Study TaskRuns Texts TokenLogprobs Trials Unread Version Versions Votes"
    ),
    "V0": "claims_tested",
    "V1": "capabilities_correlation",
    "V2": "slope_and_spread",
    "V3": "differential_progress",
    "V4": "robustness",
    "V5": "where_it_holds",
    "V6": "compute_correlation",
    "V7": "dimensionality",
    "V8": "multitrait_multimethod",
    "V9": "headroom",
    "V10": "metric_choice",
    "V11": "input_coverage",
    "V12": "whose_property",
    "P0": "what_was_read",
    "P1": "score_intervals",
    "P2": "compare",
    "P3": "planning",
    "P4": "threshold_test",
    "P5": "rarity",
    "P6": "reruns",
    "P7": "prompt_sensitivity",
    "P8": "format_transfer",
    "P9": "rank_stability",
    "P10": "arena",
    "P11": "items",
    "P12": "graders",
    "P13": "drift",
    "G1": "contamination",
    "G2": "fresh_set_gap",
    "G3": "holdout",
    "G4": "membership",
    "G5": "quiz",
    "G6": "overlap",
    "G7": "noise_injection",
    "G8": "underperformance",
    "G9": "defection_probe",
    "G10": "locked_ability",
    "G11": "evaluation_awareness",
    "G12": "lost_items",
    "F1": "forecast",
    "F2": "repeated_attempts",
    "F3": "rare_behaviours",
    "F4": "elicitation",
    "F5": "unseen_modes",
    "F6": "selection_leakage",
    "F7": "common_scale",
    "F8": "time_horizon",
}
"""Every public name, by where it comes from: a module, or the code of the measure that the function asks.

`__all__`, the types for checkers (``__init__.pyi``) and the API reference are made from it.
"""

_HOME = {name: home for home, names in PUBLIC.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the package itself imports in milliseconds."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'measurand' has no attribute {name!r}")
    if home[0].isupper():
        value: Any = import_module("measurand.api").function_of(home, name)
    else:
        value = getattr(import_module(f"measurand.{home}"), name)
    globals()[name] = value
    if "IPython" in sys.modules:
        import_module("measurand.api")  # it tells records how a notebook shows them
    return value


def __dir__() -> list[str]:
    return __all__
