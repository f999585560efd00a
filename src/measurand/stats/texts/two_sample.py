"""Are two sets of texts alike? Areas under the ROC curve, text classifiers, and permutation tests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse, stats
from scipy.optimize import brentq

from measurand.stats.intervals.distributions import norm, student

__all__ = [
    "Permuted",
    "TextClassifier",
    "auroc",
    "auroc_difference",
    "auroc_limits",
    "auroc_variance",
    "classifier_test",
    "kernel_test",
    "main_direction",
    "order_test",
    "permuted_classifier",
    "shifted_labels",
    "text_features",
    "text_rows",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FOLDS, SPLITS = 10, 10
"""Parts that are left out in turn, and how often they are drawn anew: one draw alone moves an area by some .03."""
PENALTY = 1.0
"""Ridge penalty of the text classifier; TF-IDF rows have length 1, so it is on the scale of one text."""
_BLOCK = 200
"""Permutations made at once."""


def auroc(scores: npt.ArrayLike, positive: npt.ArrayLike) -> float:
    """Chance that a positive scores above a negative, a tie counted half.

    Examples
    --------
    >>> auroc([1.0, 2.0, 2.0, 3.0], [False, True, False, True])
    0.875
    """
    return float(_aurocs(np.asarray(scores, dtype=np.float64)[:, None], np.asarray(positive, dtype=np.bool_))[0])


def _aurocs(scores: Floats, positive: Bools) -> Floats:
    """One area per column of scores, shape (n, columns); labels of shape (n,) or (n, columns)."""
    ranks = stats.rankdata(scores, axis=0)
    labels = positive if positive.ndim == 2 else positive[:, None]
    ones = labels.sum(axis=0)
    zeros = len(labels) - ones
    areas: Floats = ((ranks * labels).sum(axis=0) - ones * (ones + 1) / 2) / (ones * zeros)
    return areas


def auroc_variance(area: float, positives: npt.ArrayLike, negatives: npt.ArrayLike) -> float:
    """Variance of an area under the ROC curve, as Hanley and McNeil give it with sample sizes made equal.

    Parameters
    ----------
    area : the true one.
    positives, negatives : how many texts of each sort; of several strata within which texts are compared, shape
        (strata,). A stratum weighs mn / (m + n), and one that lacks a sort nothing.

    References
    ----------
    Newcombe 2006, Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2,
    Statistics in Medicine 25, method 5.

    Examples
    --------
    >>> round(auroc_variance(0.5, 20, 20) ** 0.5, 4), round(auroc_variance(0.5, [20, 20], [20, 20]) ** 0.5, 4)
    (0.0924, 0.0654)
    """
    return _variance(area, *_variance_parts(positives, negatives))


def _variance_parts(positives: npt.ArrayLike, negatives: npt.ArrayLike) -> tuple[float, float]:
    """What of the variance does not depend on the area: of single pairs, and of pairs that share a text."""
    ones, zeros = (np.atleast_1d(np.asarray(count, dtype=np.float64)) for count in (positives, negatives))
    both = (ones > 0) & (zeros > 0)
    ones, zeros = ones[both], zeros[both]
    weights = ones * zeros / (ones + zeros)
    each = (weights / weights.sum()) ** 2 / (ones * zeros)
    return float(each.sum()), float((each * ((ones + zeros) / 2 - 1)).sum())


def _variance(area: float, single: float, shared: float) -> float:
    return area * (1 - area) * (single + shared * ((1 - area) / (2 - area) + area / (1 + area)))


def auroc_limits(
    area: float,
    positives: npt.ArrayLike,
    negatives: npt.ArrayLike,
    level: float,
    *,
    factor: float = 1.0,
    df: float = np.inf,
) -> tuple[float, float]:
    """Interval of an area under the ROC curve, defined also at 0 and 1.

    Those areas whose standard error does not rule out the area found.

    Parameters
    ----------
    positives, negatives : as in `auroc_variance`.
    factor : by which the variance is multiplied, where texts are not independent.
    df : degrees of freedom with which it is known.

    References
    ----------
    Newcombe 2006, Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2,
    Statistics in Medicine 25, method 5.

    Examples
    --------
    >>> low, high = auroc_limits(1.0, 20, 20, 0.95)
    >>> round(low, 3), high
    (0.899, 1.0)
    """
    z = float(student.ppf(0.5 + level / 2, df))
    parts = _variance_parts(positives, negatives)

    def distance(true: float) -> float:
        return abs(area - true) - z * math.sqrt(factor * _variance(true, *parts))

    # The standard error is 0 at areas of 0 and 1: an area found there would be a root itself, hence 1e-9.
    low = 0.0 if area <= 0 else float(brentq(distance, 0.0, min(area, 1 - 1e-9), xtol=1e-12))
    high = 1.0 if area >= 1 else float(brentq(distance, max(area, 1e-9), 1.0, xtol=1e-12))
    return low, high


def auroc_difference(first: npt.ArrayLike, second: npt.ArrayLike, positive: npt.ArrayLike) -> tuple[float, float]:
    """Area of the first score minus that of the second on the same texts, and its standard error.

    References
    ----------
    DeLong et al. 1988, Comparing the areas under two or more correlated ROC curves, Biometrics 44(3).

    Examples
    --------
    >>> value, stderr = auroc_difference([1, 2, 3, 4], [1, 3, 2, 4], [False, False, True, True])
    >>> value, round(stderr, 3)
    (0.25, 0.354)
    """
    labels = np.asarray(positive, dtype=np.bool_)
    scores = np.stack([np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)], axis=1)
    ones, zeros = scores[labels], scores[~labels]
    whole = stats.rankdata(np.vstack([ones, zeros]), axis=0)
    # Share of the other sort that each text is above (or below).
    above = (whole[: len(ones)] - stats.rankdata(ones, axis=0)) / len(zeros)
    below = 1 - (whole[len(ones) :] - stats.rankdata(zeros, axis=0)) / len(ones)
    gap_above, gap_below = above[:, 0] - above[:, 1], below[:, 0] - below[:, 1]
    variance = gap_above.var(ddof=1) / len(ones) + gap_below.var(ddof=1) / len(zeros)
    return float(gap_above.mean()), float(np.sqrt(variance))


def text_rows(texts: Sequence[str]) -> sparse.csr_array:
    """TF-IDF vectors of texts (words, unit length), shape (texts, words); a text without any word has a row of zeros.

    Examples
    --------
    >>> text_rows(["red hen", "..."]).toarray().round(3).tolist()
    [[0.707, 0.0, 0.707], [0.0, 0.0, 0.0]]
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    # A word of one letter or character counts: scripts without spaces have no others.
    # The text added keeps the vocabulary from being empty, which scikit-learn refuses.
    rows = TfidfVectorizer(token_pattern=r"(?u)\w+", dtype=np.float64).fit_transform([*texts, "nothing"])[:-1]
    return sparse.csr_array(rows)


def text_features(texts: Sequence[str]) -> Floats:
    """Products of each two texts' TF-IDF vectors, shape (texts, texts).

    Examples
    --------
    >>> text_features(["red hen", "red hen", "blue sky"]).round(3).tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    rows = text_rows(texts)
    products: Floats = (rows @ rows.T).toarray()
    return products


@dataclass(frozen=True, eq=False)
class TextClassifier:
    """A ridge classifier ready to be fitted to any labels, and to be tested on texts that it was not fitted to.

    Features are centred without regard to labels, so that one inverse serves every labelling and every part left out.

    Parameters
    ----------
    hat : fitted values for each text's label, shape (texts, texts).
    folds : several ways to leave out a tenth of the texts at a time, each the numbers of the texts in each part.
    solved : for each of these parts, what turns fitted values into those of a fit without the part.
    """

    hat: Floats
    folds: tuple[tuple[Ints, ...], ...]
    solved: tuple[tuple[Floats, ...], ...]

    @classmethod
    def of(cls, products: Floats, rng: np.random.Generator) -> TextClassifier:
        """Prepare a classifier for the products of each two texts' features, shape (texts, texts)."""
        n = len(products)
        mean = products.mean(axis=0)
        centred = products - mean[:, None] - mean[None, :] + mean.mean()
        hat = np.linalg.solve(centred + PENALTY * np.eye(n), centred)
        parts = min(FOLDS, n)
        folds = tuple(tuple(np.sort(part) for part in np.array_split(rng.permutation(n), parts)) for _ in range(SPLITS))
        solved = tuple(
            tuple(np.linalg.inv(np.eye(len(part)) - hat[np.ix_(part, part)]).astype(np.float64) for part in split)
            for split in folds
        )
        return cls(hat, folds, solved)

    def said(self, labels: Bools) -> Floats:
        """Score of each text by classifiers fitted without it, mean over the ways to leave out, for each column.

        Parameters
        ----------
        labels : shape (texts, columns).
        """
        target = labels - labels.mean(axis=0)
        fitted = self.hat @ target
        said = np.zeros(labels.shape)
        for split, solved in zip(self.folds, self.solved, strict=True):
            for part, turned in zip(split, solved, strict=True):
                said[part] += turned @ (fitted[part] - self.hat[np.ix_(part, part)] @ target[part])
        result: Floats = said / len(self.folds)
        return result


@dataclass(frozen=True, kw_only=True)
class Permuted:
    """A statistic and what it is when the labels are dealt out at random.

    Parameters
    ----------
    value : of the sets as they are.
    null : mean over the permutations.
    low, high : range that holds `level` of them.
    p_value : share of permutations (and the sets as they are) with a statistic at least as large.
    critical : the least statistic that would be noticed at 1 - level.
    spread : standard deviation over the permutations.
    """

    value: float
    null: float
    low: float
    high: float
    p_value: float
    critical: float
    spread: float

    def area(self) -> tuple[float, float, float]:
        """An area under the ROC curve, and limits of it, on the scale where chance is 0.5 and certainty 1.

        Cross-validation moves the area of chance a little: what remains hints at the labels left out.
        The lower limit is above 0.5 where fewer than half of 1 - level of the permutations reach the value.

        Examples
        --------
        >>> found = Permuted(value=0.8, null=0.52, low=0.4, high=0.64, p_value=0.01, critical=0.6, spread=0.05)
        >>> [round(value, 3) for value in found.area()]
        [0.792, 0.667, 0.917]
        """
        ends = (self.value, self.value - (self.high - self.null), self.value + (self.null - self.low))
        room = 1 - self.null
        value, low, high = (min(1.0, max(0.0, 0.5 + 0.5 * (end - self.null) / room)) for end in ends)
        return value, low, high


def _permuted(value: float, null: Floats, level: float) -> Permuted:
    tail = (1 - level) / 2
    low, high, critical = np.quantile(null, [tail, 1 - tail, level])
    p_value = (1 + int((null >= value - 1e-12).sum())) / (1 + len(null))
    return Permuted(
        value=float(value),
        null=float(null.mean()),
        low=float(low),
        high=float(high),
        p_value=p_value,
        critical=float(critical),
        spread=float(null.std(ddof=1)),
    )


def classifier_test(
    products: Floats,
    positive: npt.ArrayLike,
    *,
    permutations: int,
    level: float,
    rng: np.random.Generator,
    shifted: Bools | None = None,
) -> tuple[Permuted, float]:
    """Area under the ROC curve of a classifier that is to tell two sets apart, on texts that it was not fitted to.

    Every permutation of the labels is fitted and tested as the sets themselves are.

    Parameters
    ----------
    products : of each two texts' features, shape (texts, texts).
    positive : shape (texts,).
    shifted : labels that differ in a known way, shape (texts, columns), to measure the power on.

    Returns
    -------
    the test, and the share of the columns of `shifted` that it notices (NaN without).

    References
    ----------
    Lopez-Paz and Oquab 2017, Revisiting classifier two-sample tests, arXiv 1610.06545.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = rng.standard_normal(60) + np.repeat([0.0, 3.0], 30)
    >>> labels = np.repeat([False, True], 30)
    >>> found, _ = classifier_test(np.outer(values, values), labels, permutations=99, level=0.95, rng=rng)
    >>> found.value > 0.9, found.p_value
    (True, 0.01)
    """
    labels = np.asarray(positive, dtype=np.bool_)
    classifier = TextClassifier.of(products, rng)
    found, _ = permuted_classifier(classifier, labels, permutations=permutations, level=level, rng=rng)
    return found, _power(found, None if shifted is None else _aurocs(classifier.said(shifted), shifted))


def permuted_classifier(
    classifier: TextClassifier, labels: Bools, *, permutations: int, level: float, rng: np.random.Generator
) -> tuple[Permuted, Floats]:
    """`classifier_test` of a classifier at hand, and the score of each text, shape (texts,)."""
    null = [_aurocs(classifier.said(dealt), dealt) for dealt in _dealt(labels, permutations, rng)]
    said = classifier.said(labels[:, None])[:, 0]
    return _permuted(auroc(said, labels), np.concatenate(null), level), said


def _dealt(labels: Bools, permutations: int, rng: np.random.Generator) -> Iterator[Bools]:
    """Permutations of the labels, a block of columns at a time."""
    for begun in range(0, permutations, _BLOCK):
        yield rng.permuted(np.repeat(labels[:, None], min(_BLOCK, permutations - begun), axis=1), axis=0)


def kernel_test(
    products: Floats,
    positive: npt.ArrayLike,
    *,
    permutations: int,
    level: float,
    rng: np.random.Generator,
    shifted: Bools | None = None,
) -> tuple[Permuted, float]:
    """Squared distance between the mean features of two sets (maximum mean discrepancy), against permutations.

    Parameters
    ----------
    products : of each two texts' features, shape (texts, texts).
    positive : shape (texts,).
    shifted : labels that differ in a known way, shape (texts, columns), to measure the power on.

    Returns
    -------
    the test, and the share of the columns of `shifted` that it notices (NaN without).

    References
    ----------
    Gretton et al. 2012, A kernel two-sample test, JMLR 13.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = rng.standard_normal(60) + np.repeat([0.0, 3.0], 30)
    >>> labels = np.repeat([False, True], 30)
    >>> kernel_test(np.outer(values, values), labels, permutations=99, level=0.95, rng=rng)[0].p_value
    0.01
    """
    labels = np.asarray(positive, dtype=np.bool_)
    # Without texts' products with themselves, the estimate is unbiased: about 0 for sets that are alike.
    own = products - np.diag(np.diag(products))
    null = np.concatenate([_discrepancy(own, dealt) for dealt in _dealt(labels, permutations, rng)])
    found = _permuted(float(_discrepancy(own, labels[:, None])[0]), null, level)
    return found, _power(found, None if shifted is None else _discrepancy(own, shifted))


def main_direction(products: Floats) -> Floats:
    """Where each text lies along the direction that texts differ in most, shape (texts,).

    Examples
    --------
    >>> values = np.array([-1.0, 0.0, 4.0])
    >>> found = main_direction(np.outer(values, values))
    >>> np.abs(np.diff(found)).round(6).tolist()
    [1.0, 4.0]
    """
    mean = products.mean(axis=0)
    centred = products - mean[:, None] - mean[None, :] + mean.mean()
    last = len(products) - 1
    value, vector = linalg.eigh(centred, subset_by_index=(last, last))
    found: Floats = vector[:, 0] * np.sqrt(max(0.0, float(value[0])))
    return found


def _power(found: Permuted, shifted: Floats | None) -> float:
    return float("nan") if shifted is None else float((shifted > found.critical).mean())


def shifted_labels(order: npt.ArrayLike, positives: int, area: float, columns: int, rng: np.random.Generator) -> Bools:
    """Labels of which the positive ones come later in an order: a positive follows any text with chance `area`.

    Parameters
    ----------
    order : what the texts are ordered by, shape (texts,).
    positives : positives in each column.
    area : in (0.5, 1).

    Returns
    -------
    array, shape (texts, columns)

    Examples
    --------
    >>> labels = shifted_labels(np.arange(1000), 50, 0.65, 200, np.random.default_rng(0))
    >>> round(float(np.mean([auroc(np.arange(1000), column) for column in labels.T])), 2)
    0.66
    """
    values = np.asarray(order, dtype=np.float64)
    place = (stats.rankdata(values, method="average") - 0.5) / len(values)
    slope = float(brentq(lambda s: 1 / -np.expm1(-s) - 1 / s - area, 1e-6, 500.0))
    # The largest of weights times exponential noise: drawing without replacement by weight.
    keys = slope * place[:, None] + rng.gumbel(size=(len(values), columns))
    labels = np.zeros(keys.shape, dtype=np.bool_)
    np.put_along_axis(labels, np.argpartition(-keys, positives - 1, axis=0)[:positives], True, axis=0)
    return labels


def order_test(values: npt.ArrayLike, positive: npt.ArrayLike, area: float, level: float) -> tuple[float, float, float]:
    """Area under the ROC curve of a number known of each text, its two-sided p-value (Mann-Whitney), and the power.

    Parameters
    ----------
    values : shape (texts,).
    positive : shape (texts,).
    area : for which the power is given.

    Examples
    --------
    >>> found = order_test([1, 2, 3, 4, 5, 6, 7, 8], [False] * 4 + [True] * 4, 0.9, 0.95)
    >>> [round(value, 3) for value in found]
    [1.0, 0.029, 0.455]
    """
    labels = np.asarray(positive, dtype=np.bool_)
    numbers = np.asarray(values, dtype=np.float64)
    n, m = int(labels.sum()), int((~labels).sum())
    p_value = float(stats.mannwhitneyu(numbers[labels], numbers[~labels], alternative="two-sided").pvalue)
    spread = float(np.sqrt((n + m + 1) / (12 * n * m)))
    z = float(norm.ppf(0.5 + level / 2))
    return auroc(numbers, labels), p_value, float(norm.sf(z - (area - 0.5) / spread))


def _discrepancy(products: Floats, labels: Bools) -> Floats:
    ones = labels.astype(np.float64)
    zeros = 1 - ones
    n, m = ones.sum(axis=0), zeros.sum(axis=0)
    of_ones, of_zeros = products @ ones, products @ zeros
    within = (ones * of_ones).sum(axis=0) / (n * (n - 1)) + (zeros * of_zeros).sum(axis=0) / (m * (m - 1))
    found: Floats = within - 2 * (zeros * of_ones).sum(axis=0) / (n * m)
    return found
