"""The embedded study: published figures of 53 models on 73 benchmarks."""

from __future__ import annotations

from importlib.resources import files

from measurand.readers.layout import Part, interpret
from measurand.readers.study import assemble
from measurand.readers.tabular import read_table
from measurand.tables import Study

__all__ = ["load_example"]

TITLE = "Safetywashing: published figures of 53 models x 73 benchmarks (Ren et al. 2024, arXiv 2407.21792)"


def load_example() -> Study:
    """The study embedded in the package.

    Returns
    -------
    Study
        Scores of 27 base and 26 chat models on 12 capability and 61 safety benchmarks, higher is better everywhere.

    Examples
    --------
    >>> study = load_example()
    >>> study.scores.classes, len(study.scores.benchmarks_of("capability"))
    (('base', 'chat'), 12)
    """
    # Published claims and gains, to be held against this evidence, belong into this study.
    sides = [_part("models", "models"), _part("benchmarks", "benchmarks")]
    return assemble(TITLE, [_part("scores")], sides)


def _part(what: str, holds: str | None = None) -> Part:
    name = f"published_{what}.csv"
    data = files("measurand").joinpath("data", name).read_bytes()
    return interpret(read_table(f"measurand/data/{name}", data, "csv"), holds)
