"""What a study lets a paper say: benchmarks against capability, scores, comparisons to the best, ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from measurand.errors import InputError, UnknownName
from measurand.papers.comparison import comparison
from measurand.papers.entanglement import entanglement
from measurand.papers.ranks import ranks
from measurand.papers.scores import scores
from measurand.papers.shared import Asked, Cannot
from measurand.report.paper import Section
from measurand.tables import Study

__all__ = ["Asked", "paper"]

SECTIONS: dict[str, tuple[Callable[[Study, Asked], Section], tuple[str, ...]]] = {
    "entanglement": (entanglement, ("scores",)),
    "scores": (scores, ("responses",)),
    "comparison": (comparison, ("responses",)),
    "ranks": (ranks, ("responses", "votes")),
}
"""What writes each section, and the evidence of which any will do."""


def paper(study: Study, asked: Asked, what: Sequence[str] = ()) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """The sections that a study has evidence for, and why others have none.

    Parameters
    ----------
    what : sections wanted; by default every one there is evidence for.

    Raises
    ------
    UnknownName
        A section, benchmark or class that is not there.
    InputError
        A section named that cannot be written, or none that can.

    Examples
    --------
    >>> import measurand
    >>> asked = Asked(benchmarks=("TruthfulQA MC1",), class_="chat")
    >>> (section,), _ = paper(measurand.load_example(), asked)
    >>> section.parts[0].rows[0][:4]
    ('TruthfulQA MC1', '26', '8', '+0.81 [+0.56, +0.93]')
    """
    for name in what:
        if name not in SECTIONS:
            raise UnknownName("section of a paper", name, SECTIONS)
    wanted = what or [
        name for name, (_, kinds) in SECTIONS.items() if any(getattr(study, kind) is not None for kind in kinds)
    ]
    if not wanted:
        raise InputError("a paper needs scores of models on benchmarks, item-level results or votes; there are none")
    written, reasons = [], []
    for name in wanted:
        try:
            written.append(SECTIONS[name][0](study, asked))
        except Cannot as problem:
            reasons.append(f"{name}: {problem}")
    if not written or (what and reasons):
        raise InputError("; ".join(reasons))
    return tuple(written), tuple(reasons)
