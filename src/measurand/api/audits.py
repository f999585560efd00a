"""Audits that can be asked, written and shown."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from measurand import results, schema
from measurand.api.findings import Findings, frame_of
from measurand.auditing import audit as run_audit
from measurand.errors import InputError, UnknownName
from measurand.files import write_atomically
from measurand.measures import discover, find
from measurand.report.html import to_html
from measurand.report.tables import to_csv, to_latex, to_markdown
from measurand.report.text import to_text
from measurand.tables import Study

if TYPE_CHECKING:
    import polars as pl

__all__ = ["PAGE", "Audit", "audit", "load_audit", "write"]

PAGE, DATA = "audit.html", "audit.json"
"""What an audit is in a folder: the page that people open, and the same for programs."""

PathLike = str | os.PathLike[str]


class Audit(results.Audit):
    """An audit that can be written to a file and shows itself in a notebook.

    Fields are those of `measurand.results.Audit`.
    """

    def __getitem__(self, code: str) -> Findings:
        """What one measure found.

        Raises
        ------
        UnknownName
            The measure was not asked.
        """
        wanted = code.upper()
        if wanted not in self.asked:
            raise UnknownName("measure among those asked", code, self.asked)
        found = tuple(finding for finding in self.findings if finding.code == wanted)
        named = {finding.figure for finding in found}
        figures = {n: f for n, f in self.figures.items() if n in named or n.startswith(f"{wanted}.")}
        return Findings(found, figures, answer=self.answers.get(wanted))

    def to_frame(self) -> pl.DataFrame:
        """One row per estimate of every finding, as a polars frame."""
        return frame_of(self.findings)

    def to_html(self, path: PathLike) -> Path:
        """Write the report, one self-contained page, and return its path."""
        return write_atomically(path, to_html(self, discover()).encode())

    def to_json(self, path: PathLike) -> Path:
        """Write the audit as versioned JSON, which `load_audit` reads back, and return its path."""
        return write_atomically(path, schema.encode(self))

    def to_markdown(self) -> str:
        """The audit as Markdown tables."""
        return to_markdown(self, discover())

    def to_latex(self) -> str:
        """The audit as a LaTeX table (booktabs)."""
        return to_latex(self, discover())

    def to_csv(self) -> str:
        """One row per estimate, safe to open in a spreadsheet."""
        return to_csv(self)

    def __str__(self) -> str:
        """The answer as a terminal shows it: in 25 lines."""
        return to_text(self, [measure for measure in discover() if measure.code in self.asked], rest="to_frame()")

    __repr__ = __str__


def audit(
    study: Study,
    measures: Sequence[str] | None = None,
    *,
    seed: int = 0,
    jobs: int = 1,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    **common: object,
) -> Audit:
    """Audit a study.

    Parameters
    ----------
    study : what `measurand.read` or `measurand.load_example` returned, or one table of evidence.
    measures : codes such as ``["V1", "V4"]``; all by default.
    seed : same seed, same audit.
    jobs : worker processes.
    settings : of each measure, by code: ``{"G6": {"tolerated": 0.01}}``. Those of an audit give it again.
    common : settings for every measure asked that has them, such as ``level=0.9``.

    Raises
    ------
    UnknownName
        A code or setting that does not exist.
    InputError
        A setting out of its range, or one that means something else in each of several measures.

    Examples
    --------
    >>> import measurand
    >>> result = measurand.audit(measurand.load_example(), ["V7"])
    >>> [finding.status.value for finding in result["V7"]]
    ['passed', 'passed']
    """
    chosen = None if measures is None else [find(code) for code in measures]
    whole = study if isinstance(study, Study) else Study.of(study)
    return _shown(run_audit(whole, chosen, settings=settings, seed=seed, jobs=jobs, common=common))


def load_audit(path: PathLike) -> Audit:
    """Read an audit written by `Audit.to_json`.

    Raises
    ------
    InputError
        The file is not there or not an audit this version reads.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as problem:
        raise InputError(f"cannot read {os.fspath(path)!r}: {problem.strerror}") from None
    return _shown(schema.decode(data))


def write(found: results.Audit, folder: Path) -> tuple[Path, Path]:
    """Write the page and the data of an audit into a folder, and return their paths."""
    page = write_atomically(folder / PAGE, to_html(found, discover()).encode())
    return page, write_atomically(folder / DATA, schema.encode(found))


def _shown(plain: results.Audit) -> Audit:
    values: Mapping[str, object] = {field.name: getattr(plain, field.name) for field in fields(plain)}
    return Audit(**values)  # type: ignore[arg-type]
