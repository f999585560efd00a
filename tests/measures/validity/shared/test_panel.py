"""Which models and benchmarks take part, and what is said of those that do not."""

from __future__ import annotations

import numpy as np
import pytest

import measurand
from measurand.errors import InputError, NotApplicable
from measurand.measures.validity.shared.panel import assessable, panels
from measurand.measures.verdicts import unassessed
from measurand.results import Status


def only_panel(study, missing="complete"):
    found, problems = panels(study.scores, missing)
    assert problems == ()
    (panel,) = found
    return panel


def test_a_panel_holds_the_scores_as_given(make_study):
    study = make_study(12)
    panel = only_panel(study)
    assert panel.models == tuple(f"m{i}" for i in range(12))
    assert panel.capability == ("c0", "c1", "c2", "c3", "c4")
    assert panel.tested == ("t0", "t1")
    np.testing.assert_array_equal(panel.values, study.scores.matrix(panel.models, panel.capability))
    np.testing.assert_array_equal(panel.scores, study.scores.matrix(panel.models, panel.tested))
    assert panel.dropped == panel.caveats == ()
    assert panel.standard_scores.std() == pytest.approx(1)
    np.testing.assert_allclose(panel.standard_scores * panel.component.scores.std(), panel.component.scores)


def test_without_capability_benchmarks_the_message_lists_what_was_seen_and_what_is_needed(make_study):
    study = make_study(12, capability=0, tested=3)
    needed = "at least 3 capability benchmarks, named as such"
    with pytest.raises(NotApplicable, match=rf"0 of 3 .*\(seen: t0, t1, t2\).*{needed}"):
        panels(study.scores, "complete")


def test_two_capability_benchmarks_are_too_few(make_study):
    with pytest.raises(NotApplicable, match="2 of 4 benchmarks count as capability"):
        panels(make_study(12, capability=2).scores, "complete")


def test_one_index_will_do_where_it_was_named_and_the_question_is_not_about_several(make_study):
    named = make_study(12, capability=1).scores
    (panel,), problems = panels(named, "complete")
    assert (panel.capability, problems) == (("c0",), ())
    np.testing.assert_allclose(panel.standard_scores, (panel.values[:, 0] - panel.values.mean()) / panel.values.std())
    assert any("the capabilities score is one column, c0, as named" in caveat for caveat in panel.caveats)
    with pytest.raises(NotApplicable, match="1 of 3 benchmarks"):
        panels(named, "complete", several=True)
    known = measurand.read(named.table.with_columns(benchmark=named.table["benchmark"].replace("c0", "mmlu"))).scores
    assert known.benchmarks_of("capability") == ("mmlu",)
    with pytest.raises(NotApplicable, match="or one index that is named alone"):
        panels(known, "complete")


@pytest.mark.parametrize("n", [3, 7])
def test_fewer_than_eight_models_are_too_few(make_study, n):
    with pytest.raises(NotApplicable, match=f"{n} of {n} models .*at least 8 models"):
        panels(make_study(n).scores, "complete")


def test_eight_models_are_enough(make_study):
    assert len(only_panel(make_study(8)).models) == 8


def holes(n, cells):
    values = np.random.default_rng(7).standard_normal(n)
    values[list(cells)] = np.nan
    return values


def test_models_without_every_capability_benchmark_are_left_out_and_counted(make_study):
    study = make_study(20, columns={"c5": holes(20, range(4))})
    panel = only_panel(study)
    assert panel.dropped == ("m0", "m1", "m2", "m3")
    assert panel.models == tuple(f"m{i}" for i in range(4, 20))
    assert any(caveat.startswith("4 of 20 models left out") for caveat in panel.caveats)


def test_imputing_keeps_models_that_have_half_and_says_how_many_cells_are_filled(make_study):
    study = make_study(20, capability=3, columns={"c3": holes(20, range(4)), "c4": holes(20, [5])})
    panel = only_panel(study, "impute")
    assert panel.dropped == ()
    assert np.isfinite(panel.values).all()
    observed = study.scores.matrix(panel.models, panel.capability)
    there = np.isfinite(observed)
    np.testing.assert_array_equal(panel.values[there], observed[there])
    assert any(caveat.startswith("5 missing capability scores imputed") for caveat in panel.caveats)


def test_imputing_leaves_out_models_that_have_less_than_half(make_study):
    columns = {name: holes(20, [0]) for name in ("c0", "c1", "c2")}
    assert only_panel(make_study(20, capability=5, columns=columns), "impute").dropped == ("m0",)


def test_too_few_complete_models_are_told_which_benchmark_is_rarest_and_to_impute(make_study):
    study = make_study(12, columns={"c5": holes(12, range(2, 12))})
    with pytest.raises(NotApplicable, match=r"2 of 12 .*least often run: c5 by 2.*or imputing the missing scores"):
        panels(study.scores, "complete")


@pytest.mark.parametrize("n_run", [1, 2])
def test_a_capability_benchmark_too_rare_to_impute_is_left_out_and_named(make_study, n_run):
    values = np.full(20, np.nan)
    values[:n_run] = 0.5
    panel = only_panel(make_study(20, columns={"c9": values}), "impute")
    assert panel.capability == ("c0", "c1", "c2", "c3", "c4")
    assert any("c9" in caveat for caveat in panel.caveats)


def test_a_capability_benchmark_that_a_class_did_not_run_is_named(make_study):
    study = make_study(32, classes=("base", "chat"), columns={"c5": holes(32, range(0, 32, 2))})
    found, _ = panels(study.scores, "complete")
    assert [len(panel.capability) for panel in found] == [5, 6]
    assert any("c5" in caveat for caveat in found[0].caveats)


@pytest.mark.parametrize("constant", [0.0, 0.1, 0.3, 1 / 3, 0.7, 12.3])
@pytest.mark.parametrize("n", [9, 10, 20, 27])
def test_a_constant_capability_benchmark_is_left_out_and_named(make_study, constant, n):
    panel = only_panel(make_study(n, columns={"c0": np.full(n, constant)}))
    assert panel.capability == ("c1", "c2", "c3", "c4")
    assert any("the same for every model: c0" in caveat for caveat in panel.caveats)


def test_three_capability_benchmarks_must_vary(make_study):
    flat = {name: np.full(12, 0.5) for name in ("c0", "c1", "c2")}
    with pytest.raises(NotApplicable, match="2 capability benchmarks differ between the models"):
        panels(make_study(12, columns=flat).scores, "complete")


def test_each_class_has_its_own_panel_and_a_small_one_is_reported(make_study):
    study = make_study(27, classes=("base", "base", "chat"))
    found, problems = panels(study.scores, "complete")
    assert [panel.class_ for panel in found] == ["base", "chat"]
    assert [len(panel.models) for panel in found] == [18, 9]
    found, problems = panels(make_study(21, classes=("base", "base", "chat")).scores, "complete")
    assert [panel.class_ for panel in found] == ["base"]
    assert [problem.subject for problem in problems] == [{"class": "chat"}]
    assert "7 of 7 models" in problems[0].reason


@pytest.mark.parametrize("missing", ["drop", "", "Complete", None])
def test_an_unknown_way_with_missing_cells_is_refused(make_study, missing):
    with pytest.raises(InputError, match="'complete', 'impute' or 'scale'"):
        panels(make_study(12).scores, missing)


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ([0.0] * 36 + [0.3], "36 of 37 chat models have the same score"),
        ([0.0] * 9 + [0.1, 0.2], "9 of 11 chat models have the same score"),
        ([0.0, 1.0] * 10, "the 20 chat models have only 2 different scores"),
        ([0.0] * 8 + [0.1, 0.2], None),
        ([0.0, 0.5, 1.0] * 4, None),
    ],
)
def test_a_nearly_constant_benchmark_ranks_no_models(column, reason):
    able, problems = assessable(np.array(column)[:, None], ("b",), "chat")
    assert able.tolist() == [reason is None]
    assert [problem.reason for problem in problems] == ([] if reason is None else [reason])


def test_cells_not_run_do_not_count_among_the_tied():
    column = np.array([0.0] * 9 + [0.1, 0.2] + [np.nan] * 30)
    assert assessable(column[:, None], ("b",), "chat")[1][0].reason == "9 of 11 chat models have the same score"


@pytest.mark.parametrize("turned", ["c0", "c1", "c2"])
def test_a_capability_benchmark_that_runs_against_the_others_is_refused_and_named(make_study, turned):
    made = make_study(40, capability=3, families=10).scores
    values = made.matrix([f"m{i}" for i in range(40)], [turned])[:, 0]
    study = make_study(40, capability=3, families=10, columns={turned: -values})
    with pytest.raises(
        NotApplicable, match=rf"^{turned} \(loading −0\.\d\d\) falls as the other .* rise.*turned round"
    ):
        panels(study.scores, "complete")
    # The way out that it names.
    assert only_panel(measurand.Study(title="", scores=study.scores.with_lower_is_better([turned]))).caveats == ()


def test_a_capability_benchmark_without_relation_to_the_others_is_kept_and_a_negative_loading_named(make_study):
    kept = [
        only_panel(make_study(26, columns={"c0": np.random.default_rng(seed).standard_normal(26)})).caveats
        for seed in range(20)
    ]
    named = [caveats for caveats in kept if caveats]
    assert 5 <= len(named) <= 15
    assert all(
        caveats[0].startswith("against the other capability benchmarks, which may be chance: c0") for caveats in named
    )


@pytest.mark.parametrize("constant", [0.1, 0.5, 3.0])
def test_what_cannot_be_ranked_is_reported_with_the_reason(constant):
    values = np.column_stack([np.arange(10.0), np.full(10, constant), np.arange(10.0), np.full(10, np.nan)])
    values[:3, 2] = np.nan
    able, problems = assessable(values, ("good", "flat", "rare", "never"), "chat")
    assert able.tolist() == [True, False, False, False]
    assert [problem.subject["benchmark"] for problem in problems] == ["flat", "rare", "never"]
    assert [problem.reason.split(" models ")[0] for problem in problems] == ["all 10 chat", "7 chat", "0 chat"]
    rows = unassessed(problems)
    assert {row.status for row in rows} == {Status.NOT_APPLICABLE}
    assert rows[0].sentence == ("Not assessed: all 10 chat models have the same score; needs models that differ on it.")
