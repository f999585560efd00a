"""Whole audits of studies in which nothing is wrong: how many lines still say `issue`."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from measurand.auditing import audit
from measurand.calibration import NullAudit
from measurand.compute import run_tasks
from measurand.measures import Measure, discover
from measurand.results import Status
from measurand.simulate.capabilities import members, with_families
from measurand.tables import EVIDENCE, Scores, Study

__all__ = ["SIZES", "encode", "issue_lines", "measure_null_audits", "null_study"]

Floats = npt.NDArray[np.float64]

SIZES = tuple(
    {"classes": classes, "models": models, "families": families, "benchmarks": benchmarks, "capability": 12}
    for models, families in ((12, 5), (26, 8), (60, 20))
    for classes, benchmarks in ((1, 10), (2, 10), (1, 60), (2, 60))
)
"""Models and families per class, benchmarks under test and capability benchmarks."""

FAMILY_SHARE, ITEMS = 0.3, 1000

# What these leave out changes estimates of the detail view, and no line that could be an issue.
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "V1": {"resamples": 100},
    "V4": {"most_dropped": 2, "half_subsets": 0},
}

BLOCK = 10
"""Audits in one task."""


def null_study(
    classes: int, models: int, families: int, benchmarks: int, capability: int, rng: np.random.Generator
) -> Study:
    """A study of models whose benchmarks under test are noise beside their capability, which follows compute.

    Families are uneven, have models in every class, and share a part of what makes their models alike; every fact is
    known that the measures of validity and of forecasts ask for.

    Examples
    --------
    >>> study = null_study(2, 12, 5, 10, 12, np.random.default_rng(0))
    >>> study.scores.models.height, len(study.scores.benchmarks_of("capability")), len(study.scores.classes)
    (24, 12, 2)
    """
    n = classes * models
    member = np.concatenate([members(models, families, rng) for _ in range(classes)])
    ability = with_families(member, 1, FAMILY_SHARE, rng)
    log_flop = 23 + (ability[:, 0] + 0.4 * rng.standard_normal(n))
    year = 2023 + 0.5 * ability[:, 0] + 0.4 * rng.standard_normal(n)
    of_ability = 0.85 * ability + np.sqrt(1 - 0.85**2) * rng.standard_normal((n, capability))
    of_nothing = with_families(member, benchmarks, FAMILY_SHARE, rng)
    values = {f"capability {j}": 0.25 + 0.75 * expit(of_ability[:, j]) for j in range(capability)}
    values |= {f"noise {j}": expit(of_nothing[:, j]) for j in range(benchmarks)}
    shares = {name: rng.binomial(ITEMS, share) / ITEMS for name, share in values.items()}
    names = [f"m{i}" for i in range(n)]
    facts = pl.DataFrame(
        {
            "model": names,
            "family": [f"f{code}" for code in member],
            "class": [f"class {i // models}" for i in range(n)],
            "training_flop": 10**log_flop,
            "release_date": [f"{int(y)}-{int(12 * (y % 1)) + 1:02d}" for y in year],
        }
    )
    table = pl.concat(
        pl.DataFrame({"model": names, "benchmark": name, "score": share, "n_items": ITEMS})
        for name, share in shares.items()
    )
    told = pl.DataFrame(
        {
            "benchmark": list(shares),
            "role": ["capability"] * capability + ["safety"] * benchmarks,
            "chance": [0.25] * capability + [0.0] * benchmarks,
            "maximum": 1.0,
        }
    )
    return Study(title="nothing is wrong", scores=Scores.build(table, facts, told))


def _asked() -> list[Measure]:
    """Those that rest on scores alone; others need evidence that these studies lack."""

    def required(measure: Measure) -> set[str]:
        parameters = inspect.signature(measure.compute).parameters.values()
        return {each.name for each in parameters if each.name in EVIDENCE and each.default is each.empty}

    return [measure for measure in discover() if required(measure) == {"scores"}]


def issue_lines(size: Mapping[str, int], runs: int, seed: tuple[int, int]) -> list[dict[str, int]]:
    """Lines that say `issue` by measure, of some audits."""
    rng = np.random.default_rng([*seed, *size.values()])
    found = []
    for _ in range(runs):
        result = audit(null_study(**size, rng=rng), _asked(), settings=SETTINGS)
        found.append(Counter(finding.code for finding in result.findings if finding.status is Status.ISSUE))
    return [dict(each) for each in found]


def measure_null_audits(
    *, runs: int, seed: int = 0, jobs: int = 1, progress: Callable[[str, int, int], None] | None = None
) -> tuple[NullAudit, ...]:
    """Issue lines per audit of studies in which nothing is wrong, at every size.

    Parameters
    ----------
    runs : audits per size; the standard error of the mean is in the result.
    seed : each block of runs draws from its own generator, so the result does not depend on `jobs`.
    progress : called with a size, how many are done and how many there are.
    """
    starts = range(0, runs, BLOCK)
    tasks = [(size, min(BLOCK, runs - start), (seed, start)) for size in SIZES for start in starts]
    blocks = run_tasks(issue_lines, tasks, jobs=jobs)
    rates = []
    for done, size in enumerate(SIZES, start=1):
        rates.append(_rate(size, [lines for _ in starts for lines in next(blocks)]))
        if progress:
            progress(", ".join(f"{name} {value}" for name, value in size.items()), done, len(SIZES))
    return tuple(rates)


def _rate(size: Mapping[str, int], found: list[dict[str, int]]) -> NullAudit:
    total = np.array([sum(lines.values()) for lines in found], float)
    by_code = Counter[str]()
    for lines in found:
        by_code.update(lines)
    return NullAudit(
        study=size,
        asked=tuple(measure.code for measure in _asked()),
        runs=len(found),
        mean=round(float(total.mean()), 3),
        stderr=round(float(total.std(ddof=1) / np.sqrt(len(total))), 3),
        none=round(float((total == 0).mean()), 3),
        by_measure={code: round(count / len(found), 4) for code, count in sorted(by_code.items())},
    )


def encode(rates: tuple[NullAudit, ...]) -> bytes:
    """The rates as the JSON that ships with the package."""
    lines = ",\n".join(json.dumps(asdict(rate)) for rate in rates)
    return f'{{"audits": [\n{lines}\n]}}\n'.encode()
