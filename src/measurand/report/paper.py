"""What a paper needs of an audit, as files: pictures, a LaTeX table, sentences, the methods, references, a document."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from measurand.report.paper_figures import COLUMN, FORMATS, Forest, Scatter, as_file, require_width, spec
from measurand.report.tables import latex_text
from measurand.wording import plain

__all__ = ["DOCUMENT", "Part", "Said", "Section", "bibliography", "files"]

DOCUMENT = "paper.tex"
"""Of the files, the one that inputs all others."""

MOST_ROWS = 40
"""Of a table that floats; a longer one breaks over pages."""

_WIDE = 6
"""Columns beyond which a table fills its page, so that names have less room."""

_RUN = 12
"""Letters of a word after which it may break at need."""

# What pdfTeX has letters for: Latin with its accents.
_PRINTABLE = 0x17F


class Said(NamedTuple):
    """A sentence of the methods, with the references it rests on."""

    text: str
    references: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a section says of one benchmark (in one class of models).

    Parameters
    ----------
    name : of the benchmark, for the names of files and, where a table has groups, their heads.
    figure, caption : the picture, if there is one.
    rows : of the table, in text.
    """

    name: str
    rows: tuple[tuple[str, ...], ...]
    figure: Scatter | Forest | None = None
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """The answer to one question, as a paper holds it.

    Parameters
    ----------
    what : one word for it.
    head : of the table: titles as TeX, and how each column is aligned (l, r, c).
    caption : of the table.
    grouped : whether the rows of each part stand below its name.
    sentences : of the findings.
    methods : how it was computed.
    references : all of the measures asked.
    """

    what: str
    head: tuple[tuple[str, str], ...]
    caption: str
    parts: tuple[Part, ...]
    sentences: tuple[str, ...]
    methods: tuple[Said, ...]
    references: tuple[str, ...]
    grouped: bool = False


def files(sections: Sequence[Section], width: float = COLUMN) -> dict[str, bytes]:
    """Every file by its name.

    Parameters
    ----------
    width : of the pictures, in inches.

    Raises
    ------
    InputError
        A width that no page has.

    Examples
    --------
    >>> part = Part(name="x&y", rows=(("x&y", "0.50"),))
    >>> head = (("Benchmark", "l"), ("$r$", "r"))
    >>> one = Section(
    ...     what="r", head=head, caption="50%", parts=(part,), sentences=("It is.",), methods=(), references=()
    ... )
    >>> made = files([one])
    >>> sorted(made)
    ['methods.tex', 'paper.tex', 'refs.bib', 'sentence.tex', 'sentence.txt', 'table.tex']
    >>> print(made["table.tex"].decode().splitlines()[7])
    x\\&y & 0.50 \\\\
    """
    require_width(width)
    sentences = [plain(sentence) for section in sections for sentence in section.sentences]
    entries = bibliography([reference for section in sections for reference in section.references])
    cited: dict[str, list[str]] = {}
    for key, (_, sources) in entries.items():
        for reference in sources:
            cited.setdefault(reference, []).append(key)
    names = _names([(section, part) for section in sections for part in section.parts if part.figure is not None])
    texts = {
        "sentence.txt": "\n\n".join(sentences),
        "sentence.tex": "\n\n".join(map(latex_text, sentences)),
        "table.tex": "\n\n".join(map(_table, sections)),
        "methods.tex": "\n\n".join(_methods(section, cited) for section in sections),
        "refs.bib": "\n\n".join(text for text, _ in entries.values()),
    }
    texts[DOCUMENT] = _document(texts, names, width)
    pictures = {
        f"{name}.{format}": as_file(spec(part.figure, width), format)
        for name, part in names.items()
        if part.figure is not None
        for format in FORMATS
    }
    return {name: f"{text}\n".encode() for name, text in texts.items()} | pictures


def _names(drawn: Sequence[tuple[Section, Part]]) -> dict[str, Part]:
    """A file name for each picture: plain where there is one, else by what it shows."""
    if len(drawn) == 1:
        return {"figure": drawn[0][1]}
    several = len({section.what for section, _ in drawn}) > 1
    names: dict[str, Part] = {}
    for section, part in drawn:
        words = [section.what] * several + [part.name]
        name = start = "-".join(["figure", *filter(None, map(_slug, words))])
        count = 1
        while name in names:
            count += 1
            name = f"{start}-{count}"
        names[name] = part
    return names


def _slug(text: str, most: int = 40) -> str:
    """Small letters and digits of ASCII, which every file system and every TeX can name a file by."""
    return re.sub("[^a-z0-9]+", "-", _ascii(text).lower()).strip("-")[:most].strip("-")


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _table(section: Section) -> str:
    rows = [row for part in section.parts for row in part.rows]
    aligned = [align for _, align in section.head]
    percent = 14 if len(aligned) > _WIDE else 40
    wrapped = any(len(row[0]) > percent for row in rows)
    if wrapped:
        aligned[0] = rf"p{{0.{percent}\linewidth}}"
    columns = f"@{{}}{''.join(aligned)}@{{}}"
    head = " & ".join(title for title, _ in section.head) + r" \\"
    caption = rf"\caption{{{latex_text(section.caption)}}}\label{{tab:{_slug(section.what)}}}"
    lines: list[str] = []
    for number, part in enumerate(section.parts):
        if section.grouped and len(section.parts) > 1:
            lines += [r"\addlinespace"] * bool(number)
            lines.append(rf"\multicolumn{{{len(aligned)}}}{{@{{}}l}}{{\emph{{{latex_text(part.name)}}}}} \\")
        lines += [
            " & ".join([r"\raggedright " * wrapped + _breakable(row[0]), *map(latex_text, row[1:])]) + r" \\"
            for row in part.rows
        ]
    if len(lines) > MOST_ROWS:
        return "\n".join(
            [
                r"{\footnotesize\setlength{\tabcolsep}{3pt}",
                rf"\begin{{longtable}}{{{columns}}}",
                rf"{caption} \\ \toprule",
                rf"{head} \midrule \endfirsthead",
                rf"\toprule {head} \midrule \endhead",
                r"\bottomrule \endfoot",
                *lines,
                r"\end{longtable}}",
            ]
        )
    return "\n".join(
        [
            "% In a document of two columns, table* spans both.",
            r"\begin{table}[htbp]",
            rf"\centering\footnotesize\setlength{{\tabcolsep}}{{3pt}}{caption}\smallskip",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            head,
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _breakable(name: str) -> str:
    """A name that may break where a reader would break it, and a long word, at need, anywhere."""
    return " ".join(map(_breakable_word, plain(name).split()))


def _breakable_word(word: str) -> str:
    parts = [latex_text(word[start : start + _RUN]) for start in range(0, len(word), _RUN)]
    return r"\penalty500{}".join(re.sub(r"(\\_|[-/.:])(?=[^\s{}-])", r"\1\\allowbreak{}", part) for part in parts)


def _methods(section: Section, cited: Mapping[str, Sequence[str]]) -> str:
    said = []
    for text, references in section.methods:
        keys = [key for reference in references for key in cited[reference]]
        cite = rf"~\cite{{{','.join(keys)}}}" if keys else ""
        said.append(f"{latex_text(text.removesuffix('.'))}{cite}.")
    return "\n".join(said)


def _document(texts: Mapping[str, str], figures: Mapping[str, Part], width: float) -> str:
    """A document that compiles as it is: every letter that its fonts lack has a stand-in there."""
    captions = {name: latex_text(part.caption) for name, part in figures.items()}
    printed = [text for name, text in texts.items() if name != "sentence.txt"]
    letters = sorted({c for text in (*printed, *captions.values()) for c in text if not c.isascii()})
    encoding = [
        r"\ifdefined\DeclareUnicodeCharacter % pdfTeX: XeTeX and LuaTeX take letters from their fonts",
        r"\usepackage[T1]{fontenc}",
        r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}",
        *(
            rf"\DeclareUnicodeCharacter{{{ord(c):04X}}}{{[U+{ord(c):04X}]}}"
            for c in letters
            if ord(c) > _PRINTABLE and c not in _QUOTES
        ),
        r"\fi",
    ]
    pictures = [
        line
        for name, caption in captions.items()
        for line in (
            r"\begin{figure}[htbp]",
            rf"\centering\includegraphics[width={width:g}in]{{{name}}}",
            rf"\caption{{{caption}}}\label{{fig:{name.removeprefix('figure-')}}}",
            r"\end{figure}",
            "",
        )
    ]
    return "\n".join(
        [
            "% pdflatex paper; bibtex paper; pdflatex paper; pdflatex paper",
            r"\documentclass{article}",
            r"\usepackage[margin=1in]{geometry}",
            r"\usepackage{booktabs,graphicx,longtable}",
            *(encoding if letters else ()),
            r"\begin{document}",
            r"\section*{Result}",
            r"\input{sentence}",
            "",
            *pictures,
            r"\input{table}",
            "",
            r"\section*{Methods}",
            r"\input{methods}",
            "",
            r"\bibliographystyle{plain}",
            r"\bibliography{refs}",
            r"\end{document}",
        ]
    )


_QUOTES = "‘’“”–—…•"
"""Beyond Latin, what every LaTeX since 2018 prints."""

_SEVERAL = re.compile(r"; (?=[^;,]+(?:, [^;,]+)*? \d{4}, )")
_REFERENCE = re.compile(r"(?P<authors>\D+?) (?P<year>\d{4}), (?P<rest>.+)")
_ARXIV = re.compile(r"arXiv[ :](\d{4}\.\d{4,5})")


def bibliography(references: Iterable[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """BibTeX entries of references as measures state them, by key, each with the references that hold it.

    An entry holds what the reference says and no more: where a title is not stated, it has none.

    Examples
    --------
    >>> found = bibliography(["Miller 2024, Adding error bars to evals, arXiv 2411.00640", "Holm 1979"])
    >>> list(found)
    ['miller2024', 'ref2']
    >>> print(found["miller2024"][0])
    @misc{miller2024,
      author = {Miller},
      title = {{Adding error bars to evals}},
      year = {2024},
      howpublished = {arXiv 2411.00640},
      eprint = {2411.00640},
      archiveprefix = {arXiv},
    }
    """
    texts: dict[str, list[str]] = {}
    for reference in dict.fromkeys(references):
        for text in _SEVERAL.split(reference):
            texts.setdefault(text, []).append(reference)
    entries: dict[str, tuple[str, tuple[str, ...]]] = {}
    for number, (text, sources) in enumerate(texts.items(), start=1):
        match = _REFERENCE.fullmatch(plain(text))
        start = key = f"ref{number}"
        if match:
            first = re.split(r",| and | et al", match["authors"])[0]
            start = key = f"{_slug(first).replace('-', '')}{match['year']}"
        for letter in "bcdefghij":
            if key not in entries:
                break
            key = f"{start}{letter}"
        entries[key] = (_entry(key, text, match), tuple(sources))
    return entries


def _entry(key: str, text: str, match: re.Match[str] | None) -> str:
    fields = {"note": latex_text(text)}
    if match:
        title, _, where = match["rest"].rpartition(", ")
        # Without a place the rest is a title, without a title a place, which has a volume or number.
        if not title and not re.search(r"\d", where):
            title, where = where, ""
        others = re.sub(r" et al\.?$", " and others", match["authors"])
        fields = {
            "author": latex_text(others.replace(", ", " and ")),
            "title": f"{{{latex_text(title)}}}" if title else "",
            "year": match["year"],
            "howpublished": latex_text(where),
        }
        if arxiv := _ARXIV.search(where):
            fields |= {"eprint": arxiv[1], "archiveprefix": "arXiv"}
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}"])
