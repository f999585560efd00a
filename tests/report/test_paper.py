"""The files of a paper: escaped, complete, and compiled where there is a LaTeX."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from measurand.errors import InputError
from measurand.measures import discover
from measurand.report.paper import Part, Said, Section, bibliography, files
from measurand.report.paper_figures import Forest, Row

HOSTILE = "a_b & 50% #1 \\input{x} ~^$|<>\"'--`?"
NAMES = [HOSTILE, "−minus", "模型", "l" * 150, "m{", "[x]", "«ł»", "toString", "λ", "naïve\x1b[31m"]


def section(names: list[str], what: str = "scores", parts: int = 1, **more: object) -> Section:
    made = tuple(
        Part(
            name=names[0],
            rows=tuple((name, "0.50", "[0.40, 0.60]") for name in names),
            figure=Forest(x_title=names[0], rows=tuple(Row(name, 0.5, 0.4, 0.6) for name in names)),
            caption=names[0],
        )
        for _ in range(parts)
    )
    own = {"head": (("Model", "l"), (r"Score (\%)", "r"), (r"[95\% CI]", "l")), "caption": "50% & more"}
    said = (Said("By Miller.", ("Miller 2024, Adding error bars, arXiv 2411.00640",)), Said("No source"))
    own |= {"sentences": tuple(names), "methods": said, "references": said[0].references}
    return Section(what=what, parts=made, **{**own, **more})


def compiled(made: dict[str, bytes], folder: Path) -> str:
    """The log of pdflatex, which stops at the first error."""
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex: apt-get install texlive-latex-base texlive-latex-recommended")
    for name, data in made.items():
        (folder / name).write_bytes(data)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper"]
    steps = [command, ["bibtex", "paper"], command, command]
    for step in steps:
        done = subprocess.run(step, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
        assert done.returncode == 0, done.stdout[-3000:]
        assert "Warning--" not in done.stdout
    return (folder / "paper.log").read_text(errors="replace")


def test_names_that_would_like_to_be_commands_compile_as_text(tmp_path: Path) -> None:
    log = compiled(files([section(NAMES)]), tmp_path)
    assert "LaTeX Warning" not in log


def test_a_long_table_breaks_over_pages_and_groups_have_heads(tmp_path: Path) -> None:
    made = files([section([f"model-{place}" for place in range(60)], parts=2, grouped=True)])
    table = made["table.tex"].decode()
    assert r"\begin{longtable}" in table
    assert table.count(r"\emph{model-0}") == 2
    compiled(made, tmp_path)


def test_one_figure_has_a_plain_name_and_several_never_share_one() -> None:
    assert {name for name in files([section(["a"])]) if name.endswith(".pdf")} == {"figure.pdf"}
    several = files([section(["模型"], parts=2), section(["A b"], what="ranks", parts=2)])
    assert {name for name in several if name.endswith(".pdf")} == {
        "figure-scores.pdf",
        "figure-scores-2.pdf",
        "figure-ranks-a-b.pdf",
        "figure-ranks-a-b-2.pdf",
    }
    for name in several:
        assert re.fullmatch(r"[a-z0-9.-]+", name)


def test_methods_cite_what_the_bibliography_holds() -> None:
    made = files([section(["a"])])
    assert r"By Miller~\cite{miller2024}." in made["methods.tex"].decode()
    assert "@misc{miller2024," in made["refs.bib"].decode()
    assert made["methods.tex"].decode().endswith("No source.\n")


def test_every_reference_of_every_measure_becomes_entries_with_author_and_year() -> None:
    for measure in discover():
        for key, (text, sources) in bibliography(measure.references).items():
            assert "  author = {" in text, (measure.code, text)
            assert re.search(r"  year = \{\d{4}\}", text), (measure.code, text)
            assert re.fullmatch("[a-z0-9]+", key)
            assert text.count("{") == text.count("}")
            assert set(sources) <= set(measure.references)


def test_nothing_is_added_to_a_reference() -> None:
    reference = "Bell and McCaffrey 2002, Bias, Survey Methodology 28(2); Imbens and Kolesár 2016, Robust, Review 98(4)"
    first, second = bibliography([reference]).values()
    assert "author = {Bell and McCaffrey}" in first[0]
    assert "author = {Imbens and Kolesár}" in second[0]
    assert first[1] == second[1] == (reference,)
    ((without, _),) = bibliography(["McNemar 1947, Psychometrika 12(2)"]).values()
    assert "title" not in without
    assert "howpublished = {Psychometrika 12(2)}" in without
    assert list(bibliography(["A 2020, One, B 1", "A 2020, Two, B 2"])) == ["a2020", "a2020b"]


def test_a_width_that_no_page_has_is_refused() -> None:
    with pytest.raises(InputError, match="width should be from 2 to 12 inches, got 33"):
        files([section(["a"])], 33)
