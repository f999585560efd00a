"""What a view can be saved as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, cast

from measurand.errors import InputError, UnknownName
from measurand.report.figures import Choice, render
from measurand.report.tables import table_csv, table_latex
from measurand.results import Figure, Table

__all__ = ["KINDS", "File", "drawn", "require_kind", "tabled"]

KINDS: Mapping[str, str] = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "tex": "application/x-tex",
}


class File(NamedTuple):
    """Its name, its type and its content."""

    name: str
    type: str
    content: bytes


def require_kind(kind: str) -> None:
    """Refuse what no view can be saved as.

    Raises
    ------
    UnknownName
        One that is none of `KINDS`.
    """
    if kind not in KINDS:
        raise UnknownName("format", kind, KINDS)


def drawn(stem: str, kind: str, figure: Figure, choice: Choice, title: str | None = None) -> File:
    """A picture as a file."""
    content = render(figure, choice, cast("Literal['svg', 'png', 'pdf']", kind), title=title)
    return File(f"{_plain(stem)}.{kind}", KINDS[kind], content)


def tabled(stem: str, kind: str, tables: Sequence[Table]) -> File:
    """Tables as a file.

    Raises
    ------
    InputError
        There is none.
    """
    if not tables:
        raise InputError("there is no table here to save")
    write = table_latex if kind == "tex" else table_csv
    return File(f"{_plain(stem)}.{kind}", KINDS[kind], "\n".join(map(write, tables)).encode())


def _plain(stem: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in stem)[:80]
