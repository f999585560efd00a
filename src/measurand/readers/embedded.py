"""The embedded studies: published figures of the models of 2022 to 2024, and of those of 2024-11 to 2026-03."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import msgspec

from measurand.errors import UnknownName
from measurand.readers.tables.assembling import assemble
from measurand.readers.tables.layout import Part, interpret
from measurand.readers.tables.tabular import read_table
from measurand.tables import Claim, Gain, Study

__all__ = ["EXAMPLES", "load_example"]

EXAMPLES = {
    "safetywashing_2024": "Safetywashing: published figures of 53 models x 73 benchmarks (Ren et al. 2024, "
    "arXiv 2407.21792)",
    "frontier_2026": "Frontier models of 2024-11 to 2026-03: published figures of 61 models in 102 settings x 29 "
    "benchmarks",
}
"""Title of each study by its name."""


def load_example(name: str = "safetywashing_2024") -> Study:
    """A study embedded in the package.

    Parameters
    ----------
    name : ``"safetywashing_2024"`` (Ren et al. 2024) or ``"frontier_2026"``.

    Returns
    -------
    Study
        Of 2024: scores of 27 base and 26 chat models on 12 capability and 61 safety benchmarks, higher is better
        everywhere; what was claimed of them, and two gains in safety to judge. Of 2026: scores of 102 settings of 61
        models by 12 developers (the families there) on 19 capability and 10 safety benchmarks, 31% of the cells filled,
        as four sources published them; what limits them stands in the notes.

    Raises
    ------
    UnknownName
        No embedded study has that name.

    Examples
    --------
    >>> study = load_example()
    >>> study.scores.classes, len(study.scores.benchmarks_of("capability"))
    (('base', 'chat'), 12)
    >>> load_example("frontier_2026").scores.table.height
    908
    """
    if name not in EXAMPLES:
        raise UnknownName("embedded study", name, tuple(EXAMPLES))
    if name == "frontier_2026":
        caveats = tuple(_data(f"{name}_notes.txt").decode().splitlines())
        return _study(name, name, caveats)
    told = msgspec.json.decode(_data("published_claims.json"), type=_Told)
    return replace(_study(name, "published"), gains=told.gains, claims=told.claims)


def _study(name: str, prefix: str, caveats: tuple[str, ...] = ()) -> Study:
    scores = _part(prefix, "scores")
    sides = [_part(prefix, what, what) for what in ("models", "benchmarks")]
    return assemble(EXAMPLES[name], [replace(scores, notes=(*caveats, *scores.notes))], sides)


class _Told(msgspec.Struct):
    """What was claimed of this evidence, and two gains in safety to judge."""

    claims: tuple[Claim, ...]
    gains: tuple[Gain, ...]


def _part(prefix: str, what: str, holds: str | None = None) -> Part:
    name = f"{prefix}_{what}.csv"
    return interpret(read_table(f"measurand/data/{name}", _data(name), "csv"), holds)


def _data(name: str) -> bytes:
    return files("measurand").joinpath("data", name).read_bytes()
