"""P0, what was read: which rows of the logs are missing from the evidence, and why?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from measurand.measures import Measure
from measurand.results import Brief, Estimate, Figure, Finding, Question, Source, Status
from measurand.tables import Unread
from measurand.wording import plural

__all__ = ["MEASURE", "FileLoss", "Reading", "what_was_read"]


@dataclass(frozen=True)
class FileLoss:
    """What one file lost for one reason.

    Parameters
    ----------
    file, reason : which, and why.
    rows_lost : rows known to be missing; None where nobody can tell how many there were.
    rows_read : rows the file did give, over all its reasons.
    """

    file: str
    reason: str
    rows_lost: int | None
    rows_read: int

    @property
    def nothing_left(self) -> bool:
        """Whether the file gave no row at all."""
        return self.rows_read == 0


@dataclass(frozen=True, repr=False)
class Reading(Brief):
    """Result of `what_was_read`.

    Parameters
    ----------
    losses : one per file and reason, in the order they were met.
    rows_read : rows that all files gave.
    """

    losses: tuple[FileLoss, ...]
    rows_read: int

    @property
    def files(self) -> tuple[str, ...]:
        """Files that lost something."""
        return tuple(dict.fromkeys(loss.file for loss in self.losses))

    @property
    def rows_lost(self) -> int:
        """Rows known to be missing."""
        return sum(loss.rows_lost or 0 for loss in self.losses)

    @property
    def unknown(self) -> int:
        """Losses of which nobody can tell the size."""
        return sum(loss.rows_lost is None for loss in self.losses)


def what_was_read(unread: Sequence[Unread], sources: Sequence[Source] = ()) -> Reading:
    """Rows the logs hold that are not in the evidence, by file and reason.

    Parameters
    ----------
    unread : what could not be used; empty if logs were read and nothing was lost.
    sources : the files that were read, with the rows each gave.

    Returns
    -------
    Reading
        Losses of one file for one reason are added up; their size is unknown as soon as one of them is.

    Examples
    --------
    >>> reading = what_was_read([Unread("a.eval", "cut short", 3), Unread("b.eval", "not a log")])
    >>> reading.rows_lost, reading.unknown, reading.files
    (3, 1, ('a.eval', 'b.eval'))
    """
    given: Counter[str] = Counter()
    for source in sources:
        given[source.path] += source.rows
    lost: dict[tuple[str, str], list[int | None]] = defaultdict(list)
    for part in unread:
        lost[part.file, part.reason].append(part.rows_lost)
    # One row per file and reason: a thousand samples that failed alike are one thing to fix.
    losses = tuple(FileLoss(*key, _total(rows), given[key[0]]) for key, rows in lost.items())
    return Reading(losses, given.total())


def _total(rows: Sequence[int | None]) -> int | None:
    known = [count for count in rows if count is not None]
    # A sum of the known part only would pass for the whole loss.
    return sum(known) if len(known) == len(rows) else None


def judge(result: Reading) -> list[Finding]:
    """Passed: nothing was lost; caution: something was; issue, for a file: nothing of it is known to be left."""
    return [_headline(result), *(_finding(loss) for loss in result.losses)]


def _headline(result: Reading) -> Finding:
    lost = Estimate(name="rows_lost", value=result.rows_lost, method="rows known to be missing", unit="rows")
    if not result.losses:
        sentence = "Every row of the logs was read."
        return Finding(headline=True, status=Status.PASSED, sentence=sentence, estimates=(lost,))
    sizes = [f"{plural(result.rows_lost, 'row')} known to be missing"] if result.rows_lost else []
    if result.unknown:
        sizes.append(f"{plural(result.unknown, 'part')} of unknown size")
    sentence = (
        f"{plural(len(result.files), 'file')} could not be read in full"
        f"{': ' + ' and '.join(sizes) if sizes else ', at the cost of no row'}. "
        "Scores and item-level results may rest on a part of what was run."
    )
    return Finding(headline=True, status=Status.CAUTION, sentence=sentence, estimates=(lost,), caveats=MEASURE.caveats)


def _finding(loss: FileLoss) -> Finding:
    read = plural(loss.rows_read, "row")
    if loss.rows_lost is None and loss.nothing_left:
        status, size = Status.ISSUE, "It gave no item-level row, and how many it held is not known"
    elif loss.rows_lost is None:
        status, size = Status.CAUTION, f"It gave {read}; how many are missing is not known"
    elif loss.rows_lost and loss.nothing_left:
        status = Status.ISSUE
        size = f"It gave no item-level row: {plural(loss.rows_lost, 'row')} missing, all there were"
    elif loss.rows_lost:
        status, size = Status.CAUTION, f"It gave {read}, and {plural(loss.rows_lost, 'row', 'is missing')}"
    else:
        status, size = Status.CAUTION, "It cost no row"
    lost = () if loss.rows_lost is None else (Estimate(name="rows_lost", value=loss.rows_lost, unit="rows"),)
    sentence = f"Not read in full: {loss.reason.strip().rstrip('.')}. {size}."
    facts = {"reason": loss.reason}
    return Finding(subject={"file": loss.file}, status=status, sentence=sentence, estimates=lost, result=facts)


def figure(result: Reading) -> list[Figure]:
    """What is missing has no picture: the sentences say it all."""
    return []


MEASURE = Measure(
    code="P0",
    name="what was read",
    question=Question.PRECISION,
    asks="Is everything the logs hold in the evidence, and what is missing of which file?",
    needs="logs of a harness",
    formula="rows lost = rows a log declares or holds - rows that could be read, by file and reason.",
    compute=what_was_read,
    judge=judge,
    figure=figure,
    caveats=(
        "A log that was never written, or was left out before reading, is not missed here.",
        "Rows that could not be read are seldom a random part of a run: samples that failed tend to be the hard ones.",
    ),
)
