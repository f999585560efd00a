"""Every candidate interval of a capabilities correlation, against rows literally repeated or deleted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from measurand.simulate.capabilities import simulate
from measurand.stats.capability.capabilities import (
    DEFAULT,
    METHODS,
    MOST_BLOCKS,
    PERMUTATIONS,
    SEED,
    blocks_left_out,
    correlations_with_intervals,
    family_replicates,
    leave_itself_out,
    moderated_jackknife,
    opposed,
)
from measurand.stats.capability.pca import Way, first_component
from measurand.stats.intervals.correlation import (
    at_least_independent,
    bonett_wright,
    bonett_wright_se,
    fisher,
    independent_se,
    jackknife_se,
    jackknife_z,
)
from measurand.stats.intervals.moderated import moderate
from measurand.stats.intervals.resampling import bca, bootstrap_weights


def table(seed=0, n=18, k=5, m=3, families=6):
    rng = np.random.default_rng(seed)
    ability = rng.standard_normal((n, 1))
    capability = ability + 0.5 * rng.standard_normal((n, k))
    tested = 0.6 * ability + 0.8 * rng.standard_normal((n, m))
    return capability, tested, np.arange(n) % families


def spearman(capability, tested, rows):
    score = first_component(capability[rows]).scores.round(9)
    there = [np.isfinite(column) for column in tested[rows].T]
    return np.array([stats.spearmanr(score[t], c[t]).statistic for t, c in zip(there, tested[rows].T, strict=True)])


def intervals(capability, tested, families, level=0.95, resamples=200, seed=0, **more):
    return correlations_with_intervals(
        capability, tested, families, level=level, resamples=resamples, rng=np.random.default_rng(seed), **more
    )


def test_family_replicates_equal_deleting_each_family():
    capability, tested, families = table()
    tested[4, 1] = np.nan
    found = family_replicates(capability, tested, families)
    expected = [spearman(capability, tested, np.flatnonzero(families != g)) for g in range(6)]
    np.testing.assert_allclose(found, expected)


def test_every_interval_equals_its_slow_definition():
    capability, tested, families = table()
    found = intervals(capability, tested, families, level=0.9)
    everyone = np.arange(18)
    point = spearman(capability, tested, everyone)
    by_family = np.array([spearman(capability, tested, everyone[families != g]) for g in range(6)])
    by_model = np.array([spearman(capability, tested, np.delete(everyone, i)) for i in range(18)])
    rng = np.random.default_rng(0)
    resampled = np.array(
        [spearman(capability, tested, np.repeat(everyone, w)) for w in bootstrap_weights(18, 200, rng).astype(int)]
    )
    whole = np.array(
        [
            spearman(capability, tested, np.repeat(everyone, w))
            for w in bootstrap_weights(18, 200, rng, families).astype(int)
        ]
    )
    expected = {
        "moderated_jackknife": at_least_independent(point, by_family, np.full(3, 18)).limits(0.9),
        "family_jackknife": jackknife_z(point, by_family, np.full(3, 18), 0.9),
        "model_jackknife": jackknife_z(point, by_model, np.full(3, 18), 0.9),
        "bonett_wright": bonett_wright(point, np.full(3, 18), 0.9),
        "fisher": fisher(point, np.full(3, 18), 0.9),
        "bootstrap_percentile": np.quantile(resampled, [0.05, 0.95], axis=0),
        "bootstrap_bca": bca(point, resampled, by_model, 0.9),
        "family_bootstrap": np.quantile(whole, [0.05, 0.95], axis=0),
    }
    np.testing.assert_allclose(found.value, point)
    assert set(found.low) == set(expected) == set(METHODS)
    for name, (low, high) in expected.items():
        np.testing.assert_allclose(found.low[name], low, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(found.high[name], high, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("method", METHODS)
def test_one_method_alone_is_what_it_is_among_all(method):
    capability, tested, families = table(1)
    alone = intervals(capability, tested, families, methods=(method,))
    assert list(alone.low) == [method]
    if not method.endswith("bootstrap"):  # later in the random stream
        among = intervals(capability, tested, families)
        np.testing.assert_array_equal(alone.low[method], among.low[method])


@pytest.mark.parametrize("method", METHODS)
def test_a_higher_level_gives_a_wider_interval_around_the_point(method):
    capability, tested, families = table(2, n=30)
    narrow, wide = (intervals(capability, tested, families, level=level) for level in (0.5, 0.99))
    assert (wide.low[method] < narrow.low[method]).all()
    assert (wide.high[method] > narrow.high[method]).all()
    assert (wide.low[method] < wide.value).all()
    assert (wide.high[method] > wide.value).all()
    assert (np.abs(wide.low[method]) <= 1).all()


def test_counts_are_the_models_that_have_the_benchmark():
    capability, tested, families = table(3)
    tested[:5, 0] = np.nan
    found = intervals(capability, tested, families, methods=("bonett_wright",))
    assert found.n.tolist() == [13, 18, 18]
    expected = bonett_wright(found.value, found.n, 0.95)
    np.testing.assert_allclose(found.low["bonett_wright"], expected[0])


def test_models_of_one_family_give_no_interval_that_counts_families():
    capability, tested, _ = table(4)
    found = intervals(capability, tested, np.zeros(18, dtype=int))
    for method in (DEFAULT, "family_jackknife", "family_bootstrap"):
        assert np.isnan([found.low[method], found.high[method]]).all(), method


def test_families_that_did_not_run_a_benchmark_are_no_evidence_on_it():
    # Only family 0 ran the benchmark: leaving out the others hardly moves its correlation, which is no certainty.
    capability, tested, families = table(5, n=40, families=4)
    tested[families != 0, 0] = np.nan
    found = intervals(capability, tested, families)
    assert np.isnan([found.low[DEFAULT][0], found.high[DEFAULT][0]]).all()
    tested[families == 1, 0] = np.random.default_rng(1).standard_normal(10)
    two = intervals(capability, tested, families)
    by_family = np.array([spearman(capability, tested, np.flatnonzero(families != g)) for g in (0, 1)])
    point = spearman(capability, tested, np.arange(40))
    expected = at_least_independent(point, by_family, np.array([20, 40, 40])).limits(0.95)
    assert (two.low[DEFAULT][0], two.high[DEFAULT][0]) == pytest.approx((expected[0][0], expected[1][0]), abs=1e-9)


def test_many_families_are_left_out_in_blocks():
    assert blocks_left_out(np.arange(61)).shape == (MOST_BLOCKS, 61)
    assert blocks_left_out(np.arange(59)).shape == (59, 59)


def test_the_default_is_a_candidate():
    assert DEFAULT in METHODS


def test_a_capability_benchmark_is_left_out_of_the_score_it_is_correlated_with():
    capability, _, families = table(6, k=4)
    found = leave_itself_out(capability, families)
    value, (low, high) = found.rho, found.limits(0.9)
    for j in range(4):
        others, itself = np.delete(capability, j, axis=1), capability[:, [j]]
        assert value[j] == pytest.approx(spearman(others, itself, np.arange(18))[0])
        alone = intervals(others, itself, families, level=0.9, methods=(DEFAULT,))
        assert (low[j], high[j]) == pytest.approx((alone.low[DEFAULT][0], alone.high[DEFAULT][0]))


def test_opposed_capability_benchmarks_do_not_turn_the_score_round_from_replicate_to_replicate():
    # Two benchmarks fall as the others rise (a perplexity, say): the component has two loadings each way, nearly alike.
    capability, _, families = table(7, n=24, k=4)
    opposed = capability * [1, 1, -1, -1]
    tested = capability.mean(axis=1, keepdims=True) + 0.5 * np.random.default_rng(0).standard_normal((24, 1))
    plain, turned = (intervals(values, tested, families, methods=(DEFAULT,)) for values in (capability, opposed))
    sign = np.sign(turned.value[0])
    assert abs(turned.value[0]) == pytest.approx(plain.value[0])
    limits = sorted((sign * turned.low[DEFAULT][0], sign * turned.high[DEFAULT][0]))
    assert limits == pytest.approx([plain.low[DEFAULT][0], plain.high[DEFAULT][0]])


def slow_ratio(capability, tested, families, j):
    """Jackknife variance of one benchmark over Bonett and Wright's, families literally deleted; and G_eff - 1."""
    ran = np.isfinite(tested[:, j])
    point, n = spearman(capability, tested[:, [j]], np.arange(len(tested)))[0], int(ran.sum())
    there = [g for g in np.unique(families) if (ran & (families == g)).any()]
    z = [
        np.arctanh(spearman(capability, tested[:, [j]], np.flatnonzero(families != g))[0].clip(-1 + 1e-9, 1 - 1e-9))
        for g in there
    ]
    sizes = [(ran & (families == g)).sum() for g in there]
    variance = (len(z) - 1) / len(z) * sum((one - np.mean(z)) ** 2 for one in z)
    independent = (1 + point**2 / 2) / (n - 3)
    return variance / independent, max(sum(sizes) ** 2 / sum(size**2 for size in sizes) - 1, 1.0), independent


def test_the_moderated_jackknife_equals_its_slow_definition():
    capability, tested, _ = table(8, n=20, m=8)
    tested[[1, 2, 7], 3] = np.nan
    families = np.repeat(np.arange(6), [7, 5, 3, 2, 2, 1])
    ratios = [slow_ratio(capability, tested, families, j) for j in range(8)]
    posterior, freedom = moderate(*np.array(ratios).T[:2])
    rng, means = np.random.default_rng(SEED), []
    by_capability = np.argsort(first_component(capability).scores)
    for _ in range(PERMUTATIONS):
        labels = np.empty(20, dtype=int)
        labels[by_capability] = rng.permutation(families)  # already in order of size
        permuted = [slow_ratio(capability, tested, labels, j) for j in range(8)]
        means.append(moderate(*np.array(permuted).T[:2])[0].mean())
    found, moderated = moderated_jackknife(capability, tested, families)
    assert moderated.all()
    # Never narrower than the interval of independent models: some here are, and some are not.
    variance = posterior / np.mean(means)
    assert 0 < (variance < 1).sum() < 8
    expected = np.sqrt(np.maximum(variance, 1.0) * [independent for *_, independent in ratios])
    np.testing.assert_allclose(found.stderr, expected, rtol=1e-6)
    np.testing.assert_allclose(found.freedom, freedom)


def test_five_benchmarks_are_too_few_to_moderate_and_capability_benchmarks_do_not_count():
    capability, tested, families = table(9, n=30, m=5)
    both, under_test = np.hstack([capability, tested]), np.arange(10) >= 5
    for values, mask in ((tested, None), (both, under_test)):
        found, moderated = moderated_jackknife(capability, values, families, mask)
        assert not moderated.any()
        plain = at_least_independent(found.rho, family_replicates(capability, values, families), found.n)
        np.testing.assert_array_equal(found.stderr, plain.stderr)
        assert (found.stderr >= bonett_wright_se(found.rho, found.n)).all()


def test_capability_benchmarks_beside_do_not_change_what_is_under_test():
    capability, tested, families = table(10, n=30, m=8)
    alone, _ = moderated_jackknife(capability, tested, families)
    both, moderated = moderated_jackknife(capability, np.hstack([capability, tested]), families, np.arange(13) >= 5)
    assert moderated.tolist() == [False] * 5 + [True] * 8
    np.testing.assert_allclose(both.stderr[5:], alone.stderr)


def test_names_of_families_and_the_order_of_models_do_not_matter():
    capability, tested, families = table(11, n=30, m=8)
    families = families % 4 + (np.arange(30) < 9)
    found, _ = moderated_jackknife(capability, tested, families)
    order = np.random.default_rng(0).permutation(30)
    again, _ = moderated_jackknife(capability[order], tested[order], 9 - families[order])
    np.testing.assert_allclose(again.stderr, found.stderr)


def test_one_family_gives_no_interval_and_two_give_one():
    capability, tested, _ = table(12, n=20, m=8)
    one, _ = moderated_jackknife(capability, tested, np.zeros(20, dtype=int))
    assert np.isnan(one.stderr).all()
    two, moderated = moderated_jackknife(capability, tested, (np.arange(20) < 8).astype(int))
    assert moderated.all()
    assert (np.isfinite(two.stderr) & (two.freedom >= 1)).all()


def test_models_of_unknown_family_are_all_alike_to_a_permutation():
    # Every model its own family: the mean over permutations is the mean itself, so that the ratios average 1.
    capability, tested, _ = table(13, n=24, m=10)
    found, _ = moderated_jackknife(capability, tested, np.arange(24))
    assert np.mean((found.stderr / bonett_wright_se(found.rho, found.n)) ** 2) == pytest.approx(1)


def test_a_perfect_order_and_a_benchmark_of_one_family_among_others():
    capability, tested, families = table(14, n=24, m=9)
    tested[:, 0] = first_component(capability).scores
    tested[families != 0, 1] = np.nan
    found, moderated = moderated_jackknife(capability, tested, families)
    assert np.isnan(found.stderr[1])
    assert not moderated[1]
    assert (found.stderr[[0, *range(2, 9)]] > 0).all()
    low, high = found.limits(0.95)
    assert low[0] < 1 == high[0] or high[0] > 0.99


def test_moderating_narrows_the_spread_of_standard_errors():
    capability, tested, families = table(15, n=26, m=30, families=8)
    found, _ = moderated_jackknife(capability, tested, families)
    z = np.arctanh(family_replicates(capability, tested, families))
    plain, own = jackknife_se(z)[0], bonett_wright_se(found.rho, found.n)
    assert (found.stderr / own).std() < 0.6 * (plain / own).std()


@pytest.mark.parametrize("turned", [[0], [2], [0, 3]])
def test_what_runs_against_the_others_is_opposed_whichever_it_is(turned):
    capability, _, _ = table(16, n=40, k=6)
    signs = np.where(np.isin(np.arange(6), turned), -1, 1)
    loadings, against = opposed(capability * signs, np.arange(40) % 10)
    assert np.flatnonzero(against).tolist() == turned
    assert np.flatnonzero(loadings < 0).tolist() == turned


def test_nothing_is_opposed_where_all_rise_or_one_has_no_relation():
    rng = np.random.default_rng(17)
    found = []
    for seed in range(60):
        capability, _, families = table(seed, n=26, k=6, families=8)
        assert not opposed(capability, families)[1].any()
        capability[:, 0] = rng.standard_normal(26)
        found.append(opposed(capability, families)[1].any())
    # At most 3% (1,000 runs gave .000 to .025); of 60, more than 5 have a chance of 1 in 300 then.
    assert sum(found) <= 5


STATISTICS = {"spearman": stats.spearmanr, "pearson": stats.pearsonr, "kendall": stats.kendalltau}


def score_of(capability, weighting):
    z = (capability - capability.mean(axis=0)) / capability.std(axis=0)
    if weighting == "component":
        return first_component(capability).scores
    return z @ np.sign(first_component(capability).loadings)


@pytest.mark.parametrize("weighting", ["component", "average"])
@pytest.mark.parametrize("correlation", STATISTICS)
def test_other_ways_equal_their_slow_definition(weighting, correlation):
    capability, tested, families = table(6, n=24, m=8)
    capability[:, 2] *= -1  # one that runs against the others counts the other way round
    tested[3, 1] = np.nan
    way = Way(weighting, correlation)

    def slow(rows):
        score = score_of(capability[rows], weighting).round(9)
        pairs = ((score, column) for column in tested[rows].T)
        kept = ((s[np.isfinite(c)], c[np.isfinite(c)]) for s, c in pairs)
        return np.array([STATISTICS[correlation](s, c).statistic for s, c in kept])

    everyone = slow(np.arange(24))
    # The sign of a component is anyone's choice; what the fast one chose holds for its replicates, too.
    found = family_replicates(capability, tested, families, way)
    default, moderated = moderated_jackknife(capability, tested, families, way=way)
    sign = np.sign(default.rho[0] * everyone[0])
    np.testing.assert_allclose(default.rho, sign * everyone, atol=1e-9)
    slow_replicates = np.array([slow(np.flatnonzero(families != g)) for g in range(6)])
    signs = np.sign((slow_replicates * found).sum(axis=1))
    np.testing.assert_allclose(found, signs[:, None] * slow_replicates, atol=1e-9)
    assert moderated.all()
    assert (default.stderr >= independent_se(default.rho, default.n, correlation) - 1e-12).all()


def test_standard_errors_of_independent_models_are_those_published():
    # Bonett and Wright 2000, Psychometrika 65(1): variances of Fisher's z of the three correlations.
    rho, n = np.array([0.6]), np.array([28])
    assert independent_se(rho, n, "pearson") ** 2 == pytest.approx(1 / 25)
    assert independent_se(rho, n, "spearman") ** 2 == pytest.approx(1.18 / 25)
    assert independent_se(rho, n, "kendall") ** 2 == pytest.approx(0.437 / 24)
    assert np.isnan(independent_se(rho, np.array([4]), "kendall"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", [Way("component", "pearson"), Way("component", "kendall"), Way("average", "spearman")], ids=str
)
def test_the_default_interval_covers_in_other_ways_too(way):
    rng = np.random.default_rng(11)
    latent = np.repeat([0.0, 0.3, 0.68, 0.9], 6)
    hits = []
    for _ in range(120):
        drawn = simulate(26, 8, tuple(latent), 0.3, rng)
        found, _ = moderated_jackknife(drawn.capability, drawn.tested, drawn.families, way=way)
        # Of bivariate normal variables: rho = 2 sin(pi rho_S / 6), tau = 2 / pi asin(rho).
        linear = 2 * np.sin(np.pi * drawn.truth / 6)
        truth = {"pearson": linear, "kendall": 2 / np.pi * np.arcsin(linear), "spearman": drawn.truth}[way.correlation]
        low, high = found.limits(0.95)
        hits.append((low <= truth) & (truth <= high))
    covered = np.mean(hits, axis=0).reshape(4, 6).mean(axis=1)
    assert ((covered >= 0.925) & (covered <= 0.995)).all(), covered
