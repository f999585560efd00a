"""What may be asked of a package, and how: here, or in an interpreter of its own.

A package is a module of `measurand.conformance.packages` with a function for each question that it claims to answer; a
question without a function is one it cannot answer. To add a package, write such a module against its documented API
and name the interpreter of an environment in which it is installed.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from measurand.conformance.asking import Answer, Case
from measurand.conformance.serving import answered, package

__all__ = ["Asks", "Elsewhere", "Here"]

Item = str | int | float
Files = Mapping[str, str]


class Asks(Protocol):
    """Every question. Tables are CSV with columns as measurand's docs/file-formats.md names them; files by name."""

    def interval(self, scores: Sequence[float]) -> Answer:
        """The mean of independent items and its 95% interval."""

    def clustered(self, scores: Sequence[float], clusters: Sequence[Item]) -> Answer:
        """The same where items of a named cluster go together."""

    def repeated(self, scores: Sequence[float], items: Sequence[Item]) -> Answer:
        """The same where a row is one of several epochs of its item."""

    def answers(self, table: str) -> Answer:
        """The same of a table of answers (model, item, score and what else there is), with what is said of it."""

    def answers_of_logs(self, files: Files) -> Answer:
        """The same of logs of one model."""

    def above(self, right: int, trials: int, bound: float) -> Answer:
        """Whether a score is shown to be above a bound."""

    def rarer(self, failures: int, trials: int, bound: float) -> Answer:
        """Whether failures are shown to be rarer than a bound."""

    def rate(self, failures: int, trials: int) -> Answer:
        """The rate of failures and its 95% interval."""

    def paired(self, first: Sequence[float | None], second: Sequence[float | None]) -> Answer:
        """How much better the second model is on the same items, and whether that is shown; None where one errored."""

    def compared(self, table: str) -> Answer:
        """How much better model b is than model a in a table of answers, and whether that is shown."""

    def apart(self, table: str) -> Answer:
        """Whether any two of many models are shown to differ."""

    def logs(self, files: Files) -> Answer:
        """Every score in logs, by name, with what is said of them."""

    def noise(self, files: Files, named: bool) -> Answer:
        """Whether prompts, formats, reruns or graders are said to matter; files named each, or by their folder."""

    def vouches(self, files: Files) -> Answer:
        """Whether a score is said to be one that can be trusted."""

    def columns(self, table: str) -> Answer:
        """The benchmarks of a leaderboard, by name, with what is said of its columns."""

    def tracks(self, table: str, benchmark: str) -> Answer:
        """Whether a benchmark is shown to go with capability."""

    def saturated(self, table: str, benchmark: str) -> Answer:
        """Whether a benchmark leaves no room at the top."""

    def changes(self, old: str, new: str) -> Answer:
        """Whether scores changed between two versions of a leaderboard, and which."""

    def ahead(self, votes: str) -> Answer:
        """Whether the first of two models is shown to be ahead in votes (model_a, model_b, winner, voter)."""

    def order(self, votes: str, first: str, second: str) -> Answer:
        """Whether the order of two models is given."""

    def strengths(self, votes: str) -> Answer:
        """Bradley-Terry strengths in log-odds, by name."""

    def strength(self, votes: str, model: str) -> Answer:
        """Whether a finite strength is given for a model."""

    def agreement(self, table: str) -> Answer:
        """Agreement of two graders beyond chance, as kappa or alpha; no value where undefined."""

    def judged(self, table: str) -> Answer:
        """What is said of models whose answers a judge scored."""

    def slopes(self, table: str) -> Answer:
        """What is said of how well items discriminate."""

    def horizon(self, runs: str) -> Answer:
        """The length of tasks done half of the time, and whether one is given."""

    def attempts(self, table: str, asked: int) -> Answer:
        """The share of behaviours that come within so many attempts."""


class Here:
    """A package of this interpreter."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._asked = package(name)

    def ask(self, case: Case) -> Answer:
        """Its answer to a case."""
        return answered(self._asked, case.ask, case.given)


class Elsewhere:
    """A package in an interpreter of its own; a context, in which that runs.

    Parameters
    ----------
    name : the package, as its registry spells it.
    python : the interpreter of an environment in which it is installed.
    """

    def __init__(self, name: str, python: Path) -> None:
        self.name = name
        self._asked = subprocess.Popen(
            [python, "-W", "ignore", "-m", "measurand.conformance.serving", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._asked.communicate()

    def ask(self, case: Case) -> Answer:
        """Its answer to a case."""
        assert self._asked.stdin is not None
        assert self._asked.stdout is not None
        self._asked.stdin.write(json.dumps({"ask": case.ask, "given": case.given}) + "\n")
        self._asked.stdin.flush()
        line = self._asked.stdout.readline()
        if not line:
            return Answer(crashed="the process ended")
        found: dict[str, Any] = json.loads(line)
        return Answer(**found)
