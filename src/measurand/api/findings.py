"""What one measure found: its verdicts in words, its numbers, its pictures, and the result behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from measurand.errors import UnknownName
from measurand.report.text import to_text
from measurand.report.wording import subject_text
from measurand.results import Answer, Audit, Estimate, Figure, Finding, Provenance, in_notebook

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Findings", "frame_of"]


@dataclass(frozen=True, repr=False, eq=False)
class Findings(Sequence[Finding]):
    """The findings of one measure, in its order, as a sequence.

    Parameters
    ----------
    findings : all of them; those with `Finding.headline` speak for the measure.
    figures : the pictures, by name.
    result : what was computed, before any verdict; None for an audit that was read from a file.
    answer : what it says first: a sentence, tables, notes; None where nothing could be assessed.

    Examples
    --------
    >>> import measurand
    >>> found = measurand.rarity(failures=0, trials=300, rarer_than=1e-4)
    >>> found.headline.status.value, len(found), found.estimates[0].n
    ('caution', 1, 300)
    """

    findings: tuple[Finding, ...]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    result: Any = None
    answer: Answer | None = None

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, place: Any) -> Any:
        return self.findings[place]

    @property
    def headline(self) -> Finding:
        """The first finding that speaks for the measure; the first of all where none does.

        Raises
        ------
        IndexError
            The measure found nothing at all.
        """
        return next((finding for finding in self.findings if finding.headline), None) or self.findings[0]

    @property
    def verdict(self) -> str:
        """The sentence of the headline."""
        return self.headline.sentence

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The sentences of the rows below the headlines; of the headlines where there are no rows."""
        rows = tuple(finding.sentence for finding in self.findings if not finding.headline)
        return rows or tuple(finding.sentence for finding in self.findings)

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """Every number, in the order of the findings."""
        return tuple(estimate for finding in self.findings for estimate in finding.estimates)

    def of(self, name: str | None = None, /, **subject: str) -> Finding:
        """The one finding on a subject.

        Parameters
        ----------
        name : a value of any key of the subject, such as a benchmark or a model.
        subject : values by key, such as ``benchmark="mmlu"``; a trailing underscore is dropped (``class_="chat"``).

        Raises
        ------
        UnknownName
            No finding, or more than one, is on it; the message lists those that come near.

        Examples
        --------
        >>> import measurand
        >>> found = measurand.dimensionality(measurand.load_example(), permutations=100)
        >>> found.of(class_="chat").subject
        {'class': 'chat'}
        """
        wanted = {key.rstrip("_"): value for key, value in subject.items()}
        fitting = [
            finding
            for finding in self.findings
            if (name is None or name in finding.subject.values())
            and all(finding.subject.get(key) == value for key, value in wanted.items())
        ]
        if len(fitting) == 1:
            return fitting[0]
        asked = ", ".join([*([name] if name else []), *(f"{key} {value}" for key, value in wanted.items())])
        if fitting:
            raise UnknownName("single finding", asked, map(subject_text, fitting))
        # What comes near is among the names of the subjects, not among their words.
        known = dict.fromkeys(value for finding in self.findings for value in finding.subject.values())
        raise UnknownName("finding", asked if wanted else name or "", known)

    def to_frame(self) -> pl.DataFrame:
        """One row per estimate (one without numbers for a finding that has none), as a polars frame."""
        return frame_of(self.findings)

    def __repr__(self) -> str:
        """The answer as a terminal shows it: a sentence, a short table, what limits it."""
        if not self.findings:
            return "no findings"
        code = self.headline.code
        audit = Audit(
            findings=self.findings,
            figures={},
            provenance=Provenance("", (), (), {}),
            settings={},
            seed=0,
            asked=(code,),
            answers={} if self.answer is None else {code: self.answer},
        )
        return self.verdict if self.answer is None else to_text(audit, (), rest="to_frame()").rstrip()

    def _repr_html_(self) -> str | None:
        return in_notebook(self)


def frame_of(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings as a polars frame: one row per estimate.

    Columns are ``code``, a column for each key of any subject, then ``status``, ``headline``, ``sentence`` and what
    was measured: ``estimate``, ``value``, ``low``, ``high``, ``level``, ``unit``, ``n``, ``method``.
    """
    import polars as pl

    found = list(findings)
    keys = list(dict.fromkeys(key for finding in found for key in finding.subject))
    rows = [
        (
            finding.code,
            *(finding.subject.get(key) for key in keys),
            finding.status.value,
            finding.headline,
            finding.sentence,
            *((e.name, e.value, e.low, e.high, e.level, e.unit, e.n, e.method) if e else (None,) * 8),
        )
        for finding in found
        for e in (finding.estimates or (None,))
    ]
    numbers = {"value", "low", "high", "level"}
    # A subject may well have a key called status or level: those of the finding keep their names.
    own = ("code", "status", "headline", "sentence", "estimate", "value", "low", "high", "level", "unit", "n", "method")
    named = [f"subject_{key}" if key in own else key for key in keys]
    schema: dict[str, Any] = {
        name: pl.Float64
        if name in numbers
        else pl.Int64
        if name == "n"
        else pl.Boolean
        if name == "headline"
        else pl.String
        for name in ("code", *named, *own[1:])
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
