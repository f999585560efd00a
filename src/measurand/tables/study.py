"""All the evidence of one audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from measurand.results import Source
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
from measurand.tables.texts import Texts
from measurand.tables.token_logprobs import TokenLogprobs
from measurand.tables.trials import Trials
from measurand.tables.votes import Votes

__all__ = ["EVIDENCE", "Claim", "Gain", "Study", "Unread"]


@dataclass(frozen=True)
class Unread:
    """Something of a file that could not be used: why, and the rows it cost (None where unknown)."""

    file: str
    reason: str
    rows_lost: int | None = None


@dataclass(frozen=True)
class Gain:
    """A claim of progress: model `new` is safer than model `old` on `benchmark`."""

    old: str
    new: str
    benchmark: str


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Study:
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
    unread : what could not be read of logs; empty if logs were read and nothing was lost.
    gains : claims of safety progress from one model to another.
    claims : published claims to be put to the test.
    claim_cards : what evaluations claim, to be put to the test.
    sources : the files it came from.
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
    unread: tuple[Unread, ...] | None = None
    gains: tuple[Gain, ...] | None = None
    claims: tuple[Claim, ...] | None = None
    claim_cards: tuple[ClaimCard, ...] | None = None
    sources: tuple[Source, ...] = field(default=())

    def only(self, benchmarks: Iterable[str]) -> Study:
        """The same study with the item-level results of these benchmarks alone.

        Raises
        ------
        UnknownName
            A benchmark without item-level results.
        """
        return self if self.responses is None else replace(self, responses=self.responses.only(benchmarks))


EVIDENCE = tuple(member.name for member in fields(Study))
"""What a measure can ask for by the name of a parameter."""
