"""The documentation says what the code does."""

import importlib.util
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from measurand.measures import discover
from measurand.readers import EXAMPLES

ROOT = Path(__file__).parents[1]
DATA = ROOT / "docs" / "data"
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *TUTORIALS])


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def made(generate):
    """Every generated page: to make them runs every command and every block that shows its output."""
    return generate.pages()


def blocks(language: str) -> list:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        matches = re.finditer(rf"```{language}\n(.*?)```(?:\n\n```text\n(.*?)```)?", text, re.DOTALL)
        found += [
            pytest.param(match[1], match[2], id=f"{page.name}:{text[: match.start()].count(chr(10)) + 2}")
            for match in matches
        ]
    return found


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "docs/api.md",
        "docs/catalogue.md",
        "docs/calibration.md",
        "docs/how-often-wrong.md",
        *(page.relative_to(ROOT).as_posix() for page in TUTORIALS),
    ],
)
def test_generated_pages_are_up_to_date(made, path):
    assert made[path] == (ROOT / path).read_text(encoding="utf-8"), "run: python docs/generate.py"


@pytest.mark.parametrize(("code", "shown"), blocks("python"))
def test_every_python_block_runs_and_prints_what_is_shown(generate, code, shown):
    printed = generate.output(code)
    if shown is not None:
        assert printed == shown


def commands() -> list:
    """Every command that is shown; those with their output below are run where that is compared."""
    return [
        pytest.param(line, block.id, id=line.split("#")[0].strip())
        for block in blocks("console")
        for line in (text.removeprefix("$ ") for text in block.values[0].splitlines())
        if block.values[1] is None
    ]


def test_the_tables_of_the_tutorials_are_what_makes_them():
    spec = importlib.util.spec_from_file_location("make_data", DATA / "make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    for table in (make.scores, make.answers, make.votes):
        assert table().write_csv() == (DATA / f"{table.__name__}.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(("line", "where"), commands())
def test_every_command_shown_runs(line, where, tmp_path, monkeypatch, capfd, request):
    from typer.testing import CliRunner

    from measurand.cli import app

    monkeypatch.chdir(tmp_path)
    words = shlex.split(line, comments=True)
    if words[0].startswith("scripts/"):
        assert (ROOT / words[0]).stat().st_mode & 0o100
        return
    assert words[0] == "measurand"
    rows = [f"m{i},{i},{i * i},{(i * 7) % 11},{(i * 5) % 9}" for i in range(10)]
    (tmp_path / "scores.csv").write_text("model,mmlu,gsm8k,arc_challenge,mine\n" + "\n".join(rows), encoding="utf-8")
    answers = [f"{m},q{i},{(i * 7 + k * i) % 3 // 2},{i // 3}" for k, m in enumerate("ab") for i in range(60)]
    (tmp_path / "answers.csv").write_text("model,item,score,cluster\n" + "\n".join(answers), encoding="utf-8")
    asked = [f"{m},q{i},{int(i % k > 0)}" for k, m in ((9, "model"), (2, "suspect")) for i in range(90)]
    (tmp_path / "asked").mkdir()
    (tmp_path / "asked" / "answers.csv").write_text("model,item,score\n" + "\n".join(asked), encoding="utf-8")
    if where.split(":")[0] in {page.name for page in TUTORIALS}:
        shutil.copytree(DATA, tmp_path, dirs_exist_ok=True)
    if words[1] == "experiment":
        for_experiments(tmp_path, request.getfixturevalue("tiny_folder"))
    # A server would go on until somebody ends it; that its options are there is what can be tried.
    more = ["--help"] if words[1] == "serve" else []
    result = CliRunner().invoke(app, [*words[1:], *more], catch_exceptions=False)
    assert result.exit_code == 0, result.output


def for_experiments(folder, model):
    """What the commands that run experiments name: a model, one made from it, and texts."""
    pytest.importorskip("peft", reason="experiments need the extra weights")
    pytest.importorskip("inspect_ai", reason="experiments need the extra inspect")
    for name in ("model", "locked", "suspect"):
        shutil.copytree(model, folder / name)
    texts = [f"text {i} of {i * 7 % 13},{i % 2}" for i in range(60)]
    (folder / "texts.csv").write_text("text,member\n" + "\n".join(texts), encoding="utf-8")


def test_links_between_pages_lead_somewhere():
    # What docs/hooks.py writes once the site is built.
    later = {f"explorer/explorers/{name}.html" for name in EXAMPLES}
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http") and target not in later:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_changelog_names_every_measure():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [measure.code for measure in discover() if not re.search(rf"\({measure.code}[,)]", text)] == []
