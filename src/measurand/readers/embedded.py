"""The embedded study: published figures of 53 models on 73 benchmarks."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import msgspec

from measurand.errors import UnknownName
from measurand.readers.tables.assembling import assemble
from measurand.readers.tables.layout import Part, interpret
from measurand.readers.tables.tabular import read_table
from measurand.tables import Claim, Gain, Study

__all__ = ["load_example"]

EXAMPLES = ("safetywashing_2024",)
TITLE = "Safetywashing: published figures of 53 models x 73 benchmarks (Ren et al. 2024, arXiv 2407.21792)"


def load_example(name: str = "safetywashing_2024") -> Study:
    """A study embedded in the package.

    Parameters
    ----------
    name : ``"safetywashing_2024"`` (Ren et al. 2024), the only one so far.

    Returns
    -------
    Study
        Scores of 27 base and 26 chat models on 12 capability and 61 safety benchmarks, higher is better everywhere;
        what was claimed of them, and two gains in safety to judge.

    Raises
    ------
    UnknownName
        No embedded study has that name.

    Examples
    --------
    >>> study = load_example()
    >>> study.scores.classes, len(study.scores.benchmarks_of("capability"))
    (('base', 'chat'), 12)
    """
    if name not in EXAMPLES:
        raise UnknownName("embedded study", name, EXAMPLES)
    sides = [_part("models", "models"), _part("benchmarks", "benchmarks")]
    told = msgspec.json.decode(_data("published_claims.json"), type=_Told)
    return replace(assemble(TITLE, [_part("scores")], sides), gains=told.gains, claims=told.claims)


class _Told(msgspec.Struct):
    """What was claimed of this evidence, and two gains in safety to judge."""

    claims: tuple[Claim, ...]
    gains: tuple[Gain, ...]


def _part(what: str, holds: str | None = None) -> Part:
    name = f"published_{what}.csv"
    return interpret(read_table(f"measurand/data/{name}", _data(name), "csv"), holds)


def _data(name: str) -> bytes:
    return files("measurand").joinpath("data", name).read_bytes()
