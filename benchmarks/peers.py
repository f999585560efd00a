"""Times and memory of measurand and of the packages that do parts of it, in one run: ``python benchmarks/peers.py``.

Makes an environment for each group of packages under ``--environments`` (build/races by default) where it is not there
yet, races measurand against them with one thread each (`precision.py`, `readers.py`), and writes docs/performance.md.
Takes about 15 minutes on an idle core, most of them the peers'.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"

# Before numpy and polars are imported, by this process and by all that it starts.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

from precision import MOST_SECONDS, Race, raced  # noqa: E402

import readers  # noqa: E402

PACKAGES = {
    "statistics": ("errorbars==0.2.4 evalstats==0.3.3 evalica==0.4.2 statsmodels girth pandas",),
    "inspect": ("inspect-ai==0.3.285 pandas pyarrow",),
    "lm-eval": ("torch==2.13.0", "lm-eval==0.4.13 pandas"),
}
"""What is installed into each environment, step by step."""

TEXT = """# Against other packages

Written by `benchmarks/peers.py`, which puts measurand and other packages to the same task on the same numbers, in one
run, each task in a process of its own with one thread. CPU seconds and peak memory (MiB, of the whole process); start
and imports are not in the times. Where both sides give the same quantity it is compared first. A ratio above 1 is the
other package's time, or memory, over measurand's.

{table}

{machine}. A package that takes more than {most} s on a task is stopped and has no row.
"""


def interpreter(name: str, folder: Path) -> str:
    """Of an environment with these packages, made where there is none."""
    python = folder / name / "bin" / "python"
    stamp = folder / name / ".installed"
    if not stamp.is_file():
        subprocess.run([sys.executable, "-m", "venv", folder / name], check=True)
        for step in PACKAGES[name]:
            subprocess.run([python, "-m", "pip", "install", "--quiet", *step.split()], check=True)
        stamp.touch()
    return str(python)


def rows(found: Sequence[Race]) -> list[str]:
    """A row of the table for each race."""
    told = ["| task | measurand | other | time | memory |", "|---|---|---|---|---|"]
    for each in found:
        other = f"{each.peer} {each.theirs:.2f} s, {each.their_peak:,.0f} MiB" + (
            f" ({each.note})" if each.note else ""
        )
        ratio, memory = each.theirs / each.ours, each.their_peak / each.our_peak
        told.append(
            f"| {each.task} | {each.ours:.2f} s, {each.our_peak:,.0f} MiB | {other} | {ratio:,.1f} | {memory:.1f} |"
        )
    return told


def main() -> None:
    """Race, print, write the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--environments", type=Path, default=ROOT / "build" / "races")
    given = options.parse_args()
    found = raced(interpreter("statistics", given.environments))
    for half, name in ((readers.INSPECT, "inspect"), (readers.LM_EVAL, "lm-eval")):
        found += readers.raced(half, interpreter(name, given.environments), 50, 200, 3)
    versions = ", ".join(f"{name} {version(name)}" for name in ("measurand", "numpy", "polars"))
    machine = f"{versions}, Python {platform.python_version()}, {platform.machine()}"
    table = "\n".join(rows(found))
    PAGE.write_text(TEXT.format(table=table, machine=machine, most=MOST_SECONDS), encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
