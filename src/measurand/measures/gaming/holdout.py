"""G3, retro-holdout check: is a new set drawn from the same distribution as the public one?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure
from measurand.measures.gaming.shared.holdout_tests import (
    LEAST_GROUPS,
    LEAST_TEXTS,
    HoldoutTest,
    of_models,
    of_people,
    of_texts,
)
from measurand.measures.shared import bars, columns, estimate, finite, require_fraction
from measurand.measures.verdicts import family, headline
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.distributions import norm
from measurand.tables import Responses
from measurand.tables.texts import Texts, script
from measurand.wording import SHARE, percent, plural, value_of

__all__ = ["MEASURE", "Holdout", "HoldoutTest", "holdout"]

LEAST_PERMUTATIONS = 100
WANTED = 0.8
"""Power that a clean result needs of each test."""
UNGROUPED = (
    "Which texts go together (by passage, topic or template) is not known, or there are fewer than "
    f"{LEAST_GROUPS} groups in a set. Taken one by one, sets that are alike were told apart in all of the simulated "
    "audits with five questions on each passage, and in all with ten texts on each topic; so this is a caution until "
    "the groups are named, or each text is said to stand alone."
)


@dataclass(frozen=True, kw_only=True, repr=False)
class Holdout(Brief):
    """Result of `holdout`, with its settings."""

    public: str
    new: str
    tests: tuple[HoldoutTest, ...]
    missing: tuple[str, ...]
    level: float
    notes: tuple[str, ...]


def holdout(
    texts: Texts,
    responses: Responses | None = None,
    *,
    public: str | None = None,
    new: str | None = None,
    older: Sequence[str] = (),
    odd_one_out: tuple[int, int, int] | None = None,
    permutations: int = 500,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Holdout:
    """Four tests of whether two sets of items are drawn from one distribution.

    Models older than both sets score alike (the items' mean scores, Welch's t); the mean TF-IDF vectors agree (kernel
    two-sample test by permutation); a classifier cannot tell the texts apart by their words (area by permutation) nor
    their length (Mann-Whitney); people cannot tell the odd one out (exact binomial). What is permuted are whole groups
    of texts, each counted as the mean of its texts, and the items' scores have cluster-robust errors.

    Parameters
    ----------
    texts : the texts of both sets, and which of them go together. Where that is not known, texts on one passage or
        topic would tell apart sets that are alike, so that no verdict of an issue is given.
    responses : item-level results, for the models that are older than both sets.
    public, new : the sets; where there are two, the larger is the public one by default.
    older : names of the models older than both sets.
    odd_one_out : guesses of the one new item among public ones that were right, guesses made, and items shown in each.
    permutations : of the labels; at least 100.
    level : confidence level, in (0, 1).

    Raises
    ------
    NotApplicable
        Fewer than 20 texts in a set.
    UnknownName
        A set or a model that is not there.
    InputError
        Sets that are not named where there are more than two, sets in different scripts, or a setting out of its range.

    References
    ----------
    Haimes et al. 2024, Benchmark inflation: revealing LLM performance gaps using retro-holdouts, arXiv 2410.09247.

    Examples
    --------
    >>> import polars as pl
    >>> rows = [("old", f"how many hens {i}") for i in range(40)] + [("new", f"what is {i} hens") for i in range(30)]
    >>> sets = Texts.build(pl.DataFrame(rows, schema=["benchmark", "text"], orient="row"), cluster="none")
    >>> found = holdout(sets, odd_one_out=(30, 40, 3), rng=np.random.default_rng(0))
    >>> [(test.name, test.adjusted < 0.05) for test in found.tests][-1], found.missing
    (('people', True), ('older models',))
    """
    require_fraction(level=level)
    if permutations < LEAST_PERMUTATIONS:
        raise InputError(f"permutations should be at least {LEAST_PERMUTATIONS}, got {permutations}")
    public, new = _sets(texts, public, new)
    tests = of_texts(texts, public, new, permutations, level, rng)
    missing = []
    if responses is not None and older:
        tests.append(of_models(texts, responses, public, new, older, level))
    else:
        missing.append("older models")
    if odd_one_out is not None:
        tests.append(of_people(odd_one_out, level))
    else:
        missing.append("people")
    adjusted = family(np.array([test.p_value for test in tests])).tolist()
    tests = [replace(test, adjusted=p_value) for test, p_value in zip(tests, adjusted, strict=True)]
    return Holdout(public=public, new=new, tests=tuple(tests), missing=tuple(missing), level=level, notes=texts.notes)


def _sets(texts: Texts, public: str | None, new: str | None) -> tuple[str, str]:
    known = texts.benchmarks
    for name in (public, new):
        if name is not None and name not in known:
            raise UnknownName("set of items", name, known)
    if public is None or new is None:
        rest = [name for name in known if name not in (public, new)]
        if len(known) != 2:
            raise InputError(
                f"two sets should be compared, got {len(known)} ({', '.join(known)}); name the public and the new one"
            )
        if public is None and new is None:
            public, new = sorted(known, key=lambda name: -len(texts.of(name)))
        else:
            public, new = public or rest[0], new or rest[0]
    if public == new:
        raise InputError(f"the public and the new set should differ, got {public!r} for both")
    scripts = [script(texts.of(name)) for name in (public, new)]
    # Words of two scripts never meet: every test would tell the sets apart, and say nothing.
    if scripts[0] != scripts[1]:
        raise InputError(
            f"{public!r} is in {scripts[0]} script and {new!r} in {scripts[1]}; the sets should be in one language"
        )
    few = min((public, new), key=lambda name: len(texts.of(name)))
    if len(texts.of(few)) < LEAST_TEXTS:
        raise NotApplicable(f"{plural(len(texts.of(few)), 'text')} in {few!r}", needs=f"at least {LEAST_TEXTS}")
    return public, new


def judge(result: Holdout) -> list[Finding]:
    """Issue: a test tells the sets apart; passed: none does and each would; caution: some is too weak or missing.

    Tests count after Holm's correction, so that sets that are alike are told apart in at most 1 - level of cases. One
    of texts or items whose groups are not known gives no more than a caution, either way.
    """
    each = [_finding(test, result) for test in result.tests]
    apart = [test for test in result.tests if test.adjusted < 1 - result.level]
    lacking = [f"{test.name} would notice {_found(test)}" for test in result.tests if test.power < WANTED]
    lacking += [f"{name} not tested" for name in result.missing]
    loose = [test.name for test in result.tests if not test.independent]
    new, public = result.new, result.public
    if apart:
        names = ", ".join(f"{test.name} (p {_p(test.adjusted)})" for test in apart)
        sentence = (
            f"{new} is not drawn as {public} is: told apart by {names}. A gap between scores on the two need not be "
            "memory."
        )
        if not any(test.independent for test in apart):
            sentence = (
                f"{new} differs from {public} by {names}, were each text drawn by itself; texts that share a passage, "
                "a topic or a template would differ as much in sets that are alike."
            )
    elif lacking:
        sentence = (
            f"No test tells {new} from {public}, but they do not suffice to call them alike: {'; '.join(lacking)}."
        )
    elif loose:
        sentence = f"No test tells {new} from {public}, but which texts go together is not known."
    else:
        sentence = f"None of {len(result.tests)} tests tells {new} from {public}; each would notice a difference."
    caveats = (*MEASURE.caveats, *([UNGROUPED] if loose else []), *result.notes)
    summed = headline(sentence, each, caveats=caveats, figure="G3.tests")
    if result.missing and summed.status is Status.PASSED:
        summed = replace(summed, status=Status.CAUTION)
    return [summed, *each]


def _found(test: HoldoutTest) -> str:
    return f"{test.effect} {percent(test.power)} of the time"


def _finding(test: HoldoutTest, result: Holdout) -> Finding:
    n = test.public + test.new if test.name != "people" else test.public
    value = estimate(test.name, *test.found, level=result.level, method=test.statistic, n=n, unit=test.unit)
    chance = value_of(Estimate(name="chance", value=test.null, unit=test.unit))
    status, said = Status.CAUTION, f"does not tell {result.new} from {result.public}, but is weak"
    if test.adjusted < 1 - result.level:
        status, said = Status.ISSUE, f"tells {result.new} from {result.public}"
    elif test.power >= WANTED:
        status, said = Status.PASSED, f"does not tell {result.new} from {result.public}"
    if not test.independent:
        status, said = Status.CAUTION, f"{said}, were each text drawn by itself"
    sentence = (
        f"The test by {test.name} {said}: {test.statistic} {value_of(value)} where chance gives {chance} "
        f"(p {_p(test.adjusted)}, {test.compared}); it would find {_found(test)}."
    )
    estimates = (
        value,
        Estimate(name="p_value", value=test.adjusted, method="Holm over the tests", n=n),
        Estimate(name="power", value=finite(test.power), method=test.effect, n=n, unit=SHARE),
    )
    facts: dict[str, Cell] = {"null": test.null, "public": test.public, "new": test.new, "p_value_alone": test.p_value}
    return Finding(
        subject={"benchmark": result.new, "test": test.name},
        status=status,
        sentence=sentence,
        estimates=estimates,
        figure="G3.tests",
        result=facts,
    )


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "below 0.001"


def figure(result: Holdout) -> list[Figure]:
    """Each test's distance from chance, with its power."""
    z = float(norm.ppf(0.5 + result.level / 2))
    rows: list[tuple[Cell, ...]] = []
    for test in result.tests:
        value = test.found.value
        distance = (value - test.null) / test.spread
        verdict = "told apart" if test.adjusted < 1 - result.level else "not told apart"
        name = f"{test.name} (power {percent(test.power)})"
        rows.append((name, distance, distance - z, distance + z, verdict, value, test.adjusted, test.effect))
    missing = f" Not tested: {', '.join(result.missing)}." if result.missing else ""
    return [
        bars(
            "G3.tests",
            f"Is {result.new} drawn as {result.public} is?",
            "Each test's statistic in standard deviations from what sets that are alike give; beside it the chance to "
            f"notice a difference.{missing}",
            columns(
                ("test", "distance", "low", "high", "verdict", "statistic", "p-value, adjusted", "power is for"), rows
            ),
            Axis("distance", "standard deviations from chance"),
            Axis("test", "test", "nominal"),
            color="verdict",
            rules=(0.0,),
        )
    ]


MEASURE = Measure(
    code="G3",
    name="retro-holdout check",
    question=Question.GAMING,
    asks="Is a new set of items drawn from the same distribution as the public one?",
    needs="texts of a public and a new set, and which of them go together; where there are, results of models older "
    "than both and guesses of people",
    formula=(
        "Older models: difference of mean item scores (Welch, CR2 by group). Embeddings: unbiased squared MMD of the "
        "groups' mean TF-IDF vectors against permutations of whole groups. Classifier: out-of-fold AUC of a ridge "
        "classifier on the same; AUC of median length. People: binomial against 1/shown. p-values adjusted by Holm."
    ),
    compute=holdout,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "told apart from the public set",
        Status.CAUTION: "too weak or loose to tell",
        Status.PASSED: "alike, as far as tested",
    },
    caveats=(
        "Sets that no test tells apart can still differ in what the tests do not see, such as difficulty.",
        "A published sample need not be drawn as the whole new set was; the tests speak of the texts given.",
    ),
    references=(
        "Haimes et al. 2024, Benchmark inflation: revealing LLM performance gaps using retro-holdouts, arXiv "
        "2410.09247",
        "Gretton et al. 2012, A kernel two-sample test, JMLR 13",
        "Lopez-Paz and Oquab 2017, Revisiting classifier two-sample tests, arXiv 1610.06545",
    ),
)
