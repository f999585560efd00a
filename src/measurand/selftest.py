"""The auditor audits itself: the cases that lie, and a part of the simulations held against the rates that ship."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from measurand.calibration import Rate, load
from measurand.conformance.adapters import Here
from measurand.conformance.asking import Case, Verdict, judged
from measurand.conformance.cases import CASES
from measurand.results import Table
from measurand.simulate.calibration import measure_rates, studies
from measurand.wording import of_total

__all__ = ["OPEN", "QUICK", "SelfTest", "departures", "labels", "selftest"]

QUICK = ("V9", "P1", "P2", "P3", "P4", "P5", "P9", "G5", "G8", "F5")
"""Measures whose simulations take seconds."""

RUNS = 60
"""Simulated studies of each kind."""

CHANCE = 0.001
"""Of any rate departing from the one that ships, where both are of the same code, over all rates together."""

OPEN: Mapping[str, str] = {}
"""Cases that measurand gets wrong, and how: known, published, and no fault of the machine it runs on."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class SelfTest:
    """What was found.

    Parameters
    ----------
    right, open : cases answered rightly, and those that are known to be answered wrongly.
    wrong : cases answered wrongly that should not be, with what is wrong.
    rates : rates that were measured here and ship. off : those that depart, with what ships.
    """

    right: int
    open: tuple[str, ...]
    wrong: tuple[tuple[str, str], ...]
    rates: int
    off: tuple[tuple[Rate, Rate], ...]

    @property
    def passed(self) -> bool:
        """Whether everything is as it ships."""
        return not self.wrong and not self.off

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        cases = of_total(self.right, self.right + len(self.open) + len(self.wrong), "case", "is right", "is not right")
        known = f", {len(self.open)} of them known and published" if self.open else ""
        off = of_total(len(self.off), self.rates, "error rate", "is off from what ships", "is off from what ships")
        return f"{cases}{known}. {off if self.off else f'All {self.rates:,} error rates measured are as they ship'}."

    def table(self) -> Table | None:
        """What is wrong, a row each; None where nothing is."""
        rows = [(title, words) for title, words in self.wrong]
        rows += [
            (f"{here.code} {here.quantity}, {here.what}, {here.truth}", f"{here.rate:.2f} here, {ships.rate:.3f} ships")
            for here, ships in self.off
        ]
        return Table(head=("what", "how"), rows=tuple(rows)) if rows else None


def selftest(*, runs: int = RUNS, jobs: int = 1, progress: Progress | None = None) -> SelfTest:
    """Put every case to measurand as it is installed here, and simulate a part of the error rates anew.

    Parameters
    ----------
    runs : simulated studies of each kind. jobs : worker processes.
    progress : called with what is done, how many are, and how many there are.
    """
    total = len(labels())
    right, known, wrong = 0, [], []
    asked = Here("measurand")
    for done, case in enumerate(CASES, 1):
        verdict, words = judged(case, asked.ask(case))
        if verdict is Verdict.RIGHT:
            right += 1
        elif case.name in OPEN:
            known.append(case.title)
        else:
            wrong.append((case.title, words))
        if progress:
            progress(_short(case), done, total)

    def step(study: str, done: int, _: int) -> None:
        if progress:
            progress(study, len(CASES) + done, total)

    # Another seed than that of the rates that ship: the same draws would agree whatever the code does with chance.
    rates = measure_rates(runs=runs, seed=1, codes=QUICK, jobs=jobs, progress=step)
    compared, off = departures(rates, load())
    return SelfTest(right=right, open=tuple(known), wrong=tuple(wrong), rates=compared, off=off)


def labels() -> list[str]:
    """What it does, step by step."""
    return [*map(_short, CASES), *map(str, studies(QUICK))]


def _short(case: Case) -> str:
    return case.title if len(case.title) <= 60 else f"{case.title[:59]}…"


def departures(here: Sequence[Rate], ships: Sequence[Rate]) -> tuple[int, tuple[tuple[Rate, Rate], ...]]:
    """How many rates both hold, and those that differ by more than chance allows (Fisher's exact test, Bonferroni).

    A rate that is a mean over the benchmarks of each study counts as that many runs, so that the test says too little
    rather than too much.
    """
    from scipy.stats import fisher_exact  # where it is asked for: it takes half a second to import

    known = {_key(rate): rate for rate in ships}
    pairs = [(rate, known[_key(rate)]) for rate in here if _key(rate) in known]
    off = []
    for mine, theirs in pairs:
        hits = [round(rate.rate * rate.runs) for rate in (mine, theirs)]
        counts = [[hit, rate.runs - hit] for hit, rate in zip(hits, (mine, theirs), strict=True)]
        if fisher_exact(np.array(counts)).pvalue < CHANCE / len(pairs):
            off.append((mine, theirs))
    return len(pairs), tuple(off)


def _key(rate: Rate) -> tuple[object, ...]:
    return (rate.quantity, rate.what, rate.truth, *rate.cell)
