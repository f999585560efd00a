"""ARCHITECTURE.md is held against the code: layers, inventory, and codes."""

import ast
import re
import subprocess
import sys
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from measurand.measures import discover
from measurand.simulate.calibration import simulations

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "measurand"
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")

LAYERS = {
    name.strip(): (int(layer), allowed)
    for layer, names, allowed in re.findall(r"^\| (\d) \| ([\w, ]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)
    for name in names.split(",")
}
MODULES = sorted(SOURCE.rglob("*.py"))
ENTRY = {"__init__", "__main__", "data"}


MOST_MODULES = 24
NOT_SIMULATED = {
    "V0": "it holds claims against what the other measures found, whose own rates are published",
    "P0": "it counts what was read: nothing is estimated",
}
"""Measures without a simulation, and why."""


def part_of(path: Path) -> str:
    """Top-level module or package of a file: ``stats`` for stats/ranks.py, ``cli`` for cli.py."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Top-level parts of measurand that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = node.module != "measurand"
            names = [node.module] if whole else [f"measurand.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("measurand.")}
    return found


def allowed(part: str) -> set[str]:
    """What ARCHITECTURE.md lets a part import."""
    layer, said = LAYERS[part]
    if said.strip() == "everything below":
        return {name for name, (number, _) in LAYERS.items() if number < layer} | {part}
    named = {part}
    for item in (item.strip() for item in said.split(",")):
        match = re.fullmatch(r"layers? (\d)(?: to (\d))?", item)
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
        named |= {name for name, (number, _) in LAYERS.items() if low <= number <= high} if match else {item}
    return named


def test_the_layer_table_names_every_part():
    assert {part_of(path) for path in MODULES} - ENTRY == set(LAYERS)


@pytest.mark.parametrize("path", [path for path in MODULES if part_of(path) not in ENTRY], ids=lambda p: p.name)
def test_imports_go_down_only(path):
    assert imports(path) - allowed(part_of(path)) - {"data"} == set()


def module_of(path: Path) -> str:
    return ".".join(("measurand", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


def imported_files(path: Path, known: set[str]) -> set[str]:
    """Modules of measurand that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in known else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & known - {"measurand"}  # the package imports a public name when it is asked for it


def test_files_do_not_import_each_other_in_circles():
    known = {module_of(path) for path in MODULES}
    graph = {module_of(path): imported_files(path, known) - {module_of(path)} for path in MODULES}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        pytest.fail(f"files import each other: {' <- '.join(circle.args[1])}")


def test_no_folder_is_crowded():
    sizes = Counter(path.parent for path in MODULES)
    assert {str(folder): size for folder, size in sizes.items() if size > MOST_MODULES} == {}


def test_every_measure_is_simulated_at_the_same_place_and_by_its_own_judge():
    for measure in discover():
        path = Path(measure.compute.__code__.co_filename).relative_to(SOURCE / "measures")
        simulated = SOURCE / "simulate" / path
        if measure.code in NOT_SIMULATED:
            assert not simulated.exists(), measure.code
            continue
        tree = ast.parse(simulated.read_text(encoding="utf-8"))
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        named = {getattr(function, "id", getattr(function, "attr", "")) for function in calls}
        assert named & {"judge", "findings"}, f"{measure.code} is not judged by its own judge"
        assert measure.code in simulations(), measure.code


def test_records_of_more_than_five_fields_are_keyword_only():
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            marks = [ast.unparse(mark) for mark in node.decorator_list] if isinstance(node, ast.ClassDef) else []
            if not any(mark.startswith("dataclass") for mark in marks):
                continue
            named = [each for each in node.body if isinstance(each, ast.AnnAssign)]
            assert len(named) <= 5 or any("kw_only=True" in mark for mark in marks), f"{path}: {node.name}"


def test_measures_write_shares_and_intervals_as_wording_does():
    """No percentage, points or brackets of their own: a sentence and its row would show two numbers."""
    own = re.compile(r":\.\d%\}|:g\}%|\{100 \* |def _?(percent|points|one_in)\b|\[\{[^{}]+\} to \{")
    for path in MODULES:
        if "measures" in path.parts:
            assert own.findall(path.read_text(encoding="utf-8")) == [], path


def test_the_inventory_names_every_part():
    listed = set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE))
    assert listed == {part_of(path) for path in MODULES} - {"__init__", "__main__"}


def test_only_report_draws_and_nothing_unpickles_or_evaluates():
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        names = {node.names[0].name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import)}
        # But what its own worker processes write into their pipes.
        assert path.name == "compute.py" or not names & {"pickle", "marshal", "shelve"}, path
        calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
        called = {function.id for function in calls if isinstance(function, ast.Name)}
        assert not called & {"eval", "exec", "compile"}, path
        if part_of(path) != "report":
            assert not names & {"vl_convert", "jinja2"}, path


def test_every_measure_has_one_file_one_test_and_a_code_of_its_own():
    measures = discover()
    assert len({measure.code for measure in measures}) == len(measures)
    for measure in measures:
        path = Path(measure.compute.__code__.co_filename).relative_to(SOURCE)
        assert (ROOT / "tests" / path.parent / f"test_{path.name}").exists(), measure.code


def test_the_package_imports_nothing_heavy():
    heavy = ("numpy", "polars", "scipy", "jinja2", "typer")
    code = f"import sys, measurand; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
