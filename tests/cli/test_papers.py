"""`measurand paper` as a user meets it."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from measurand.cli import app, main

CAPABILITY = "mmlu,gsm8k,arc_challenge"


def run(*words: object) -> str:
    done = CliRunner().invoke(app, ["paper", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def refused(capsys, monkeypatch, *words: object) -> str:
    """What a refused command says on the error stream: one line, exit code 2, no traceback."""
    monkeypatch.setattr("sys.argv", ["measurand", "paper", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    said: str = capsys.readouterr().err
    assert "Traceback" not in said
    return said


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Scores in percent, of models in families, on capability benchmarks and two under test; one all the same."""
    draw = random.Random(2)
    rows = ["model,family,mmlu,gsm8k,arc_challenge,Trust_Bench,other,same"]
    for place in range(20):
        ability = 30 + 2 * place
        scores = [ability + draw.gauss(0, 2) for _ in range(4)]
        rows.append(f"m_{place},f{place % 5},{','.join(f'{each:.1f}' for each in scores)},{draw.random() * 60:.1f},50")
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@pytest.fixture
def items(tmp_path: Path) -> Path:
    draw = random.Random(5)
    rows = ["model,benchmark,item,score"]
    for model, ability in (("a", 0.9), ("b", 0.85), ("c", 0.3)):
        rows += [f"{model},{task},{task}{i},{int(draw.random() < ability)}" for task in ("x", "y") for i in range(80)]
    path = tmp_path / "items.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def compiles(folder: Path) -> None:
    import shutil

    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex: apt-get install texlive-latex-base texlive-latex-recommended")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_table_of_scores_becomes_a_folder_that_compiles(table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    said = run(table, "--benchmark", "trust-bench", "-o", folder)
    names = {"figure.pdf", "figure.svg", "figure.png", "table.tex", "sentence.tex", "sentence.txt", "methods.tex"}
    assert {each.name for each in folder.iterdir()} == names | {"refs.bib", "paper.tex"}
    sentence = (folder / "sentence.txt").read_text(encoding="utf-8")
    assert sentence.startswith("Trust_Bench ")
    assert sentence.split(":")[0] in " ".join(said.split())
    row = next(line for line in (folder / "table.tex").read_text().splitlines() if line.startswith("Trust"))
    assert "& 20 & 5 & +0.9" in row
    assert "& rises &" in row
    assert "points {[}" in row
    svg = (folder / "figure.svg").read_text(encoding="utf-8")
    for text in ("Trust_Bench score (%)", "20 models, 5 families", "General capability (SD; 3 benchmarks)"):
        assert text in svg
    methods = (folder / "methods.tex").read_text()
    for part in ("first principal component of 3 capability benchmarks", "of the variance", "seed 0", "measurand "):
        assert part in methods
    compiles(folder)


def test_the_same_seed_gives_the_same_bytes_and_a_folder_is_written_into(table: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text("mine")
        run(table, "--benchmark", "Trust_Bench", "-o", tmp_path / name, "--seed", "3")
    files = sorted(each.name for each in (tmp_path / "one").iterdir())
    assert "notes.txt" in files
    # In which order a PDF holds its two fonts is up to the renderer.
    for name in (each for each in files if not each.endswith(".pdf")):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_several_benchmarks_have_a_row_and_a_picture_each(table: Path, tmp_path: Path) -> None:
    run(table, "--benchmark", "Trust_Bench,other", "-o", tmp_path / "paper", "--width", "6.75")
    names = {each.name for each in (tmp_path / "paper").glob("*.pdf")}
    assert names == {"figure-trust-bench.pdf", "figure-other.pdf"}
    assert 'width="6.75in"' in (tmp_path / "paper/figure-other.svg").read_text(encoding="utf-8")


def test_without_families_that_is_said(table: Path, tmp_path: Path) -> None:
    lines = [line.split(",") for line in table.read_text().splitlines()]
    table.write_text("\n".join(",".join(line[:1] + line[2:]) for line in lines))
    run(table, "--benchmark", "Trust_Bench", "-o", tmp_path / "paper")
    assert "20 models, families not known" in (tmp_path / "paper/figure.svg").read_text(encoding="utf-8")
    assert "20 models of unknown family count as independent" in (tmp_path / "paper/methods.tex").read_text()


def test_items_become_scores_comparison_and_ranks(items: Path, tmp_path: Path) -> None:
    run(items, "-o", tmp_path / "paper")
    names = {each.stem for each in (tmp_path / "paper").glob("*.pdf")}
    assert names == {f"figure-{what}-{task}" for what in ("scores", "comparison", "ranks") for task in "xy"}
    tables = (tmp_path / "paper/table.tex").read_text()
    assert tables.count(r"\begin{tabular}") == 3
    compiles(tmp_path / "paper")


def test_a_section_is_chosen(items: Path, tmp_path: Path) -> None:
    run(items, "--what", "comparison", "--benchmark", "x", "-o", tmp_path / "paper")
    assert {each.stem for each in (tmp_path / "paper").glob("*.svg")} == {"figure"}
    assert "x: behind " in (tmp_path / "paper/figure.svg").read_text(encoding="utf-8")


def test_votes_become_ranks(tmp_path: Path) -> None:
    draw = random.Random(1)
    rows = ["model_a,model_b,winner"]
    for _ in range(600):
        a, b = draw.sample(range(5), 2)
        rows.append(f"m{a},m{b},{'model_a' if draw.random() < 1 / (1 + 2 ** (a - b)) else 'model_b'}")
    (tmp_path / "votes.csv").write_text("\n".join(rows))
    run(tmp_path / "votes.csv", "-o", tmp_path / "paper")
    assert "Elo points" in (tmp_path / "paper/table.tex").read_text()
    assert r"\cite{bradley1952,mogstad2024}" in (tmp_path / "paper/methods.tex").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--benchmark", "trust_bensch"], "no benchmark named 'trust_bensch'; did you mean 'Trust_Bench'?"),
        (["--benchmark", "mmlu"], "is one of the capability benchmarks: name one that is under test"),
        (["--benchmark", "same"], "entanglement: same: Not assessed: all 20 models have the same score"),
        (["--benchmark", "other", "--what", "scores"], "scores: it needs item-level results, and there are none"),
        (["--what", "score"], "no section of a paper named 'score'; did you mean 'scores'?"),
        (["--benchmark", "other", "--class", "chat"], "no class of models that can be assessed named 'chat'"),
        (["--benchmark", "other", "--width", "33"], "width should be from 2 to 12 inches, got 33"),
    ],
)
def test_what_cannot_be_written_is_one_line(table, tmp_path, capsys, monkeypatch, words, message) -> None:
    said = refused(capsys, monkeypatch, table, *words, "-o", tmp_path / "paper")
    assert message in said
    assert not (tmp_path / "paper").exists()


def test_of_many_benchmarks_someone_has_to_choose(tmp_path, capsys, monkeypatch) -> None:
    said = refused(capsys, monkeypatch, "-o", tmp_path / "paper")
    assert "a paper could be about any of 61 benchmarks" in said


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(table, tmp_path, capsys, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    assert "file" in refused(capsys, monkeypatch, table, "-o", tmp_path / "file" / "paper")
