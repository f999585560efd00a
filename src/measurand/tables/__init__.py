"""The evidence an audit works on: frozen tables, validated once."""

from measurand.tables._columns import LARGEST, MISSING
from measurand.tables.attempts import Attempts
from measurand.tables.claim_card import ClaimCard
from measurand.tables.degradation import Degradation
from measurand.tables.failures import Failures
from measurand.tables.item_set import WAYS, Item, ItemSet, among
from measurand.tables.items import (
    MAIN_SCORERS,
    ItemTable,
    item_facts,
    item_tables,
    reading_rank,
)
from measurand.tables.overlaps import Overlaps
from measurand.tables.probe_scores import ProbeScores
from measurand.tables.query_logprobs import QueryLogprobs
from measurand.tables.quiz import Quiz
from measurand.tables.responses import (
    CONTEXT,
    RESPONSE_COLUMNS,
    Responses,
    State,
    row_numbers,
    state_of,
    without_copies,
)
from measurand.tables.scores import BENCHMARK_FACTS, MODEL_FACTS, ROLES, UNCLASSED, Scores
from measurand.tables.study import EVIDENCE, TABLES, Claim, Gain, PartRun, Study, Unread
from measurand.tables.sums import ItemFacts
from measurand.tables.task_runs import TaskRuns
from measurand.tables.texts import Texts
from measurand.tables.token_logprobs import TokenLogprobs
from measurand.tables.trials import Trials
from measurand.tables.versions import NEW, OLD, Version, Versions
from measurand.tables.votes import WINNERS, Votes

__all__ = [
    "BENCHMARK_FACTS",
    "CONTEXT",
    "EVIDENCE",
    "LARGEST",
    "MAIN_SCORERS",
    "MISSING",
    "MODEL_FACTS",
    "NEW",
    "OLD",
    "RESPONSE_COLUMNS",
    "ROLES",
    "TABLES",
    "UNCLASSED",
    "WAYS",
    "WINNERS",
    "Attempts",
    "Claim",
    "ClaimCard",
    "Degradation",
    "Failures",
    "Gain",
    "Item",
    "ItemFacts",
    "ItemSet",
    "ItemTable",
    "Overlaps",
    "PartRun",
    "ProbeScores",
    "QueryLogprobs",
    "Quiz",
    "Responses",
    "Scores",
    "State",
    "Study",
    "TaskRuns",
    "Texts",
    "TokenLogprobs",
    "Trials",
    "Unread",
    "Version",
    "Versions",
    "Votes",
    "among",
    "item_facts",
    "item_tables",
    "reading_rank",
    "row_numbers",
    "state_of",
    "without_copies",
]
