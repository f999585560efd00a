"""Files and commands, as packages are given them."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Crash", "by_model", "command", "pair", "renamed", "rows", "scored_items", "written"]


class Crash(Exception):
    """A command ended in a traceback."""


@contextmanager
def written(files: Mapping[str, str]) -> Iterator[list[Path]]:
    """The files in a folder of their own, which goes when they were read."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield paths


def command(name: str, *words: str | Path, fails: tuple[int, ...] = ()) -> str:
    """What a command of the running interpreter's environment prints.

    Parameters
    ----------
    fails : exit codes, beside 0, with which it answers.

    Raises
    ------
    RuntimeError
        It refused, with its words.
    Crash
        It ended in a traceback.
    """
    done = subprocess.run([Path(sys.executable).parent / name, *words], capture_output=True, text=True)
    if "Traceback (most recent call last)" in done.stderr:
        raise Crash(done.stderr.strip().splitlines()[-1])
    if done.returncode not in (0, *fails):
        raise RuntimeError((done.stderr or done.stdout).strip())
    return done.stdout


def rows(table: str) -> list[dict[str, str]]:
    """The rows of a table in CSV."""
    return list(csv.DictReader(io.StringIO(table)))


def renamed(table: str, **names: str) -> str:
    """A table in CSV with columns renamed, from the names that cases use to those that a package documents."""
    head, rest = table.split("\n", 1)
    return ",".join(names.get(name, name) for name in head.split(",")) + "\n" + rest


def by_model(table: str) -> dict[str, dict[str, float]]:
    """The scores of a table of answers: of each model, by item; what has no score is left out."""
    found: dict[str, dict[str, float]] = {}
    for row in rows(table):
        if row["score"]:
            found.setdefault(row["model"], {})[row["item"]] = float(row["score"])
    return found


def pair(first: Sequence[float | None], second: Sequence[float | None]) -> str:
    """Two models' scores on the same items as a table of answers; what has no score is left out, as harnesses do."""
    lines = [
        f"{model},q{place},{score}"
        for model, scores in (("a", first), ("b", second))
        for place, score in enumerate(scores)
        if score is not None
    ]
    return "\n".join(["model,item,score", *lines, ""])


def scored_items(scores: Sequence[float]) -> str:
    """Independent items of one model as a table of answers."""
    return "\n".join(["model,item,score", *(f"m,q{place},{score}" for place, score in enumerate(scores)), ""])
