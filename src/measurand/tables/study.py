"""All the evidence of one audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from measurand.errors import InputError
from measurand.names import resolved
from measurand.results import Audit, Brief, Source
from measurand.tables.attempts import Attempts
from measurand.tables.claim_card import ClaimCard
from measurand.tables.degradation import Degradation
from measurand.tables.failures import Failures
from measurand.tables.overlaps import Overlaps
from measurand.tables.probe_scores import ProbeScores
from measurand.tables.query_logprobs import QueryLogprobs
from measurand.tables.quiz import Quiz
from measurand.tables.responses import Responses
from measurand.tables.scores import Scores
from measurand.tables.task_runs import TaskRuns
from measurand.tables.texts import Texts
from measurand.tables.token_logprobs import TokenLogprobs
from measurand.tables.trials import Trials
from measurand.tables.versions import Version, Versions
from measurand.tables.votes import Votes

__all__ = ["EVIDENCE", "TABLES", "Claim", "Gain", "PartRun", "Study", "Unread"]


@dataclass(frozen=True)
class Unread:
    """Something of a file that could not be used: why, and the rows it cost (None where unknown).

    `ended` is the error in which a whole run ended, where one did.
    """

    file: str
    reason: str
    rows_lost: int | None = None
    ended: str | None = None


@dataclass(frozen=True, kw_only=True)
class PartRun:
    """A run on a part of its dataset: as many `items` as were chosen of those it holds, `whole`."""

    benchmark: str
    model: str
    items: int
    whole: int


@dataclass(frozen=True)
class Gain:
    """A claim of progress: model `new` is safer than model `old` on `benchmark`."""

    old: str
    new: str
    benchmark: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A published claim about this evidence, to be held against the audit's estimates.

    Parameters
    ----------
    name : a short name for it.
    text, source : the claim in words, and where it was made.
    estimate : name of the estimate it speaks of, such as ``"capabilities_correlation"``.
    where : values a finding's subject must have; a list means any of them.
    relation : what each matching estimate should satisfy (``above``, ``below``, ``inside``) ...
    bounds : ... and the bound or bounds.
    share : None if every matching estimate must satisfy it, else the (least, greatest) share that should.
    """

    name: str
    text: str
    source: str
    estimate: str
    where: Mapping[str, str | Sequence[str]]
    relation: str
    bounds: tuple[float, ...]
    share: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Study(Brief):
    """All the evidence of one audit; what is absent is None.

    Parameters
    ----------
    title : what is audited, for the top of the report.
    scores : scores of models on benchmarks.
    responses : item-level results.
    votes : votes between two models.
    trials : counts of independent trials.
    texts : texts of items.
    overlaps : items held against a corpus, a pool of examples or each other.
    token_logprobs : log-probabilities of the tokens of texts.
    quizzes : answers to contamination quizzes.
    degradation : scores of noised copies of models.
    probe_scores : scores of probes on hidden states.
    attempts : attempts to elicit behaviours, with what they took.
    query_logprobs : how likely a behaviour is under each of many queries.
    failures : failures sorted into modes.
    task_runs : runs at tasks whose length for a person is known.
    versions : two versions of the same results.
    unread : what could not be read of logs; empty if logs were read and nothing was lost.
    part_runs : runs on a part of their dataset, of those that count.
    gains : claims of safety progress from one model to another.
    claims : published claims to be put to the test.
    claim_cards : what evaluations claim, to be put to the test.
    sources : the files it came from.
    made_for : codes of the measures for which experiments gathered it.
    """

    title: str
    scores: Scores | None = None
    responses: Responses | None = None
    votes: Votes | None = None
    trials: Trials | None = None
    texts: Texts | None = None
    overlaps: Overlaps | None = None
    token_logprobs: TokenLogprobs | None = None
    quizzes: Quiz | None = None
    degradation: Degradation | None = None
    probe_scores: ProbeScores | None = None
    attempts: Attempts | None = None
    query_logprobs: QueryLogprobs | None = None
    failures: Failures | None = None
    task_runs: TaskRuns | None = None
    versions: Versions | None = None
    unread: tuple[Unread, ...] | None = None
    part_runs: tuple[PartRun, ...] = ()
    gains: tuple[Gain, ...] | None = None
    claims: tuple[Claim, ...] | None = None
    claim_cards: tuple[ClaimCard, ...] | None = None
    sources: tuple[Source, ...] = field(default=())
    made_for: tuple[str, ...] = ()

    @classmethod
    def of(cls, *evidence: object, title: str = "") -> Study:
        """A study of tables of evidence, each put where its type belongs.

        Raises
        ------
        InputError
            Something that is no evidence, or two of a kind.

        Examples
        --------
        >>> Study.of(Trials(0, 300, "failures")).trials.trials
        300
        """
        held: dict[str, Any] = {}
        for each in evidence:
            name = TABLES.get(type(each))
            if name is None:
                raise InputError(
                    f"evidence should be one of {', '.join(t.__name__ for t in TABLES)}, got {type(each).__name__}"
                )
            # Two tables of one kind may overlap, and joining them is the readers' work.
            if name in held:
                raise InputError(f"a study holds one {type(each).__name__}, got two")
            held[name] = each
        return cls(title=title, **held)

    def names(self, kind: Literal["benchmark", "model"]) -> tuple[str, ...]:
        """Names of the benchmarks or models of scores and item-level results, sorted."""
        held = [part for part in (self.scores, self.responses) if part is not None]
        return tuple(sorted({name for part in held for name in _names(part, kind)}))

    def version(self, audit: Audit | None = None) -> Version:
        """This study as one of two `Versions`, with an audit of it where its verdicts are to be compared.

        Examples
        --------
        >>> import measurand
        >>> measurand.load_example("frontier_2026").version().scores.table.height
        908
        """
        return Version(self.title, self.scores, self.responses, audit)

    def only(self, benchmarks: Iterable[str] | None = None, models: Iterable[str] | None = None) -> Study:
        """The same study with these benchmarks (capability benchmarks stay among scores) and models alone.

        None keeps all. A gain claimed on a benchmark that is left out goes with it.

        Raises
        ------
        UnknownName
            A benchmark or model that neither the scores nor the item-level results have.
        """
        if benchmarks is None and models is None:
            return self
        chosen: dict[str, list[str] | None] = {}
        of_kind: tuple[tuple[Literal["benchmark", "model"], Iterable[str] | None], ...]
        of_kind = (("benchmark", benchmarks), ("model", models))
        for kind, names in of_kind:
            chosen[kind] = None if names is None else [resolved(kind, name, self.names(kind)) for name in names]

        def among(part: Scores | Responses) -> list[list[str] | None]:
            """Of the names chosen, those that this part has."""
            return [names and [n for n in names if n in _names(part, kind)] for kind, names in chosen.items()]

        scores = self.scores and self.scores.only(*among(self.scores))
        responses = self.responses and self.responses.only(*among(self.responses))
        on = chosen["benchmark"]
        gains = self.gains if on is None else tuple(gain for gain in self.gains or () if gain.benchmark in on) or None
        parts = tuple(
            each
            for each in self.part_runs
            if all(
                names is None or name in names
                for names, name in zip(chosen.values(), (each.benchmark, each.model), strict=True)
            )
        )
        return replace(self, scores=scores, responses=responses, gains=gains, part_runs=parts)


def _names(part: Scores | Responses, kind: str) -> Sequence[str]:
    if isinstance(part, Scores):
        return (part.benchmarks if kind == "benchmark" else part.models)[kind].to_list()
    return part.benchmarks() if kind == "benchmark" else part.models()


TABLES: dict[type, str] = {
    Scores: "scores",
    Responses: "responses",
    Votes: "votes",
    Trials: "trials",
    Texts: "texts",
    Overlaps: "overlaps",
    TokenLogprobs: "token_logprobs",
    Quiz: "quizzes",
    Degradation: "degradation",
    ProbeScores: "probe_scores",
    Attempts: "attempts",
    QueryLogprobs: "query_logprobs",
    Failures: "failures",
    TaskRuns: "task_runs",
    Versions: "versions",
}

EVIDENCE = {
    "title": "title",
    "scores": "scores of models on benchmarks",
    "responses": "item-level results",
    "votes": "votes between models",
    "trials": "counts of trials",
    "texts": "texts of items",
    "overlaps": "search for the items in a corpus",
    "token_logprobs": "log-probabilities of the tokens of texts",
    "quizzes": "answers to contamination quizzes",
    "degradation": "scores of noised copies of a model",
    "probe_scores": "scores of probes on hidden states",
    "attempts": "attempts to elicit a behaviour",
    "query_logprobs": "log-probabilities of a behaviour under many queries",
    "failures": "failures sorted into modes",
    "task_runs": "runs at tasks of known length",
    "versions": "second version of the same results",
    "unread": "logs",
    "part_runs": "runs on a part of their dataset",
    "gains": "claims that one model is safer than another",
    "claims": "published claims",
    "claim_cards": "claim cards",
    "sources": "source files",
}
"""What a measure can ask for by the name of a parameter, in the words that say it is not there: "no ..."."""
