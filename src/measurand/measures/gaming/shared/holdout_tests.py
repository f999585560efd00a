"""The tests by which a new set of items is told from a public one: by texts, by older models, by people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.stats.intervals.binomial import at_least_p_value, proportion_limits
from measurand.stats.intervals.distributions import binom, norm, student
from measurand.stats.intervals.limits import Limits
from measurand.stats.texts.two_sample import (
    auroc_limits,
    classifier_test,
    kernel_test,
    main_direction,
    order_test,
    shifted_labels,
    text_features,
)
from measurand.tables import Responses, item_tables
from measurand.wording import DIFFERENCE, SHARE, percent, plural, points

__all__ = ["LEAST_TEXTS", "HoldoutTest", "of_models", "of_people", "of_texts"]

LEAST_TEXTS, MOST_TEXTS = 20, 1500
"""Texts of each set that a test needs, and that it reads; it needs memory and time by their square."""
SHIFTED = 100
"""Labellings that differ in a known way, by which power is measured."""
EFFECT = 0.65
"""Difference at which the power is given: a new text is longer than a public one with this chance, or lies further
along the direction in which the texts' words differ most."""
GAP, BETTER = 0.1, 0.15
"""Gap between mean scores, and guesses above chance, at which the power is given."""


@dataclass(frozen=True, kw_only=True)
class HoldoutTest:
    """One of the tests that the sets are told apart by.

    Parameters
    ----------
    name, statistic : the test, and what it looks at.
    found, unit : the statistic with its interval (limits of NaN where it has none), and its unit.
    null, spread : what it would be, were both sets alike, and its standard deviation then.
    public, new : how many texts (items, guesses) of each set.
    p_value, adjusted : of sets that are alike; alone, and among all tests made (Holm).
    power : chance of noticing the difference named in `effect`.
    """

    name: str
    statistic: str
    found: Limits
    unit: str = ""
    null: float
    spread: float
    public: int
    new: int
    p_value: float
    adjusted: float = np.nan
    power: float
    effect: str


def of_texts(
    public: list[str], new: list[str], permutations: int, level: float, rng: np.random.Generator
) -> list[HoldoutTest]:
    """Whether length, likeness and a classifier tell the new texts from the public ones."""
    public, new = (_sample(texts, rng) for texts in (public, new))
    both = [*public, *new]
    is_new = np.arange(len(both)) >= len(public)
    words = np.array([len(text.split()) for text in both])
    if words.max() == words.min():
        words = np.array([len(text) for text in both])
    products = text_features(both)
    shifted = shifted_labels(main_direction(products), len(new), EFFECT, SHIFTED, rng)
    settings: dict[str, Any] = {"permutations": permutations, "level": level, "rng": rng, "shifted": shifted}
    sizes: dict[str, Any] = {"public": len(public), "new": len(new)}
    effect = f"words further along their main direction in {percent(EFFECT)} of comparisons"
    kernel, power = kernel_test(products, is_new, **settings)
    by_kernel = HoldoutTest(
        **sizes,
        name="embeddings",
        statistic="squared distance of mean TF-IDF vectors",
        found=Limits(kernel.value, np.nan, np.nan),
        null=kernel.null,
        spread=kernel.spread,
        p_value=kernel.p_value,
        power=power,
        effect=effect,
    )
    told, power = classifier_test(products, is_new, **settings)
    # What permutations give lies about chance; the area's own interval is as wide, the other way round.
    low, high = told.value - (told.high - told.null), told.value + (told.null - told.low)
    by_classifier = HoldoutTest(
        **sizes,
        name="classifier",
        statistic="area under the curve, by words",
        found=Limits(told.value, max(0.0, low), min(1.0, high)),
        null=told.null,
        spread=told.spread,
        p_value=told.p_value,
        power=power,
        effect=effect,
    )
    area, p_value, power = order_test(words, is_new, EFFECT, level)
    by_length = HoldoutTest(
        **sizes,
        name="lengths",
        statistic="area under the curve, by number of words",
        found=Limits(area, *auroc_limits(area, len(new), len(public), level)),
        null=0.5,
        spread=float(np.sqrt((len(both) + 1) / (12 * len(public) * len(new)))),
        p_value=p_value,
        power=power,
        effect=f"texts longer in {percent(EFFECT)} of comparisons",
    )
    return [by_kernel, by_classifier, by_length]


def _sample(texts: list[str], rng: np.random.Generator) -> list[str]:
    if len(texts) <= MOST_TEXTS:
        return texts
    return [texts[place] for place in np.sort(rng.choice(len(texts), MOST_TEXTS, replace=False)).tolist()]


def of_models(responses: Responses, public: str, new: str, older: Sequence[str], level: float) -> HoldoutTest:
    """Mean score of each item over the older models, compared between the sets: the items are what was sampled."""
    tables = {table.benchmark: table for table in item_tables(responses.only((public, new)))}
    means = []
    for name in (public, new):
        table = tables[name]
        for model in older:
            if model not in table.models:
                raise UnknownName(f"model with results on {name}", model, table.models)
        scores = table.only(list(older)).scores
        # An item that a model did not run would change who is averaged.
        complete = scores[:, np.isfinite(scores).all(axis=0)]
        if complete.shape[1] < LEAST_TEXTS:
            raise NotApplicable(
                f"{plural(complete.shape[1], 'item')} of {name!r} that every older model ran",
                needs=f"at least {LEAST_TEXTS}",
            )
        means.append(complete.mean(axis=0))
    first, second = means
    gap = float(first.mean() - second.mean())
    spread = float(np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second)))
    if spread == 0:
        raise NotApplicable(
            "the older models score every item of a set alike", needs="models that some items tell apart"
        )
    freedom = float(spread**4 / sum((x.var(ddof=1) / len(x)) ** 2 / (len(x) - 1) for x in means))
    half = float(student.ppf(0.5 + level / 2, freedom)) * spread
    p_value = float(2 * student.sf(abs(gap) / spread, freedom))
    power = float(norm.sf(half / spread - GAP / spread))
    return HoldoutTest(
        name="older models",
        statistic=f"mean score, public minus new, of {plural(len(older), 'model')}",
        found=Limits(gap, gap - half, gap + half),
        unit=DIFFERENCE,
        null=0.0,
        spread=spread,
        public=len(first),
        new=len(second),
        p_value=p_value,
        power=power,
        effect=f"a gap of {points(GAP)}",
    )


def of_people(odd_one_out: tuple[int, int, int], level: float) -> HoldoutTest:
    """Whether people find the new item among public ones more often than by guessing."""
    right, guesses, shown = odd_one_out
    if not (0 <= right <= guesses and guesses > 0 and shown >= 2):
        raise InputError(
            "odd_one_out should be right guesses, guesses made and items shown in each, such as (35, 100, 3), got "
            f"{tuple(odd_one_out)}"
        )
    chance = 1 / shown
    low, high = proportion_limits(right, guesses, level)
    # Of the unadjusted test: the power is that of each test alone.
    critical = int(binom.isf(1 - level, guesses, chance)) + 1
    better = chance + BETTER
    power = float(binom.sf(critical - 1, guesses, better))
    spread = float(np.sqrt(chance * (1 - chance) / guesses))
    p_value = at_least_p_value(right, guesses, chance)
    return HoldoutTest(
        name="people",
        statistic="share of odd ones found",
        found=Limits(right / guesses, float(low), float(high)),
        unit=SHARE,
        null=chance,
        spread=spread,
        public=guesses,
        new=guesses,
        p_value=p_value,
        power=power,
        effect=f"{points(BETTER)} above chance",
    )
