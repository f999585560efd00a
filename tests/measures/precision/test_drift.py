"""P13 against the drift of a published dashboard, changes planted by hand, and plain tests of the same items."""

from __future__ import annotations

import math
import os
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats
from typer.testing import CliRunner

import measurand
from measurand.cli import app
from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.precision.drift import drift, figure, judge
from measurand.measures.precision.shared.drift_words import (
    CHANGED,
    GONE,
    INTERCHANGED,
    MOVED,
    REDEFINED,
    RENAMED,
    VERDICT,
    answer,
)
from measurand.results import Status
from measurand.tables import Responses, Scores, Study, Version, Versions

FACTS = Path(os.environ.get("MEASURAND_SHARED") or Path(__file__).parents[4] / "shared") / "facts/frontier_2026"


def versions(old, new):
    """Two tables of scores, each as model -> benchmark -> score."""
    return Versions(
        *(
            Version(
                name,
                Scores.build(
                    pl.DataFrame(
                        [(m, b, float(s)) for m, row in table.items() for b, s in row.items()],
                        ["model", "benchmark", "score"],
                        orient="row",
                    )
                ),
            )
            for name, table in (("old", old), ("new", new))
        )
    )


def answers(scores, cluster=None):
    rows = [
        {"model": m, "benchmark": "b", "item": f"q{i:03d}", "score": float(s)}
        | ({} if cluster is None else {"topic": cluster[i]})
        for m, column in scores.items()
        for i, s in enumerate(column)
    ]
    return Responses.build(pl.DataFrame(rows), cluster=None if cluster is None else "topic")


def random_table(models=10, benchmarks=6, seed=1):
    rng = np.random.default_rng(seed)
    return {f"m{i}": {f"b{j}": round(100 * rng.random(), 1) for j in range(benchmarks)} for i in range(models)}


def by_title(findings):
    return Counter(finding.title for finding in findings if not finding.headline)


@pytest.fixture(scope="module")
def dashboard():
    """Two dated versions of a dashboard: oldest values in place of the newest, without models released since."""
    if not FACTS.exists():
        pytest.skip(f"published figures not found at {FACTS}")
    told = pl.read_csv(FACTS / "drift.csv")
    new = pl.read_csv(FACTS / "scores.csv").filter(pl.col("source") == "cais-dashboard")
    new = new.select("model", "benchmark", "score")
    since = pl.read_csv(FACTS / "models.csv").filter(pl.col("release_date") > "2025-12-22")["model"]
    changed = told.filter(pl.col("kind") == "changed").select("model", "benchmark", "old")
    before = new.filter(~pl.col("model").is_in(since.implode())).join(changed, on=["model", "benchmark"], how="left")
    before = before.with_columns(score=pl.coalesce("old", "score"))
    gone = told.filter(pl.col("kind") != "changed").select("model", "benchmark", score="old")
    old = pl.concat([before.drop("old"), gone])
    return Versions(Version("2025-12-22", Scores.build(old)), Version("2026-03-21", Scores.build(new)))


def test_every_change_of_a_published_dashboard_is_found(dashboard):
    # facts/frontier_2026/README.md, Drift: 29 models, 395 cells to 36 models, 500: 339 the same, 26 changed (19 of them
    # ART, redefined), 8 removed (all ART), 22 gone with two models; VCT of Claude Sonnet 4.5 and Opus 4.5 look swapped.
    result = drift(dashboard)
    assert [int(np.isfinite(each).sum()) for each in (result.cells.old, result.cells.new)] == [395, 500]
    assert result.cells.same.sum() == 339
    assert result.changed.sum() == 26
    assert len(result.came_with["model"]) == 9
    art = result.cells.benchmarks.index("cais_art_attack_success")
    assert result.changed[:, art].sum() == 19
    assert len(result.gone) == 8
    assert sum(result.gone_with["model"].values()) == 22
    assert len(result.gone_with["model"]) == 2
    findings = judge(result)
    assert by_title(findings) == {CHANGED: 26, GONE: 10, REDEFINED: 1, INTERCHANGED: 1}
    (anew,) = (f for f in findings if f.title == REDEFINED)
    assert anew.subject == {"benchmark": "cais_art_attack_success"}
    (swapped,) = (f for f in findings if f.title == INTERCHANGED)
    assert swapped.subject["benchmark"] == "cais_vct_refusal"
    assert set(swapped.result["models"]) == {"claude-opus-4.5@thinking-32k", "claude-sonnet-4.5@thinking-32k"}
    # No errors are known: a changed figure by itself is no issue.
    assert {f.status for f in findings if f.title == CHANGED} == {Status.CAUTION}


def test_nothing_changed_passes():
    table = random_table()
    (finding,) = judge(drift(versions(table, table)))
    assert (finding.status, finding.headline) == (Status.PASSED, True)


def test_two_values_in_each_others_place_are_told_from_two_corrections():
    old = random_table(seed=2)
    new = {model: dict(row) for model, row in old.items()}
    new["m1"]["b2"], new["m4"]["b2"] = old["m4"]["b2"], old["m1"]["b2"]
    new["m3"]["b5"] = old["m3"]["b5"] + 7
    new["m6"]["b5"] = old["m6"]["b5"] - 4
    findings = judge(drift(versions(old, new)))
    (swapped,) = (f for f in findings if f.title == INTERCHANGED)
    assert swapped.result["models"] == ("m1", "m4")
    assert findings[0].status is Status.ISSUE


def renamed_columns(table, places):
    return {model: row | {name: row[source] for name, source in places.items()} for model, row in table.items()}


def test_two_columns_in_each_others_place_are_interchanged_and_not_redefined():
    old = random_table(seed=11)
    findings = judge(drift(versions(old, renamed_columns(old, {"b1": "b4", "b4": "b1"}))))
    assert by_title(findings) == {MOVED: 1, CHANGED: 20}
    (swapped,) = (f for f in findings if f.title == MOVED)
    assert (swapped.subject, swapped.status) == ({"benchmarks": "b1, b4"}, Status.ISSUE)
    assert swapped.sentence == ("The columns b1 and b4 look interchanged: each now has 10 of the other's old scores.")
    assert swapped.sentence in findings[0].sentence
    (one,) = (f for f in findings if f.subject == {"benchmark": "b1", "model": "m0"})
    assert one.sentence.endswith(", which was its score on b4.")
    # One row tells of both columns; their twenty cells need no rows of their own.
    (changes,) = answer(drift(versions(old, renamed_columns(old, {"b1": "b4", "b4": "b1"}))), findings).tables
    assert [row[:3] for row in changes.rows] == [("b1, b4", "", "10 scores")]


@pytest.mark.parametrize(
    ("places", "sources"),
    [
        ({"b1": "b2", "b2": "b3", "b3": "b1"}, {"b1": "b2", "b2": "b3", "b3": "b1"}),  # moved on by one
        ({"b1": "b2"}, {"b1": "b2"}),  # pasted over
    ],
)
def test_columns_that_hold_another_ones_scores_name_it(places, sources):
    old = random_table(seed=12)
    findings = judge(drift(versions(old, renamed_columns(old, places))))
    found = {f.subject["benchmark"]: f.result["of"] for f in findings if f.title == MOVED}
    assert found == sources
    assert REDEFINED not in by_title(findings)


def test_two_models_with_each_others_scores_are_one_finding_and_a_correction_beside_is_told_apart():
    old = random_table(seed=13)
    new = old | {"m2": dict(old["m7"]), "m7": dict(old["m2"])}
    new["m2"]["b3"] = 33.33
    findings = judge(drift(versions(old, new)))
    assert by_title(findings) == {MOVED: 1, CHANGED: 12}
    (swapped,) = (f for f in findings if f.title == MOVED)
    assert swapped.subject == {"models": "m2, m7"}
    ends = {f.subject["benchmark"]: f.sentence for f in findings if f.title == CHANGED and f.subject["model"] == "m2"}
    assert ends["b0"].endswith("which was the score of m7.")
    assert "m7" not in ends["b3"]


def test_columns_with_few_different_values_are_not_said_to_be_in_anothers_place():
    rng = np.random.default_rng(14)
    flips = {f"m{i}": {f"b{j}": 100 * int(rng.random() < 0.5) for j in range(6)} for i in range(10)}
    # Refusals turned round: 0 becomes 100 and 100 becomes 0, which some other column can hold by chance.
    turned = {model: {name: 100 - score for name, score in row.items()} for model, row in flips.items()}
    turned = {model: row | {"b1": flips[model]["b0"], "b0": flips[model]["b1"]} for model, row in turned.items()}
    assert MOVED not in by_title(judge(drift(versions(flips, turned))))


def test_a_column_in_another_unit_is_redefined():
    old = random_table(seed=3)
    new = {model: row | {"b0": round(row["b0"] / 100, 3)} for model, row in old.items()}
    (anew,) = (f for f in judge(drift(versions(old, new))) if f.title == REDEFINED)
    assert anew.result["factor"] == pytest.approx(0.01)


def test_a_model_under_another_name_is_known_by_its_scores_and_by_its_spelling():
    old = random_table(seed=4)
    new = {
        ("acme/m2" if model == "m2" else "the new name" if model == "m7" else model): row for model, row in old.items()
    }
    findings = judge(drift(versions(old, new)))
    assert by_title(findings) == {RENAMED: 2}
    assert {f.result["old"]: f.subject["model"] for f in findings if f.title == RENAMED} == {
        "m2": "acme/m2",
        "m7": "the new name",
    }


def test_the_same_items_are_paired():
    rng = np.random.default_rng(5)
    before = rng.random(300) < 0.6
    lost = before & (rng.random(300) < 0.2)
    old, new = answers({"m": before, "n": before}), answers({"m": before & ~lost, "n": before})
    result = drift(Versions(Version("old", responses=old), Version("new", responses=new)))
    place = result.cells.models.index("m")
    # Exact McNemar: all that changed were lost.
    assert result.cells.p_value[place, 0] == pytest.approx(stats.binomtest(0, int(lost.sum())).pvalue)
    assert result.adjusted[place, 0] == pytest.approx(min(1.0, 2 * result.cells.p_value[place, 0]))
    shown = [f for f in judge(result) if f.title == CHANGED]
    assert [(f.subject["model"], f.status) for f in shown] == [("m", Status.ISSUE)]


def test_a_change_within_noise_passes_and_one_item_more_is_said():
    rng = np.random.default_rng(6)
    before = rng.random(100) < 0.6
    after = before.copy()
    after[np.flatnonzero(before)[:2]] = False
    result = drift(
        Versions(
            Version("old", responses=answers({"m": before})), Version("new", responses=answers({"m": [*after, True]}))
        )
    )
    findings = judge(result)
    assert [f.short for f in findings if f.title == CHANGED] == ["within noise"]
    assert result.cells.items["b"] == (100, 0, 1)


def test_errors_that_a_table_gives_decide():
    def table(score):
        return Scores.build(
            pl.DataFrame(
                {"model": ["a", "b"], "benchmark": "x", "score": [0.5, score], "stderr": [0.02, 0.02], "n_items": None}
            )
        )

    small, large = (drift(Versions(Version("o", table(0.61)), Version("n", table(s)))) for s in (0.64, 0.75))
    assert small.cells.p_value[1, 0] == pytest.approx(2 * stats.norm.sf(0.03 / np.hypot(0.02, 0.02)))
    assert judge(small)[0].status is Status.PASSED
    assert judge(large)[0].status is Status.ISSUE


def test_other_items_are_compared_as_independent():
    # Agresti and Caffo 2000: of each share one more right and one more wrong; z by hand.
    before, after = np.arange(200) < 150, np.arange(120) < 60
    new = answers({"m": after}).frame.with_columns(item=pl.concat_str(pl.lit("new "), "item"))
    old = answers({"m": before})
    result = drift(Versions(Version("old", responses=old), Version("new", responses=Responses(new))))
    p, q = 151 / 202, 61 / 122
    z = (0.5 - 0.75) / math.sqrt(p * (1 - p) / 202 + q * (1 - q) / 122)
    assert result.cells.p_value[0, 0] == pytest.approx(2 * stats.norm.sf(abs(z)))
    assert result.cells.items["b"] == (0, 200, 120)


def test_items_of_one_topic_count_as_one():
    rng = np.random.default_rng(9)
    topic = [str(place // 10) for place in range(200)]
    before = (rng.random(200) < 0.7).astype(float)
    # One topic in four is lost whole: 5 of 20 units, not 50 of 200 items.
    after = np.where(np.arange(200) // 10 % 4 == 0, 0.0, before)
    of_items, of_topics = (
        drift(Versions(*(Version("v", responses=answers({"m": s}, key)) for s in (before, after)))).cells
        for key in (None, topic)
    )
    sums = (after - before).reshape(20, 10).mean(axis=1)
    assert of_topics.p_value[0, 0] == pytest.approx(stats.ttest_1samp(sums, 0).pvalue, rel=0.02)
    assert of_items.p_value[0, 0] < of_topics.p_value[0, 0] / 1000


def test_verdicts_that_changed_stand_beside():
    rng = np.random.default_rng(10)
    right = rng.random(200) < 0.7
    worse = right & (rng.random(200) < 0.6)
    studies = [Study.of(answers({"a": right, "b": other}), title="t") for other in (right, worse)]
    old, new = (study.version(measurand.audit(study, ["P2"])) for study in studies)
    assert drift(Versions(old, old)).verdicts == ()
    found = drift(Versions(old, new))
    statuses = {(each.was.status, each.now.status) for each in found.verdicts}
    assert statuses == {(Status.CAUTION, Status.PASSED)}
    findings = judge(found)
    assert by_title(findings)[VERDICT] == len(found.verdicts)
    assert findings[0].sentence.endswith(f"{len(found.verdicts)} of the {found.verdicts_compared} verdicts changed.")


def test_what_cannot_be_compared_is_said():
    with pytest.raises(NotApplicable, match="no score in common"):
        drift(versions({"a": {"x": 1}}, {"b": {"y": 2}}))
    with pytest.raises(InputError, match=r"should be two of Study\.version"):
        Versions(1, 2)
    with pytest.raises(InputError, match="level"):
        drift(versions({"a": {"x": 1}}, {"a": {"x": 1}}), level=1.5)


def test_figures_hold_every_cell_and_those_that_changed():
    old = random_table(seed=7)
    new = {model: dict(row) for model, row in old.items()}
    new["m3"]["b5"] = old["m3"]["b5"] + 7
    result = drift(versions(old, new))
    changes, both = figure(result, judge(result))
    assert len(changes.columns["score"]) == 2
    assert len(both.columns["old score"]) == 60


def test_the_command_compares_tables_and_saved_audits(tmp_path):
    old = random_table(seed=8)
    new = {model: dict(row) for model, row in old.items()}
    new["m1"]["b2"], new["m4"]["b2"] = old["m4"]["b2"], old["m1"]["b2"]
    paths = []
    for name, table in (("old", old), ("new", new)):
        paths.append(tmp_path / f"{name}.csv")
        pl.DataFrame([{"model": model, **row} for model, row in table.items()]).write_csv(paths[-1])
    words = ["diff", *map(str, paths), "--measures", "none"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "look interchanged" in " ".join(result.output.split())
    assert len(result.output.splitlines()) <= 25
    assert CliRunner().invoke(app, [*words, "--fail-on", "issue"]).exit_code == 1
    comment = CliRunner().invoke(app, [*words, "--markdown"]).output
    assert comment.startswith("**2 of the 60 scores in both versions changed.")
    assert len(comment.splitlines()) < 40
    one = CliRunner().invoke(app, [*words, "--benchmark", "B2", "--model", "m1"]).output
    assert one.startswith("The one score in both versions changed.")
    with pytest.raises(InputError, match="no such file"):
        CliRunner().invoke(app, ["diff", str(tmp_path / "nothing.json"), str(paths[1])], catch_exceptions=False)
    with pytest.raises(UnknownName, match="did you mean 'b2'"):
        CliRunner().invoke(app, [*words, "--benchmark", "b22"], catch_exceptions=False)


def test_the_command_compares_saved_audits_with_each_other_and_with_answers(tmp_path):
    rng = np.random.default_rng(11)
    right = rng.random(150) < 0.8
    lost = right & (rng.random(150) < 0.5)
    audits, tables = [], []
    for name, scores in (("old", right), ("new", lost)):
        tables.append(tmp_path / f"{name}.csv")
        held = answers({"a": right, "b": scores}).frame.select("model", "benchmark", "item", "score").collect()
        held.write_csv(tables[-1])
        audits.append(tmp_path / name / "audit.json")
        result = CliRunner().invoke(app, ["score", str(tables[-1]), "-o", str(tmp_path / name)])
        assert result.exit_code == 0, result.output
    for new in (audits[1], tables[1]):
        result = CliRunner().invoke(app, ["diff", str(audits[0]), str(new), "-o", str(tmp_path / "out")])
        said = " ".join(result.output.split())
        assert "1 of the 2 scores in both versions changed, by more than noise explains." in said
        assert "None of the 3 verdicts changed." in said
    found = measurand.load_audit(tmp_path / "out" / "audit.json")
    (change,) = (f for f in found.findings if f.title == CHANGED)
    assert change.subject == {"benchmark": "b", "model": "b"}
    assert change.estimates[0].value == pytest.approx(lost.mean() - right.mean())
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert "P13" in page
    assert "models by score" not in page
