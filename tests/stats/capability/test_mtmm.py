"""Multitrait-multimethod correlations against slow definitions and Campbell and Fiske's own matrix."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.capability.mtmm import agreement, correlation_matrices, counted, mean_correlation, pairs_of

# Campbell and Fiske 1959, Table 1 (a synthetic matrix): traits A, B, C by methods 1, 2, 3, below the diagonal.
SYNTHETIC = """
1
.51 1
.38 .37 1
.57 .22 .09 1
.22 .57 .10 .68 1
.11 .11 .46 .59 .58 1
.56 .22 .11 .67 .42 .33 1
.23 .58 .12 .43 .66 .34 .67 1
.11 .11 .45 .34 .32 .58 .58 .60 1
"""


def synthetic():
    rows = [list(map(float, line.split())) for line in SYNTHETIC.strip().splitlines()]
    full = np.zeros((9, 9))
    for i, row in enumerate(rows):
        full[i, : i + 1] = full[: i + 1, i] = row
    return full, np.tile(np.arange(3), 3), np.repeat(np.arange(3), 3)


def made(n=24, m=6, families=6, seed=0, missing=0.0):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n, 1)) + rng.standard_normal((n, m))
    values[rng.random((n, m)) < missing] = np.nan
    return values, np.arange(n) % families


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_correlations_are_those_of_scipy_also_with_a_family_left_out(missing):
    values, families = made(missing=missing)
    found, without = correlation_matrices(values, families, 8)

    def slow(table):
        m = table.shape[1]
        result = np.eye(m)
        for i in range(m):
            for j in range(m):
                both = np.isfinite(table[:, i]) & np.isfinite(table[:, j])
                result[i, j] = stats.spearmanr(table[both, i], table[both, j]).statistic
        return result

    np.testing.assert_allclose(found, slow(values), atol=1e-12)
    for family in range(6):
        np.testing.assert_allclose(without[family], slow(values[families != family]), atol=1e-12)


def test_too_few_rows_in_common_are_undefined():
    values, families = made()
    values[:17, 0] = np.nan
    found, without = correlation_matrices(values, families, 8)
    assert np.isnan(found[0, 1:]).all()
    assert np.isnan(without[:, 1:, 0]).all()
    assert np.isfinite(found[1:, 1:]).all()


def test_the_synthetic_matrix_of_the_source():
    correlations, traits, methods = synthetic()
    pairs = pairs_of(traits, methods, correlations)
    assert [len(part) for part in (pairs.convergent, pairs.method, pairs.neither, pairs.both)] == [9, 9, 18, 0]
    # The validity diagonals of the table: .57 .57 .46, .56 .58 .45, .67 .66 .58.
    validity = sorted(correlations[tuple(pairs.convergent.T)])
    assert validity == sorted([0.57, 0.57, 0.46, 0.56, 0.58, 0.45, 0.67, 0.66, 0.58])
    same = np.stack([correlations, correlations])
    slow = violations = 0
    for i, j in pairs.convergent:
        for a, b in pairs.method:
            if {i, j} & {a, b}:
                slow += 1
                violations += correlations[i, j] <= correlations[a, b]
    found = counted(correlations, same, pairs.convergent, pairs.method, 0.95)
    assert (found.comparisons, found.violations) == (slow, violations) == (36, violations)
    # Made so that each validity exceeds the values of two traits in its own block of two methods.
    for i, j in pairs.convergent:
        others = [(a, b) for a, b in pairs.neither if {methods[a], methods[b]} == {methods[i], methods[j]}]
        rivals = [correlations[a, b] for a, b in others if {a, b} & {i, j}]
        assert correlations[i, j] > max(rivals)


def test_means_and_their_jackknife_are_the_slow_definition():
    values, families = made(m=4)
    found, without = correlation_matrices(values, families, 8)
    convergent, method = np.array([[0, 1], [2, 3]]), np.array([[0, 2], [1, 3]])
    result = agreement(found, without, convergent, method, 0.95)

    def both(matrix):
        c, m = (sum(math.atanh(matrix[i, j]) for i, j in pairs) / len(pairs) for pairs in (convergent, method))
        return c, m, math.tanh(c) - math.tanh(m)

    point, replicates = both(found), np.array([both(matrix) for matrix in without])
    t = stats.t.ppf(0.975, 5)
    for k, (value, low, high) in enumerate((result.convergent, result.method, result.difference)):
        error = math.sqrt(5 / 6 * ((replicates[:, k] - replicates[:, k].mean()) ** 2).sum())
        back = math.tanh if k < 2 else float
        limits = (back(point[k] - t * error), back(point[k] + t * error))
        assert (value, low, high) == pytest.approx((back(point[k]), *limits), abs=1e-12)
    assert result.groups == 6
    assert mean_correlation(found, convergent) == pytest.approx(result.convergent[0])
    assert math.isnan(mean_correlation(found, np.empty((0, 2), dtype=int)))


def test_the_count_is_bracketed_by_intervals_that_hold_together():
    values, families = made(n=40, m=6, families=10, seed=4)
    found, without = correlation_matrices(values, families, 8)
    traits, methods = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 0, 1])
    pairs = pairs_of(traits, methods, found)
    result = counted(found, without, pairs.convergent, pairs.method, 0.95)
    compared = [(p, q) for p in pairs.convergent for q in pairs.method if set(p) & set(q)]
    t = stats.t.ppf(1 - 0.025 / len(compared), 9)
    violations = low = high = 0
    for p, q in compared:
        d = math.atanh(found[tuple(p)]) - math.atanh(found[tuple(q)])
        each = np.arctanh(without[:, p[0], p[1]]) - np.arctanh(without[:, q[0], q[1]])
        error = math.sqrt(9 / 10 * ((each - each.mean()) ** 2).sum())
        violations += d <= 0
        low += d + t * error < 0
        high += d - t * error <= 0
    assert (result.comparisons, result.violations, result.low, result.high) == (len(compared), violations, low, high)


@given(st.permutations(range(6)))
def test_the_order_of_the_measures_does_not_matter(order):
    values, families = made()
    traits, methods = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 0, 1])

    def result(columns):
        found, without = correlation_matrices(values[:, columns], families, 8)
        pairs = pairs_of(traits[columns], methods[columns], found)
        arguments = (found, without, pairs.convergent, pairs.method, 0.95)
        return agreement(*arguments), counted(*arguments)

    (first, first_count), (second, second_count) = result(list(range(6))), result(list(order))
    assert first.difference == pytest.approx(second.difference, abs=1e-12)
    assert first_count == second_count


def test_one_family_gives_no_interval():
    values, _ = made()
    found, without = correlation_matrices(values, np.zeros(24, dtype=int), 8)
    result = agreement(found, without, np.array([[0, 1]]), np.array([[0, 2]]), 0.95)
    assert math.isfinite(result.difference[0])
    assert math.isnan(result.convergent[1])
