"""What notebooks and scripts use: audits that can write and show themselves."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from measurand import results, schema
from measurand.auditing import audit as run_audit
from measurand.errors import InputError
from measurand.files import write_atomically
from measurand.measure import discover, find
from measurand.report.html import to_html
from measurand.report.tables import to_csv, to_latex, to_markdown
from measurand.report.text import to_text
from measurand.tables import Study

__all__ = ["Audit", "audit", "load_audit"]

PathLike = str | os.PathLike[str]


class Audit(results.Audit):
    """An audit that can be written to a file and shows itself in a notebook.

    Fields are those of `measurand.results.Audit`.
    """

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
        """One row an estimate, safe to open in a spreadsheet."""
        return to_csv(self)

    def __str__(self) -> str:
        return to_text(self, discover())

    def _repr_html_(self) -> str:
        # A frame keeps the page's styles and scripts away from the notebook's own.
        page = to_html(self, discover()).replace("&", "&amp;").replace('"', "&quot;")
        return f'<iframe srcdoc="{page}" style="width:100%;height:800px;border:0"></iframe>'


def audit(
    study: Study,
    measures: Sequence[str] | None = None,
    *,
    seed: int = 0,
    jobs: int = 1,
    **settings: object,
) -> Audit:
    """Audit a study.

    Parameters
    ----------
    study : what `measurand.read` or `measurand.load_example` returned.
    measures : codes such as ``["V1", "V4"]``; all by default.
    seed : same seed, same audit.
    jobs : worker processes.
    settings : settings of the measures by name, such as ``level=0.9`` or ``threshold=0.6``.

    Raises
    ------
    UnknownName
        A code or setting that does not exist.
    InputError
        A setting out of its range.

    Examples
    --------
    >>> import measurand
    >>> result = measurand.audit(measurand.load_example(), ["V7"])
    >>> [finding.status.value for finding in result.findings]
    ['passed', 'passed']
    """
    chosen = None if measures is None else [find(code) for code in measures]
    return _shown(run_audit(study, chosen, settings=settings, seed=seed, jobs=jobs))


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


def _shown(plain: results.Audit) -> Audit:
    values: Mapping[str, object] = {field.name: getattr(plain, field.name) for field in fields(plain)}
    return Audit(**values)  # type: ignore[arg-type]
