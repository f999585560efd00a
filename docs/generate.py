"""Writes what the documentation takes from the code: run ``python docs/generate.py`` after changing a measure.

The catalogue and the error rates as pages, the pictures, the measures in the README and the output of its example.
`tests/test_docs.py` fails when any of them is stale.
"""

from __future__ import annotations

import contextlib
import csv
import inspect
import io
import re
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

import measurand
from measurand.calibration import LEAST_RUNS, Rate, load, null_audits, told_rates
from measurand.measures import Measure, discover, find
from measurand.report.figures import render
from measurand.results import Figure
from measurand.stats.capability.capabilities import DEFAULT, METHODS

ROOT = Path(__file__).parents[1]
COMMAND_AND_OUTPUT = re.compile(r"```console\n\$ ([^\n]*)\n```\n\n```text\n(.*?)```", re.DOTALL)
PYTHON_AND_OUTPUT = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)

EXCERPT = ("bias", "truthfulness", "sycophancy", "weaponization")
USUAL = {"skew": 1, "tails": 0, "ceiling": 0, "missing": 0, "families_known": 1, "benchmarks": 30}
"""Settings of V1's usual cells, which compare the candidates for its interval."""
PICTURES = {
    "excerpt": ("V1", "V1.intervals", {"class": "chat"}),
    "intervals": ("V1", "V1.intervals", {"class": "chat"}),
    "specifications": ("V4", "V4.specifications", {"class": "chat", "benchmark": "TruthfulQA MC1"}),
}


def pages() -> dict[str, str]:
    """Every generated text by its path from the root."""
    return {
        "docs/catalogue.md": catalogue(),
        "docs/calibration.md": calibration(),
        "docs/calibration.csv": calibration_rows(),
        "docs/how-often-wrong.md": wrong(),
        "src/measurand/__init__.pyi": stub(),
        "docs/api.md": api(),
        "README.md": readme((ROOT / "README.md").read_text(encoding="utf-8")),
        **{
            page.relative_to(ROOT).as_posix(): executed(page.read_text(encoding="utf-8"))
            for page in sorted((ROOT / "docs" / "tutorials").glob("*.md"))
        },
    }


def executed(text: str) -> str:
    """A tutorial with what its commands and its Python print."""
    text = COMMAND_AND_OUTPUT.sub(lambda m: f"```console\n$ {m[1]}\n```\n\n```text\n{printed(m[1])}```", text)
    return PYTHON_AND_OUTPUT.sub(lambda match: f"```python\n{match[1]}```\n\n```text\n{output(match[1])}```", text)


def printed(command: str) -> str:
    """What a command prints on a terminal of 100 columns, in the folder of the tutorials' tables."""
    from typer.testing import CliRunner

    from measurand.cli import app

    with contextlib.chdir(ROOT / "docs" / "data"):
        result = CliRunner(env={"COLUMNS": "100"}).invoke(app, shlex.split(command)[1:], catch_exceptions=False)
    return result.stdout


def api() -> str:
    """The public names, each where its documentation is."""
    lines = [
        "# Python reference",
        "",
        "Every name is in `measurand`: `import measurand as m; m.compare(...)`. A function of a measure takes a study",
        "first, or the part it needs, and `seed=`; it returns `Findings`. What it computes, its settings and its",
        "errors are below.",
        "",
        "## Audits, findings and evidence",
        "",
    ]
    measures = []
    for home, names in measurand.PUBLIC.items():
        for name in names.split():
            if home[0].isupper():
                compute = find(home).compute
                measures += [f"### {name} ({home})", "", f"::: {compute.__module__}.{compute.__qualname__}", ""]
            else:
                of = getattr(measurand, name)
                lines += [f"::: {of.__module__}.{of.__qualname__}", ""]
    text = "\n".join([*lines, "## Measures", "", *measures])
    return text.rstrip() + "\n"


def stub() -> str:
    """The public names with their types, for checkers and editors: the package imports a name when it is used."""
    lines, functions = ["from measurand.api import Findings as Findings"], []
    for home, names in measurand.PUBLIC.items():
        for name in names.split():
            if home[0].isupper():
                signature = inspect.signature(getattr(measurand, name))
                functions.append(f"def {name}{_typed(signature)}: ...")
            elif name != "Findings":
                lines.append(f"from measurand.{home} import {name} as {name}")
    lines += ["from typing import Any, Literal", "import collections.abc", "import numpy.random"]
    listed = "\n".join(f'    "{name}",' for name in measurand.__all__)
    body = ["", "PUBLIC: dict[str, str]", f"__all__ = [\n{listed}\n]", "", *functions, ""]
    return "\n".join(["# Made from measurand.PUBLIC by docs/generate.py: do not edit.", *lines, *body])


def _typed(signature: inspect.Signature) -> str:
    """Types by their public names."""
    text = str(signature).replace("typing.", "").replace("numpy.random._generator.", "numpy.random.")
    text = re.sub(r"Optional\[(Literal\[[^\]]*\])\]", r"\1 | None", text)
    return re.sub(r"'?measurand\.(?:\w+\.)*(\w+)'?", lambda match: match[1], text).replace("'Findings'", "Findings")


def catalogue() -> str:
    """Every measure: what it asks, formula, needs, caveats, error rates, references."""
    parts = ["# Catalogue of measures", "", "Generated from the code. `measurand explain CODE` prints the same."]
    for measure in discover():
        parts += ["", *_measure(measure)]
    return "\n".join(parts) + "\n"


def _measure(measure: Measure) -> Iterable[str]:
    yield f"## {measure.code} {measure.name}"
    yield ""
    yield f"*{measure.question.value}.* {measure.asks}"
    yield ""
    yield f"**Formula.** {measure.formula}"
    yield ""
    yield f"**Needs** {measure.needs}."
    for title, lines in (("Caveats", measure.caveats), ("References", measure.references)):
        if lines:
            yield ""
            yield f"**{title}.**"
            yield ""
            yield from (f"- {line}" for line in lines)
    yield ""
    rates = measure.worst_rates
    if not rates:
        yield "**Measured error rates.** Not measured."
        return
    yield f"**Measured error rates.** Simulated: {measure.regime}."
    yield ""
    yield from (f"- {name}: {text}" for name, text in rates.items())
    yield ""
    yield "[All rates](calibration.csv), [of all measures](calibration.md)."


def table(rows: Iterable[Mapping[str, str]]) -> Iterable[str]:
    """Rows as a Markdown table."""
    listed = list(rows)
    heads = list(listed[0])
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(row[head] for head in heads)} |" for row in listed)


def calibration() -> str:
    """How often each measure is wrong, a row per measure, and the candidates for V1's interval."""
    measured = [measure for measure in discover() if measure.worst_rates]
    columns = dict.fromkeys(name for measure in measured for name in measure.worst_rates)
    rows = (
        {"measure": f"{m.code} {m.name}", **{name: m.worst_rates.get(name, "") for name in columns}} for m in measured
    )
    simulated = "\n".join(f"- **{measure.code}** {measure.name}: {measure.regime}." for measure in measured)
    return f"""# Measured error rates

How often the intervals and verdicts of each measure are wrong, on simulated studies whose truth is known. Each row
gives the worst over all simulated studies of a measure, as rate ± Monte Carlo standard error: the least coverage of an
interval that should cover in 95% of them and the most false alarms of a verdict, which should be at most 5%; and power
from its least to its greatest. In brackets: which interval or verdict, what is true, in which study. The worst of many
rates is further off by chance alone than one rate is.

Every rate of every study is in [calibration.csv](calibration.csv), with its number of runs and its date.
`measurand calibrate` makes them; it goes on where it was interrupted.

{chr(10).join(table(rows))}

## What was simulated

{simulated}

## Which interval V1 uses by default, and why

Coverage of nominal 95% intervals of the capabilities correlation where scores are Gaussian and families known: the
mean over true correlations 0, .3, .5, .68 and .9 and over 12, 26 and 60 models, with the least and the greatest; and
the mean width. Of the candidates that depart from .95 by at most .03 whatever the families share, the default is the
narrowest: **{METHODS[DEFAULT]}**.
It is never narrower than the interval that models without families would have, so there are no narrow ones that cover
less often.

{chr(10).join(_candidates(load()))}
"""


REGIMES: Mapping[str, Callable[[Mapping[str, float]], bool]] = {
    "10 clusters or voters, or fewer": lambda study: 0 < study.get("clusters", study.get("voters", 0)) <= 10,
    "more clusters or voters": lambda study: study.get("clusters", study.get("voters", 0)) > 10,
    "12 models or fewer": lambda study: study.get("models", 99) <= 12,
    "families that share 60% of the variance": lambda study: study.get("family_share", 0) >= 0.6,
    "heavy tails, a ceiling or uneven sizes": lambda study: any(
        study.get(name, 0) > usual
        for name, usual in (("tails", 0), ("ceiling", 0), ("uneven", 0), ("skew", 1), ("pareto", 0))
    ),
    "missing cells": lambda study: study.get("missing", 0) > 0 or study.get("run_percent", 100) < 100,
    "50 items, texts or behaviours, or fewer": lambda study: (
        min((study[name] for name in ("items", "texts", "behaviours", "prompts", "pairs") if name in study), default=99)
        <= 50
    ),
}
"""Kinds of data that users have, and which simulated studies are of them; a study may be of several."""

LOW, HIGH = 0.9, 0.1
"""Coverage and false alarms beyond which a rate is told by itself, where it is more than two standard errors beyond."""


def wrong() -> str:
    """How often verdicts are wrong, all that is known of it on one page."""
    rates = [rate for rate in told_rates(load()) if rate.runs >= LEAST_RUNS]
    conformance = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    game = (ROOT / "docs" / "organisms.md").read_text(encoding="utf-8")
    audits = table(
        {
            "audit": ", ".join(f"{value} {name}" for name, value in each.study.items()),
            "measures": str(len(each.asked)),
            "audits": str(each.runs),
            "lines that say issue, per audit": f"{each.mean:.2f} ± {each.stderr:.2f}",
            "audits without one": f"{each.none:.0%}",
        }
        for each in null_audits()
    )
    open_ = (_section(conformance, "## What measurand gets wrong") or "None.").strip()
    return f"""# How often is measurand wrong?

An auditor should publish its own failures. This page is written by `docs/generate.py` from the measured error rates,
the cases of evaluations that lie and the blind game; nothing on it is chosen by hand. `measurand selftest` runs the
cases and a part of the simulations on your machine.

## A whole audit of a study in which nothing is wrong

{chr(10).join(audits)}

## Intervals and verdicts, by the kind of data

Simulated studies whose truth is known. An interval should hold the truth in 95% of them; a verdict should be wrong in
at most 5%. Each row takes the rates of all measures in studies of that kind: their median, the least and the greatest.

{chr(10).join(table(_regimes(rates)))}

Every rate of every study is in [calibration.csv](calibration.csv); the worst of each measure in [measured error
rates](calibration.md).

## Where the error rates are far off

What is not met is said here, by each measure's caveats and in its reports: intervals that hold the truth in less than
90%, and verdicts that are wrong in more than 10%, beyond what the number of simulations leaves open.

{chr(10).join(table(_far_off(rates)))}

## Evaluations that lie

Small inputs with a known right answer, put to measurand and to other packages ([all cases](conformance.md)).

{_table_of(conformance)}

What measurand gets wrong:

{open_}

## Models that hide what they can do

Models made to hold back, their kinds sealed until the verdicts were written ([the game](organisms.md)).

{_table_of(game)}
"""


def _regimes(rates: Iterable[Rate]) -> Iterable[Mapping[str, str]]:
    kinds = {"all": lambda study: True, **REGIMES}
    found = list(rates)
    for name, of in kinds.items():
        own = [rate for rate in found if of(rate.study)]
        covered = [rate.rate for rate in own if rate.quantity == "coverage"]
        alarms = [rate.rate for rate in own if rate.quantity == "false_alarm"]
        yield {
            "data": name,
            "intervals": f"{len(covered):,}",
            "hold the truth": _spread(covered),
            "off (below .93)": _of(sum(value < 0.93 for value in covered), len(covered)),
            "verdicts": f"{len(alarms):,}",
            "wrong": _spread(alarms),
            "off (above .07)": _of(sum(value > 0.07 for value in alarms), len(alarms)),
        }


def _spread(values: list[float]) -> str:
    return f"{median(values):.3f} ({min(values):.3f} to {max(values):.3f})" if values else ""


def _of(count: int, total: int) -> str:
    return f"{count} ({count / total:.0%})" if total else ""


def _far_off(rates: Iterable[Rate]) -> list[Mapping[str, str]]:
    """Each interval and verdict that is far off, in the study where it is worst."""
    worst: dict[tuple[str, str, str], Rate] = {}
    counts: Counter[tuple[str, str, str]] = Counter()
    for rate in rates:
        below = rate.quantity == "coverage" and rate.rate + 2 * rate.stderr < LOW
        above = rate.quantity == "false_alarm" and rate.rate - 2 * rate.stderr > HIGH
        if below or above:
            key = (rate.code, rate.quantity, rate.what)
            counts[key] += 1
            sign = 1 if below else -1
            worst[key] = min(worst.get(key, rate), rate, key=lambda each, sign=sign: sign * each.rate)
    return [
        {
            "measure": f"{rate.code} {find(rate.code).name}",
            "what": f"{'interval' if rate.quantity == 'coverage' else 'verdict'}: {rate.what}",
            "rate": f"{rate.rate:.3f} ± {rate.stderr:.3f}",
            "where": f"{rate.truth}; {', '.join(f'{name} {value:g}' for name, value in rate.study.items())}",
            "studies": str(counts[key]),
        }
        for key, rate in worst.items()
    ]


def _section(text: str, head: str) -> str:
    """What stands below a head of a page, up to the next."""
    _, found, rest = text.partition(f"{head}\n")
    return rest.partition("\n## ")[0] if found else ""


def _table_of(text: str) -> str:
    """The first table of a page."""
    lines = text.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("|"))
    end = next((place for place in range(start, len(lines)) if not lines[place].startswith("|")), len(lines))
    return "\n".join(lines[start:end])


def calibration_rows() -> str:
    """Every shipped rate as a row of CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    heads = "measure quantity of study truth rate stderr width runs studies date"
    writer.writerow(heads.split())
    for rate in load():
        study = ", ".join(f"{name} {value:g}" for name, value in rate.study.items())
        width = "" if rate.width is None else f"{rate.width:g}"
        row = (rate.code, rate.quantity, rate.what, study, rate.truth, f"{rate.rate:g}", f"{rate.stderr:.4f}", width)
        writer.writerow((*row, rate.runs, rate.drawn or "", rate.run))
    return out.getvalue()


def _candidates(rates: Iterable[Rate]) -> Iterable[str]:
    """Each candidate's coverage by the share of variance that families have in common, over V1's usual studies."""
    covered: dict[str, dict[str, list[Rate]]] = {}
    for rate in rates:
        usual = all(rate.study.get(name, value) == value for name, value in USUAL.items())
        if rate.code == "V1" and rate.quantity == "coverage" and usual:
            method = DEFAULT if rate.what == "default interval" else rate.what.removeprefix("candidate ")
            share = f"families share {rate.study['family_share']:.0%}"
            covered.setdefault(method, {}).setdefault(share, []).append(rate)
    rows = []
    for method, shares in covered.items():
        row = {"interval": METHODS[method] + (" (**default**)" if method == DEFAULT else "")}
        for share, found in shares.items():
            values = [rate.rate for rate in found]
            width = sum(rate.width or 0.0 for rate in found) / len(found)
            shown = f"{sum(values) / len(values):.3f} ({min(values):.3f} to {max(values):.3f}), width {width:.2f}"
            row[share] = shown
        worst = max(abs(rate.rate - 0.95) for found in shares.values() for rate in found)
        row["worst departure"] = f"{worst:.3f}"
        rows.append(row)
    return table(sorted(rows, key=lambda row: row["worst departure"]))


def readme(text: str) -> str:
    """The README with its list of measures and the output of its first example."""
    measures = "\n".join(table({"": m.code, "measure": m.name, "asks": m.asks} for m in discover()))
    text = re.sub(
        r"(<!-- measures -->\n).*?(<!-- /measures -->)",
        lambda match: f"{match[1]}{measures}\n{match[2]}",
        text,
        flags=re.DOTALL,
    )
    return executed(text)


def output(code: str) -> str:
    """What a block of Python prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "<documentation>", "exec"), {})
    return printed.getvalue()


def main() -> int:
    """Write every page and picture."""
    for path, text in pages().items():
        (ROOT / path).write_text(text, encoding="utf-8")
    result = measurand.audit(measurand.load_example(), sorted({code for code, _, _ in PICTURES.values()}))
    for name, (_, figure, choice) in PICTURES.items():
        drawn = excerpt(result.figures[figure]) if name == "excerpt" else result.figures[figure]
        (ROOT / "docs" / "pictures" / f"{name}.svg").write_bytes(render(drawn, choice))
    return 0


def excerpt(figure: Figure) -> Figure:
    """The areas of the picture that the README shows; the whole of it is a page long."""
    kept = [row for row, area in enumerate(figure.columns["area"]) if area in EXCERPT]
    columns = {name: tuple(values[row] for row in kept) for name, values in figure.columns.items()}
    return replace(figure, columns=columns, title=f"{figure.title}, four of them, chat models")


if __name__ == "__main__":
    sys.exit(main())
