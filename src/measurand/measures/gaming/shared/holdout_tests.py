"""The tests by which a new set of items is told from a public one: by texts, by older models, by people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.stats.intervals.binomial import at_least_p_value, proportion_limits
from measurand.stats.intervals.clustered import cluster_sums
from measurand.stats.intervals.distributions import binom, norm, student
from measurand.stats.intervals.limits import Limits
from measurand.stats.texts.groups import Grouped, whole_groups
from measurand.stats.texts.two_sample import (
    auroc_limits,
    classifier_test,
    kernel_test,
    main_direction,
    order_test,
    shifted_labels,
    text_features,
)
from measurand.tables import ItemTable, Responses, item_tables
from measurand.tables.texts import Texts
from measurand.wording import DIFFERENCE, SHARE, percent, plural, points

__all__ = ["LEAST_TEXTS", "HoldoutTest", "of_models", "of_people", "of_texts"]

Ints = npt.NDArray[np.int64]

LEAST_TEXTS, MOST_TEXTS = 20, 1500
"""Texts of each set that a test needs, and that it reads; it needs memory and time by their square."""
LEAST_GROUPS = 10
"""Groups of each set that a test needs: fewer can be dealt out in too few ways, and leave no degrees of freedom."""
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
    public, new, unit_of : how many of each set were compared, and what they are: texts, groups of them, choices.
    independent : whether they are known to be drawn one by one; if not, it tells sets apart that are alike.
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
    unit_of: str
    independent: bool = True
    p_value: float
    adjusted: float = np.nan
    power: float
    effect: str

    @property
    def compared(self) -> str:
        """How many of which were compared, in words."""
        first = plural(self.public, self.unit_of)
        return first if self.unit_of == "choice" else f"{first} against {self.new:,}"


def groups_of(texts: Texts, name: str) -> Ints | None:
    """The groups of a set's texts; None where they are not known, or too few to say anything."""
    groups = texts.groups(name)
    return groups if groups is not None and groups.max() + 1 >= LEAST_GROUPS else None


def of_texts(
    texts: Texts, public: str, new: str, permutations: int, level: float, rng: np.random.Generator
) -> list[HoldoutTest]:
    """Whether length, likeness and a classifier tell the new texts from the public ones, each group of texts as one."""
    known = [groups_of(texts, name) for name in (public, new)]
    independent = all(groups is not None for groups in known)
    both: list[str] = []
    codes = []
    for name, groups in zip((public, new), known, strict=True):
        own = texts.of(name)
        numbers = groups if groups is not None and independent else np.arange(len(own))
        chosen = whole_groups(numbers, MOST_TEXTS, rng)
        both += [own[place] for place in chosen.tolist()]
        codes.append(numbers[chosen])
    grouped = Grouped.of_sets(codes[0], codes[1], rng)
    is_new = grouped.second
    words = np.array([len(text.split()) for text in both])
    if words.max() == words.min():
        words = np.array([len(text) for text in both])
    lengths = grouped.medians(words)
    products = grouped.products(text_features(both))
    n, m = int((~is_new).sum()), int(is_new.sum())
    shifted = shifted_labels(main_direction(products), m, EFFECT, SHIFTED, rng)
    settings: dict[str, Any] = {"permutations": permutations, "level": level, "rng": rng, "shifted": shifted}
    unit_of = "text" if n + m == len(both) else "group of texts"
    sizes: dict[str, Any] = {"public": n, "new": m, "unit_of": unit_of, "independent": independent}
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
    area, p_value, power = order_test(lengths, is_new, EFFECT, level)
    by_length = HoldoutTest(
        **sizes,
        name="lengths",
        statistic="area under the curve, by number of words",
        found=Limits(area, *auroc_limits(area, m, n, level)),
        null=0.5,
        spread=float(np.sqrt((n + m + 1) / (12 * n * m))),
        p_value=p_value,
        power=power,
        effect=f"texts longer in {percent(EFFECT)} of comparisons",
    )
    return [by_kernel, by_classifier, by_length]


def of_models(
    texts: Texts, responses: Responses, public: str, new: str, older: Sequence[str], level: float
) -> HoldoutTest:
    """Mean score of the items over the older models, compared between the sets: what was sampled are groups of items.

    Welch's t with the cluster-robust (CR2) standard error of each set's mean; that of the items where each is alone.
    """
    tables = {table.benchmark: table for table in item_tables(responses.only((public, new)))}
    means, known = [], []
    items: list[int] = []
    for name in (public, new):
        table = tables[name]
        for model in older:
            if model not in table.models:
                raise UnknownName(f"model with results on {name}", model, table.models)
        scores = table.only(list(older)).scores
        # An item that a model did not run would change who is averaged.
        complete = np.isfinite(scores).all(axis=0)
        if complete.sum() < LEAST_TEXTS:
            raise NotApplicable(
                f"{plural(int(complete.sum()), 'item')} of {name!r} that every older model ran",
                needs=f"at least {LEAST_TEXTS}",
            )
        groups = _groups_of_items(table, texts)
        own = None if groups is None else np.unique(groups[complete], return_inverse=True)[1]
        grouped = own is not None and own.max() + 1 >= LEAST_GROUPS
        known.append(grouped)
        items.append(int(complete.sum()))
        means.append(cluster_sums(scores[:, complete].mean(axis=0)[None], own if grouped else None).means())
    gap = float(means[0].value[0] - means[1].value[0])
    errors = [float(mean.stderr[0]) for mean in means]
    spread = float(np.linalg.norm(errors))
    if spread == 0:
        raise NotApplicable(
            "the older models score every item of a set alike", needs="models that some items tell apart"
        )
    freedom = spread**4 / sum(error**4 / float(mean.df[0]) for error, mean in zip(errors, means, strict=True))
    half = float(student.ppf(0.5 + level / 2, freedom)) * spread
    p_value = float(2 * student.sf(abs(gap) / spread, freedom))
    power = float(norm.sf(half / spread - GAP / spread))
    units = [int(mean.clusters[0]) for mean in means]
    return HoldoutTest(
        name="older models",
        statistic=f"mean score, public minus new, of {plural(len(older), 'model')}",
        found=Limits(gap, gap - half, gap + half),
        unit=DIFFERENCE,
        null=0.0,
        spread=spread,
        public=units[0],
        new=units[1],
        unit_of="item" if units == items else "group of items",
        independent=all(known),
        p_value=p_value,
        power=power,
        effect=f"a gap of {points(GAP)}",
    )


def _groups_of_items(table: ItemTable, texts: Texts) -> Ints | None:
    """The groups of a table's items: its clusters, or the groups of their texts; None where one has no known group."""
    if table.clusters is not None:
        return table.clusters
    groups = texts.groups(table.benchmark)
    if groups is None:
        return None
    names = texts.frame.filter(pl.col("benchmark") == table.benchmark)["item"].to_list()
    of = dict(zip(names, groups.tolist(), strict=True))
    if any(item not in of for item in table.items):
        return None
    return np.array([of[item] for item in table.items], dtype=np.int64)


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
        unit_of="choice",
        p_value=p_value,
        power=power,
        effect=f"{points(BETTER)} above chance",
    )
