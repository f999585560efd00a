"""V11 input coverage: how varied are a benchmark's items, and how much of a reference set do they reach?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure
from measurand.measures.shared import columns, estimate, require_fraction
from measurand.measures.validity.shared.compared import Drawn, Embedding, drawn, repeated_in, similarity_of
from measurand.measures.verdicts import Side, Unassessed, against, headline, unassessed, verdict
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.binomial import proportion_limits
from measurand.stats.texts.diversity import (
    Duplicates,
    Reach,
    expected_reach,
    neighbours,
    principal_plane,
    reach,
    vendi,
)
from measurand.stats.texts.groups import Grouped
from measurand.tables.texts import Texts
from measurand.wording import SHARE, agreeing, number, of_total, percent, plural, shown, value_of

__all__ = ["MEASURE", "BenchmarkCoverage", "Coverage", "Embedding", "coverage_of", "input_coverage", "judge"]

LEAST_ITEMS = 20
"""Of fewer items, even none with a near-duplicate leaves their share open up to more than a sixth."""

LEAST_REFERENCE = 50
"""Among fewer reference texts, neighbours of a text are of other topics, and regions left out look reached."""

UNGROUPED = (
    "Which texts go together (by passage, topic or template) is not known. Taken one by one, items on passages of "
    "their own leave regions out though items and reference are drawn alike: in 9 of 10 simulated audits with five "
    "questions on each passage. So the reach is a caution until the groups are named, or each text is said to stand "
    "alone."
)

MOST_SHOWN = 60
"""Characters of a text in the picture."""

NEEDS = "texts of a benchmark's items, at least 20; for the reach also those of a reference set, named as reference"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class BenchmarkCoverage:
    """One benchmark's items.

    Parameters
    ----------
    benchmark : its name.
    n, drawn : items, and how many of them the variety, the reach and the map are of (all of them up to `most`).
    vendi : number of wholly different items that would be as varied.
    duplicates : of all items, those with another at least as similar as `alike`, directly or through others.
    alike : that similarity.
    reference : the reference set and how many of its texts, or groups of them, were compared; or None.
    grouped : whether it is known which texts go together.
    reached, expected : share of it near an item, and what is expected where both are one sample (by theory; NaN where
        a radius is given).
    covered : which of the reference's texts drawn are in a group that is reached, shape (reference texts,).
    place, shown : coordinates of items and then reference texts, shape (rows, 2), and the texts.
    """

    benchmark: str
    n: int
    drawn: int
    vendi: float
    duplicates: Duplicates
    alike: float
    reference: tuple[str, int] | None
    grouped: bool
    reached: Reach | None
    expected: float
    covered: npt.NDArray[np.bool_]
    place: Floats
    shown: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Coverage(Brief):
    """Result of `input_coverage`; `backend` says what made vectors of the texts."""

    benchmarks: tuple[BenchmarkCoverage, ...]
    skipped: tuple[tuple[str, int], ...]
    backend: str
    level: float
    notes: tuple[str, ...] = ()


def input_coverage(
    texts: Texts,
    *,
    reference: str | None = None,
    radius: float | None = None,
    nearest: int = 5,
    alike: float = 0.95,
    embed: Embedding | None = None,
    most: int = 1000,
    draws: int = 199,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Coverage:
    """Variety of each benchmark's items, near-duplicates among them, and their reach over a reference set.

    Every number depends on what makes vectors of the texts: by default TF-IDF of words, which sees no meaning.
    Near-duplicates are looked for among all items; the reach counts a group of texts as one, by its mean.

    Parameters
    ----------
    texts : of the items, and of the reference set as a benchmark of its own; and which texts go together. Where that
        is not known, texts on one passage or topic lie near each other in sets that are alike, and the reach is no
        issue whatever it is.
    reference : name of the reference set among the benchmarks of `texts`.
    radius : greatest cosine distance at which an item reaches a reference text; by default a text is reached if an item
        is among the `nearest` texts to it.
    nearest : number of neighbours.
    alike : cosine similarity from which two items are near-duplicates.
    embed : turns texts into vectors; TF-IDF of words by default.
    most : items whose variety and reach are looked at; of more, so many are drawn at random, in whole groups.
    draws : random relabellings of groups behind the p-value of the reach.
    level : of the intervals.

    Raises
    ------
    NotApplicable
        No benchmark with at least 20 items.
    UnknownName
        A reference that is not there.
    InputError
        A setting out of its range, or vectors that do not fit the texts.

    References
    ----------
    Friedman and Dieng 2023, The Vendi score, arXiv 2210.02410; Naeem et al. 2020, arXiv 2002.09797 (coverage).

    Examples
    --------
    >>> import polars as pl
    >>> words = ["hen", "fox", "sky", "sea", "oak"]
    >>> frame = pl.DataFrame({"text": [f"{a} {b}" for a in words for b in words]})
    >>> found = input_coverage(Texts.build(frame), rng=np.random.default_rng(0)).benchmarks[0]
    >>> found.n, found.duplicates.count, 1 < found.vendi < 25
    (25, 20, True)
    """
    require_fraction(level=level, alike=alike)
    if radius is not None and not 0 <= radius <= 2:
        raise InputError(f"radius should be a cosine distance from 0 to 2, got {radius}")
    for name, value, least in (("nearest", nearest, 1), ("most", most, LEAST_ITEMS), ("draws", draws, 19)):
        # A permutation p-value is at least 1 / (draws + 1): below 19 draws it could never reach .05.
        if value < least:
            raise InputError(f"{name} should be at least {least}, got {value}")
    if reference is not None and reference not in texts.benchmarks:
        raise UnknownName("reference set", reference, texts.benchmarks)
    sets = {name: texts.of(name) for name in texts.benchmarks}
    tested = [name for name in sets if name != reference]
    enough = [name for name in tested if len(sets[name]) >= LEAST_ITEMS]
    if not enough:
        raise NotApplicable(
            f"{max((len(sets[name]) for name in tested), default=0)} items with a text at most", needs=NEEDS
        )
    # One draw of the reference for all benchmarks: their reaches are then over the same texts.
    others = Drawn([], np.zeros(0, dtype=np.int64), True)
    if reference is not None:
        others = drawn(texts, reference, most, rng)
    found = []
    for name in enough:
        items = drawn(texts, name, most, rng)
        compared = [*items.texts, *others.texts]
        grouped = items.known and others.known
        found.append(
            coverage_of(
                similarity_of(compared, embed),
                len(items.texts),
                name,
                reference,
                n=len(sets[name]),
                repeated=repeated_in(sets[name], embed, alike, level),
                groups=(items.groups, others.groups) if grouped else None,
                radius=radius,
                nearest=nearest,
                alike=alike,
                draws=draws,
                shown=compared,
                rng=rng,
            )
        )
    backend = "TF-IDF of words" if embed is None else getattr(embed, "__name__", type(embed).__name__)
    skipped = tuple((name, len(sets[name])) for name in tested if name not in enough)
    return Coverage(tuple(found), skipped, backend, level, texts.notes)


def coverage_of(
    similarity: Floats,
    items: int,
    benchmark: str,
    reference: str | None,
    *,
    n: int,
    repeated: Duplicates,
    groups: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None,
    radius: float | None = None,
    nearest: int = 5,
    alike: float = 0.95,
    draws: int = 199,
    shown: Sequence[str] = (),
    rng: np.random.Generator,
) -> BenchmarkCoverage:
    """`input_coverage` of one benchmark from the similarities of its items and the reference's texts.

    Parameters
    ----------
    similarity : shape (rows, rows), the items first.
    items : how many of the rows are items.
    n : items in the whole benchmark.
    repeated : near-duplicates among them.
    groups : the groups of the items and of the reference's texts; None where they are not known.
    """
    size = len(similarity) - items
    reached, expected, covered, count = None, float("nan"), np.zeros(0, dtype=np.bool_), size
    if reference is not None:
        alone = (np.arange(items), np.arange(size))
        sets = Grouped.of_sets(*(groups or alone), rng)
        means = sets.products(similarity)
        length = np.sqrt(np.diag(means))
        means /= length[:, None] * length
        near = neighbours(means, nearest) if radius is None else neighbours(means, least=1 - radius)
        reached = reach(near, sets.second, draws, rng)
        count = int(sets.second.sum())
        # Derived for nearest neighbours; with a fixed radius it would need the density of the texts.
        expected = expected_reach(count, len(means) - count, nearest) if radius is None else float("nan")
        covered = reached.covered[sets.of[items:] - (len(means) - count)]
    return BenchmarkCoverage(
        benchmark=benchmark,
        n=n,
        drawn=items,
        vendi=vendi(similarity[:items, :items]),
        duplicates=repeated,
        alike=alike,
        reference=None if reference is None else (reference, count),
        grouped=groups is not None,
        reached=reached,
        expected=expected,
        covered=covered,
        # Items and reference on one plane, or their positions could not be compared.
        place=principal_plane(similarity),
        shown=tuple(shown),
    )


def judge(result: Coverage, *, least_reach: float = 0.8, most_duplicates: float = 0.05) -> list[Finding]:
    """Issue: more near-duplicates than 1 in 20, or a fifth of the reach lacking; intervals and all.

    Of texts whose groups are not known, the reach gives no more than a caution, either way.
    """
    require_fraction(least_reach=least_reach, most_duplicates=most_duplicates)
    each = [_variety(found, result, most_duplicates) for found in result.benchmarks]
    reaches = [
        _reach(found, found.reached, *found.reference, result, least_reach)
        for found in result.benchmarks
        if found.reached is not None and found.reference is not None
    ]
    skipped = [
        Unassessed({"benchmark": name}, f"{plural(count, 'item')} with a text", f"at least {LEAST_ITEMS}")
        for name, count in result.skipped
    ]
    duplicated = sum(finding.status is Status.ISSUE for finding in each)
    sentence = (
        f"{of_total(duplicated, len(each), 'benchmark', 'holds', 'does not hold')} many near-duplicates"
        if len(each) > 1
        else each[0].sentence.removesuffix(".")
    )
    short = f"{duplicated or 'none'} of {len(each)} with many near-duplicates" if len(each) > 1 else each[0].short
    if reaches:
        lacking = sum(finding.status is Status.ISSUE for finding in reaches)
        sentence += (
            f"; {lacking or 'none'} of {len(reaches)} {agreeing(max(lacking, 1), 'leaves')} regions of the reference "
            "set out"
            if len(reaches) > 1
            else f". {reaches[0].sentence.removesuffix('.')}"
        )
    top = headline(
        f"{sentence} (by {result.backend}).",
        [*each, *reaches],
        short=short,
        caveats=(
            f"By {result.backend}: another way to compare texts gives other numbers.",
            *MEASURE.caveats,
            *([UNGROUPED] if any(found.reached and not found.grouped for found in result.benchmarks) else []),
            *result.notes,
        ),
        figure="V11.map",
    )
    return [top, *each, *reaches, *unassessed(skipped)]


def _variety(found: BenchmarkCoverage, result: Coverage, most: float) -> Finding:
    alike = found.duplicates
    share = estimate(
        "near_duplicates",
        alike.count / found.n,
        alike.low,
        alike.high,
        level=result.level,
        method="exact, by groups",
        n=found.n,
        unit=SHARE,
    )
    varied = Estimate(
        name="vendi_score", value=found.vendi, method=f"of the items as they are, {result.backend}", n=found.drawn
    )
    side = against(alike.low, alike.high, most)
    meaning, short = {
        Side.ABOVE: ("many items count more than once", "many near-duplicates"),
        Side.BELOW: ("these are few", "few near-duplicates"),
    }.get(side, ("too few items to tell how common that is", "too few items to tell"))
    doubled = f"{alike.count:,} ({value_of(share)}) {agreeing(alike.count, 'has')}" if alike.count else "none has"
    drawn = "" if found.drawn == found.n else f" ({found.drawn:,} drawn at random)"
    return Finding(
        subject={"benchmark": found.benchmark},
        status=verdict(side, issue=Side.ABOVE, passed=Side.BELOW),
        sentence=f"The {plural(found.n, 'item')}{drawn} of {found.benchmark} are as varied as "
        f"{number(found.vendi, 1)} wholly different ones, and {doubled} a near-duplicate among them: {meaning}.",
        short=short,
        estimates=(varied, share),
        figure="V11.map",
        result={"backend": result.backend, "alike_from": found.alike},
    )


def _reach(found: BenchmarkCoverage, reached: Reach, name: str, size: int, result: Coverage, least: float) -> Finding:
    null = reached.null
    low, high = (float(limit) for limit in proportion_limits(reached.share * size, size, result.level))
    share = estimate(
        "reach",
        reached.share,
        low,
        high,
        level=result.level,
        method="Wilson" if size >= 30 else "Clopper-Pearson",
        n=size,
        unit=SHARE,
    )
    # Lower than that of one sample, and by enough: the p-value alone would turn on any difference among many texts.
    lower = reached.p_value < 1 - result.level
    side = against(low, high, least * null)
    # At the bound itself the items reach as much as was asked for, so it passes.
    above = side is Side.ABOVE or low == least * null
    if lower and side is Side.BELOW:
        status, meaning, short = Status.ISSUE, "regions of it have no item", "regions have no item"
    elif above and not lower and size >= LEAST_REFERENCE:
        status, meaning, short = Status.PASSED, "the items reach most of it", "items reach most of it"
    else:
        status, short = Status.CAUTION, "too few texts to tell"
        meaning = "too few texts to tell whether regions of it are left out"
    if not found.grouped:
        status, meaning, short = Status.CAUTION, f"{meaning}, if each text stands alone", f"{short}, if ungrouped"
    of = plural(size, "text" if size == len(found.covered) else "group of texts")
    method = "relabelled at random"
    return Finding(
        subject={"benchmark": found.benchmark, "reference": name},
        title="Reach over the reference",
        status=status,
        sentence=f"Items of {found.benchmark} reach {shown(share)} of the {of} of {name}, where a "
        f"sample of the same kind would reach {percent(null)}: {meaning}.",
        short=short,
        estimates=(
            share,
            Estimate(name="reach_of_one_sample", value=null, method=method, n=size, unit=SHARE),
            Estimate(name="reach_p_value", value=reached.p_value, method=method, n=size),
        ),
        figure="V11.map",
        result={"backend": result.backend},
    )


def figure(result: Coverage) -> list[Figure]:
    """Items and reference texts on their first two principal components."""
    rows: list[tuple[Cell, ...]] = []
    for found in result.benchmarks:
        labels = ["item"] * found.drawn
        if found.reached is not None:
            labels += ["reference, reached" if near else "reference, not reached" for near in found.covered]
        for (x, y), label, text in zip(found.place, labels, found.shown, strict=True):
            brief = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
            rows.append((found.benchmark, float(x), float(y), label, brief))
    return [
        Figure(
            name="V11.map",
            kind="scatter",
            title="Map of the items",
            caption=f"Items and reference texts on the first two principal components ({result.backend}). Two of many "
            "dimensions: what is near here can be far apart.",
            columns=columns(("benchmark", "x", "y", "what", "text"), rows),
            x=Axis("x", "first component"),
            y=Axis("y", "second component"),
            color="what",
            label="text",
            select=("benchmark",),
        )
    ]


MEASURE = Measure(
    code="V11",
    name="input coverage",
    question=Question.VALIDITY,
    asks="How varied are the items, and do they reach what they should stand for?",
    needs=NEEDS,
    formula="Vendi score exp(-sum l log l) over the eigenvalues of K/n; share of reference texts (or groups) with an "
    "item among their 5 nearest, against the share under relabelling of whole groups; items with another at cosine "
    "similarity .95 or more.",
    compute=input_coverage,
    judge=judge,
    figure=figure,
    caveats=(
        "The Vendi score grows with the number of items: compare benchmarks at equal numbers.",
        "A reference set stands for the use in mind only as far as it was drawn from it.",
    ),
    references=(
        "Friedman and Dieng 2023, The Vendi score: a diversity evaluation metric for machine learning, "
        "arXiv 2210.02410",
        "Naeem et al. 2020, Reliable fidelity and diversity metrics for generative models, arXiv 2002.09797",
    ),
)
