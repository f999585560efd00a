"""Evaluations that lie, put to measurand and to other packages: ``python benchmarks/conformance.py`` writes the page.

Each other package is installed from its registry into an environment of its own under ``--environments`` (build/peers
by default) where it is not there yet, and asked in its own interpreter. The cases, what counts as right, and how each
package is asked are in ``measurand.conformance``. The page is docs/conformance.md.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from measurand.conformance.adapters import Elsewhere, Here
from measurand.conformance.asking import Case, Verdict, judged
from measurand.conformance.cases import CASES, KINDS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "conformance.md"

PEERS = {
    "errorbars": ("errorbars[inspect]==0.2.4 inspect-ai==0.3.285",),
    "evaltrust": ("evaltrust==0.7.0",),
    "evalstats": ("evalstats==0.3.3",),
    "evalsig": ("evalsig==0.1.2",),
    "deltagate": ("deltagate==0.1.1",),
    "evalconfidence": ("evalconfidence[inspect]==0.1.1 inspect-ai==0.3.285 pandas",),
    "evalwarden": ("evalwarden==0.13.1",),
    "holdline": ("holdline==0.2.1",),
    "evalica": ("evalica==0.4.2",),
    "arena-rank": ("arena-rank==0.1.1",),
    "inspect-ai": ("inspect-ai==0.3.285",),
    "lm-eval": ("--no-deps lm-eval==0.4.13", "numpy sacrebleu scikit-learn"),
}
"""What is installed of each, step by step: of lm-eval not what runs models."""

MARKS = {Verdict.RIGHT: "✓", Verdict.REFUSES: "refuses", Verdict.WRONG: "**✗**", Verdict.CANNOT: ""}
LONGEST = 160
NOT_THERE = (
    "lm-eval's comparator of two models (`scripts/model_comparator.py`), which is not in its package, and gonogo, "
    "which was not found."
)


@dataclass(frozen=True)
class Judged:
    """A verdict on one answer, and what is wrong with it or how it was refused."""

    verdict: Verdict
    words: str


Found = Mapping[str, Mapping[str, Judged]]
"""By package, then by case."""


def interpreter(name: str, folder: Path) -> Path | None:
    """Of an environment that holds the package, made where there is none; None where it cannot be installed."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / name], check=True)
    known = f"import importlib.metadata as m; m.version({name!r})"
    if subprocess.run([python, "-c", known], capture_output=True).returncode == 0:
        return python
    for words in PEERS[name]:
        if subprocess.run([python, "-m", "pip", "install", "-q", *words.split()]).returncode:
            return None
    return python


def asked(folder: Path) -> tuple[Found, tuple[str, ...]]:
    """Every package's answers, judged; and the packages that could not be installed."""
    missing = []
    found: dict[str, dict[str, Judged]] = {}
    with ExitStack() as stack:
        packages: list[Here | Elsewhere] = [Here("measurand")]
        for name in PEERS:
            python = interpreter(name, folder)
            if python is None:
                missing.append(name)
            else:
                packages.append(stack.enter_context(Elsewhere(name, python)))
        for package in packages:
            print(package.name, file=sys.stderr)
            found[package.name] = {case.name: Judged(*judged(case, package.ask(case))) for case in CASES}
    return found, tuple(missing)


INTRO = """# Evaluations that lie

Small inputs with a known right answer, each rebuilt from a kind of report that people have filed against evaluation
tools, put to measurand and to the packages below by their documented interfaces. `python benchmarks/conformance.py`
installs those, asks everything again and writes this page; the cases and what counts as right are in
`measurand.conformance`, and `adapters.py` there says how to add a package.

- **✓** right: the number within its tolerance, the interval, the refusal or the warning that the case asks for.
- **refuses**: no answer, and says so in words of its own.
- **✗** wrong: another answer, or an error that nobody raised on purpose. What it said stands below, case by case.
- Blank: the package does not claim to answer such a question. That is no fault.

The cases were written by the authors of measurand, who chose what to ask, so that the share of ✓ says how a package
does on these cases and not how good it is: a package that does one thing well is asked little here. Packages that give
a standard error and no interval are taken to mean 1.96 of it either way.
"""


def page(found: Found, missing: Sequence[str]) -> str:
    """The page of results, as Markdown."""
    parts = [INTRO, "## Counts", counts(found), unasked(missing), "## What measurand gets wrong", own(found)]
    parts += ["## All cases", overview(found), "## Case by case"]
    for kind in KINDS:
        parts += [f"### {kind[0].upper()}{kind[1:]}", *(told(case, found) for case in CASES if case.kind == kind)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def counts(found: Found) -> str:
    """How often each package is right, as a table."""
    lines = ["| package | asked | right | refuses | wrong |", "|---|---|---|---|---|"]
    for name, verdicts in found.items():
        often = Counter(each.verdict for each in verdicts.values())
        numbers = [len(CASES) - often[Verdict.CANNOT], *(often[each] for each in list(Verdict)[:3])]
        lines.append(f"| {name} {version(name)} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)


def unasked(missing: Sequence[str]) -> str:
    """What could not be asked, and why."""
    absent = f"{', '.join(missing)} could not be installed. " if missing else ""
    return f"Not asked: {absent}{NOT_THERE}"


def own(found: Found) -> str:
    """Cases that measurand gets wrong or refuses, as a list."""
    titles = [case.title for case in CASES if found["measurand"][case.name].verdict is not Verdict.RIGHT]
    return "\n".join(f"- {title}" for title in titles) or "None of these cases."


def version(name: str) -> str:
    """Of a package, as it is asked for."""
    return metadata.version(name) if name == "measurand" else re.findall(r"==([\d.]+)", PEERS[name][0])[0]


def overview(found: Found) -> str:
    """A row for each case, a column for each package."""
    lines = [f"| kind | case | {' | '.join(found)} |", f"|---|---|{'---|' * len(found)}"]
    last = ""
    for case in CASES:
        marks = (MARKS[verdicts[case.name].verdict] for verdicts in found.values())
        lines.append(f"| {case.kind if case.kind != last else ''} | {case.title} | {' | '.join(marks)} |")
        last = case.kind
    return "\n".join(lines)


def told(case: Case, found: Found) -> str:
    """A case with its right answer, and what was said by those who were wrong or refused."""
    lines = [f"**{case.title}**", "", f"Right: {case.answer}. *{case.why}*", ""]
    for verdict, word in ((Verdict.WRONG, "wrong"), (Verdict.REFUSES, "refuses")):
        lines += [
            f"- {name} {word}: {short(verdicts[case.name].words)}"
            for name, verdicts in found.items()
            if verdicts[case.name].verdict is verdict
        ]
    return "\n".join(lines)


def short(words: str) -> str:
    """Words of a package in one line, without the folder that its files lay in."""
    line = " ".join(re.sub(r"\S*/tmp\w+/", "", words).split())
    kept = line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>#|" else each for each in kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--environments", type=Path, default=ROOT / "build" / "peers", help="folder of environments")
    found, missing = asked(parser.parse_args().environments)
    PAGE.write_text(page(found, missing), encoding="utf-8")
    print(counts(found))


if __name__ == "__main__":
    main()
