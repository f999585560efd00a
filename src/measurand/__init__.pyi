# Made from measurand.PUBLIC by docs/generate.py: do not edit.
from measurand.api import Findings as Findings
from measurand.api import Audit as Audit
from measurand.api import audit as audit
from measurand.api import load_audit as load_audit
from measurand.errors import InputError as InputError
from measurand.errors import MeasurandError as MeasurandError
from measurand.errors import NotApplicable as NotApplicable
from measurand.errors import UnknownName as UnknownName
from measurand.readers import load_example as load_example
from measurand.results import Estimate as Estimate
from measurand.results import Figure as Figure
from measurand.results import Finding as Finding
from measurand.results import Source as Source
from measurand.results import Status as Status
from measurand.store import read as read
from measurand.tables import Attempts as Attempts
from measurand.tables import Claim as Claim
from measurand.tables import ClaimCard as ClaimCard
from measurand.tables import Degradation as Degradation
from measurand.tables import Failures as Failures
from measurand.tables import Gain as Gain
from measurand.tables import ItemSet as ItemSet
from measurand.tables import Overlaps as Overlaps
from measurand.tables import PartRun as PartRun
from measurand.tables import ProbeScores as ProbeScores
from measurand.tables import QueryLogprobs as QueryLogprobs
from measurand.tables import Quiz as Quiz
from measurand.tables import Responses as Responses
from measurand.tables import Scores as Scores
from measurand.tables import Study as Study
from measurand.tables import TaskRuns as TaskRuns
from measurand.tables import Texts as Texts
from measurand.tables import TokenLogprobs as TokenLogprobs
from measurand.tables import Trials as Trials
from measurand.tables import Unread as Unread
from measurand.tables import Version as Version
from measurand.tables import Versions as Versions
from measurand.tables import Votes as Votes
from typing import Any, Literal
import collections.abc
import numpy.random

PUBLIC: dict[str, str]
__all__ = [
    "Attempts",
    "Audit",
    "Claim",
    "ClaimCard",
    "Degradation",
    "Estimate",
    "Failures",
    "Figure",
    "Finding",
    "Findings",
    "Gain",
    "InputError",
    "ItemSet",
    "MeasurandError",
    "NotApplicable",
    "Overlaps",
    "PartRun",
    "ProbeScores",
    "QueryLogprobs",
    "Quiz",
    "Responses",
    "Scores",
    "Source",
    "Status",
    "Study",
    "TaskRuns",
    "Texts",
    "TokenLogprobs",
    "Trials",
    "UnknownName",
    "Unread",
    "Version",
    "Versions",
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
    "drift",
    "elicitation",
    "evaluation_awareness",
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
    "lost_items",
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
    "time_horizon",
    "underperformance",
    "unseen_modes",
    "what_was_read",
    "where_it_holds",
    "whose_property",
]

def claims_tested(evidence: Study | None = None, /, *, claims: collections.abc.Sequence[Claim] | None = None, findings: collections.abc.Sequence[Finding] | None = None, claim_cards: collections.abc.Sequence[ClaimCard] | None = None, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def capabilities_correlation(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, threshold: float = 0.5, level: float = 0.95, resamples: int = 10000, missing: Literal['complete', 'impute', 'scale'] = 'complete', weighting: Literal['component', 'average'] = 'component', correlation: Literal['spearman', 'pearson', 'kendall'] = 'spearman', seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def slope_and_spread(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, flat_below: float = 1.0, correlated_r2: float = 0.25, level: float = 0.95, missing: Literal['complete', 'impute', 'scale'] = 'complete', seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def differential_progress(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, gains: collections.abc.Sequence[Gain] | None = None, level: float = 0.95, missing: Literal['complete', 'impute', 'scale'] = 'complete', seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def robustness(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, threshold: float = 0.5, fragile: int = 2, agreeing_share: float = 0.8, level: float = 0.95, missing: Literal['complete', 'impute', 'scale'] = 'complete', most_dropped: int = 5, half_subsets: int = 20, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def where_it_holds(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, worth: float = 0.2, margin: float = 0.5, threshold: float = 0.5, level: float = 0.95, missing: Literal['complete', 'impute', 'scale'] = 'complete', seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def compute_correlation(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, threshold: float = 0.5, level: float = 0.95, missing: Literal['complete', 'impute', 'scale'] = 'complete', seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def dimensionality(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, level: float = 0.95, missing: Literal['complete', 'impute', 'scale'] = 'complete', permutations: int = 1000, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def multitrait_multimethod(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def headroom(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, saturated: float = 0.95, at_floor: float = 0.05, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def metric_choice(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, scale: Literal['training_flop', 'parameters'] | None = None, level: float = 0.95, resamples: int = 2000, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def input_coverage(evidence: Study | Texts | None = None, /, *, texts: Texts | None = None, least_reach: float = 0.8, most_duplicates: float = 0.05, reference: str | None = None, radius: float | None = None, nearest: int = 5, alike: float = 0.95, embed: collections.abc.Callable[[collections.abc.Sequence[str]], numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.float64]]] | None = None, most: int = 1000, draws: int = 199, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def whose_property(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, mostly: float = 0.5, level: float = 0.95, missing: Literal['complete', 'impute', 'scale'] = 'complete', permutations: int = 4000, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def what_was_read(evidence: Study | Responses | None = None, /, *, unread: collections.abc.Sequence[Unread] | None = None, sources: collections.abc.Sequence[Source] | None = None, responses: Responses | None = None, part_runs: collections.abc.Sequence[PartRun] | None = None, tolerated_gap: float = 0.05, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def score_intervals(evidence: Study | Responses | Scores | None = None, /, *, responses: Responses | None = None, scores: Scores | None = None, tolerance: float = 0.05, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def compare(evidence: Study | Responses | None = None, /, *, responses: Responses | None = None, texts: bool | None = None, pair: collections.abc.Sequence[str] | None = None, correction: Literal['holm', 'bh', 'none'] = 'holm', weights: Literal['tasks', 'items'] = 'tasks', same_within: float | None = None, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def planning(evidence: Study | Responses | None = None, /, *, responses: Responses | None = None, effect: float = 0.03, power: float = 0.8, alpha: float = 0.05, agreement: float | None = None, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def threshold_test(evidence: Study | Responses | Trials | None = None, /, *, responses: Responses | None = None, trials: Trials | None | int = None, successes: int, above: float | None = None, below: float | None = None, alpha: float = 0.05, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def rarity(evidence: Study | Responses | Trials | Scores | None = None, /, *, responses: Responses | None = None, trials: Trials | None | int = None, scores: Scores | None = None, failures: int, rarer_than: float | None = None, alpha: float = 0.05, stopped: bool = False, missed: float = 0.0, checked: tuple[int, int] | None = None, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def reruns(evidence: Study | Responses | None = None, /, *, responses: Responses | None = None, flip_tolerance: float = 0.1, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def prompt_sensitivity(evidence: Study | Responses | None = None, /, *, responses: Responses | None = None, spread_tolerance: float = 0.02, wanted_generalisability: float = 0.9, level: float = 0.95, resamples: int = 1000, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def format_transfer(evidence: Study | Responses | None = None, /, *, responses: Responses | None = None, format_tolerance: float = 0.02, least_rank_agreement: float = 0.7, level: float = 0.95, formats: collections.abc.Sequence[str] = (), seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def rank_stability(evidence: Study | Responses | None = None, /, *, responses: Responses | None = None, level: float = 0.95, resamples: int = 1000, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def arena(evidence: Study | Votes | None = None, /, *, votes: Votes | None = None, same_order: float = 0.95, level: float = 0.95, ties: Literal['half', 'rao_kupper', 'davidson'] = 'half', cluster: Literal['auto', 'voter', 'item', 'none'] = 'auto', resamples: int = 1000, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def items(evidence: Study | Responses | Scores | None = None, /, *, responses: Responses | None = None, scores: Scores | None = None, reliable: float = 0.8, scale_tolerance: float = 0.15, least_spread: float = 0.75, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def graders(evidence: Study | Responses | None = None, /, *, responses: Responses | None = None, agreeing: float = 0.6666666666666666, tolerance: float = 0.05, level: float = 0.95, resamples: int = 1000, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def drift(evidence: Study | Versions | None = None, /, *, versions: Versions | None = None, redefined: float = 0.5, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def contamination(evidence: Study | Scores | Responses | None = None, /, *, scores: Scores | None = None, responses: Responses | None = None, negligible: float = 0.05, against: collections.abc.Sequence[tuple[str, str]] | None = None, suspects: collections.abc.Sequence[str] | None = None, released: str | None = None, paired: bool = False, level: float = 0.95, resamples: int = 10000, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def fresh_set_gap(evidence: Study | Scores | Responses | None = None, /, *, scores: Scores | None = None, responses: Responses | None = None, negligible: float = 0.05, same_order: float = 0.8, against: collections.abc.Sequence[tuple[str, str]] | None = None, suspects: collections.abc.Sequence[str] | None = None, released: str | None = None, likelihood: str | None = None, level: float = 0.95, resamples: int = 10000, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def holdout(evidence: Study | Texts | Responses | None = None, /, *, texts: Texts | None = None, responses: Responses | None = None, public: str | None = None, new: str | None = None, older: collections.abc.Sequence[str] = (), odd_one_out: tuple[int, int, int] | None = None, permutations: int = 500, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def membership(evidence: Study | TokenLogprobs | None = None, /, *, token_logprobs: TokenLogprobs | None = None, reference: str | None = None, share: float = 0.2, permutations: int = 500, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def quiz(evidence: Study | Quiz | None = None, /, *, quizzes: Quiz | None = None, tolerated: float = 0.1, resamples: int = 1000, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def overlap(evidence: Study | Overlaps | None = None, /, *, overlaps: Overlaps | None = None, copied: float = 0.7, near: float = 0.75, tolerated: float = 0.01, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def noise_injection(evidence: Study | Degradation | None = None, /, *, degradation: Degradation | None = None, negligible_gain: float = 0.05, chance: float | None = None, splits: int = 20, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def underperformance(evidence: Study | Responses | Scores | None = None, /, *, responses: Responses | None = None, scores: Scores | None = None, least_gap: float = 0.1, least_positions: float = 0.9, honest: str | None = None, told: str | None = None, level: float = 0.95, draws: int = 999, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def defection_probe(evidence: Study | ProbeScores | None = None, /, *, probe_scores: ProbeScores | None = None, negligible_area: float = 0.6, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def locked_ability(evidence: Study | Attempts | None = None, /, *, attempts: Attempts | None = None, negligible_gap: float = 0.1, control: collections.abc.Sequence[str] = (), baseline: str = 'as is', level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def evaluation_awareness(evidence: Study | Responses | Scores | None = None, /, *, responses: Responses | None = None, scores: Scores | None = None, negligible: float = 0.05, condition: str | None = None, baseline: str | None = None, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def lost_items(evidence: Study | Responses | None = None, /, *, responses: Responses | None = None, ordinary: float = 0.1, reference: str | None = None, suspect: str | None = None, siblings: collections.abc.Sequence[str] | None = None, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def forecast(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, least_coverage: float = 0.85, benchmarks: tuple[str, ...] | None = None, by: Literal['compute', 'date', 'components'] | None = None, at_flop: float | None = None, at_date: str | None = None, components: int = 1, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def repeated_attempts(evidence: Study | Attempts | None = None, /, *, attempts: Attempts | None = None, tolerated: float | None = None, asked: int | None = None, success_from: float = 0.5, resamples: int = 1000, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def rare_behaviours(evidence: Study | QueryLogprobs | None = None, /, *, query_logprobs: QueryLogprobs | None = None, tolerated_probability: float | None = None, queries: int | None = None, top: int = 10, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def elicitation(evidence: Study | Attempts | Scores | None = None, /, *, attempts: Attempts | None = None, scores: Scores | None = None, tolerated: float = 0.05, budget: float | None = None, unit: str | None = None, parameters: collections.abc.Mapping[str, float] | None = None, prices: collections.abc.Mapping[str, float] | None = None, baseline: str | None = None, reached: float = 0.5, success_from: float = 0.5, resamples: int = 2000, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def unseen_modes(evidence: Study | Failures | None = None, /, *, failures: Failures | None = None, tolerated_unseen: float = 0.05, cluster: str | None = None, level: float = 0.95, resamples: int = 200, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def selection_leakage(evidence: Study | Responses | None = None, /, *, responses: Responses | None = None, negligible_optimism: float = 0.01, chosen: str | None = None, splits: int = 20, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def common_scale(evidence: Study | Scores | None = None, /, *, scores: Scores | None = None, least_apart: float = 0.5, anchor: str | None = None, folds: int = 10, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
def time_horizon(evidence: Study | TaskRuns | None = None, /, *, task_runs: TaskRuns | None = None, widest: float = 10.0, apart: float = 1.5, length_noise: float = 0.5, resamples: int = 1000, level: float = 0.95, seed: int = 0, rng: numpy.random.Generator | None = None) -> Findings: ...
