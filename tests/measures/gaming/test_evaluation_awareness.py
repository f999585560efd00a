"""G11: changes of the score with a cue, by pairs and over doses, on made runs and on published ones."""

from __future__ import annotations

import csv
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import measurand
from measurand.auditing import audit
from measurand.cli import app
from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import find
from measurand.measures.gaming.evaluation_awareness import evaluation_awareness, figure, judge
from measurand.measures.gaming.shared.awareness import by_condition, side_of
from measurand.measures.precision.paired_difference import compare
from measurand.results import Status
from measurand.tables import Responses, Scores, Study


def made(change=0.0, *, n=300, seed=0, conditions=("none", "test"), missing=0.0, clusters=None, model="m", key="cue"):
    """Rows of one model: the last condition is easier by `change` (logistic), those between in proportion."""
    rng = np.random.default_rng(seed)
    difficulty = rng.standard_normal(n)
    steps = np.linspace(0.0, change, len(conditions))
    return [
        {
            "model": model,
            "item": f"q{i}",
            key: condition,
            "score": float(rng.random() < 1 / (1 + np.exp(difficulty[i] - 0.5 - step))),
            **({} if clusters is None else {"passage": f"p{i % clusters}"}),
        }
        for i in range(n)
        for condition, step in zip(conditions, steps, strict=True)
        if rng.random() >= missing
    ]


def responses_of(rows, cluster=None):
    return Responses.build(pl.DataFrame(rows), cluster=cluster)


def assessed(rows, *, cluster=None):
    found = evaluation_awareness(responses_of(rows, cluster))
    return found, judge(found)


def as_models(rows, key="cue"):
    """The same rows with the conditions as models, for P2."""
    named = pl.DataFrame(rows).with_columns(model=pl.col(key))
    return Responses.build(named.drop(key))


@pytest.mark.parametrize("clusters", [None, 12])
@settings(max_examples=25)
@given(st.integers(0, 1000), st.sampled_from([0.0, 0.2]))
def test_a_change_is_the_paired_difference_of_two_models(clusters, seed, missing):
    rows = made(0.8, n=90, seed=seed, missing=missing, clusters=clusters)
    cluster = "passage" if clusters else None
    found, _ = assessed(rows, cluster=cluster)
    (effect,) = found.effects
    models = as_models(rows) if cluster is None else as_models(rows).clustered_by(cluster)
    (pair,) = compare(models).benchmarks[0].differences
    sign = 1 if pair.first == "test" else -1
    assert effect.change.value == pytest.approx(sign * pair.value)
    assert sorted(effect.change[1:]) == pytest.approx(sorted((sign * pair.low, sign * pair.high)))
    assert effect.p_value == pytest.approx(pair.p_value)
    assert (effect.n, effect.clusters) == (pair.n, pair.clusters if clusters else pair.n)


def test_a_change_by_hand_and_items_left_out():
    rows = [("m", f"q{i}", cue, float(i < right)) for cue, right in (("none", 30), ("test", 50)) for i in range(100)]
    rows += [("m", f"extra{i}", "test", 1.0) for i in range(10)]
    found, (top, finding) = assessed([dict(zip(("model", "item", "cue", "score"), row, strict=True)) for row in rows])
    (effect,) = found.effects
    assert (effect.change.value, effect.n, effect.apart) == (pytest.approx(0.2), 100, 10)
    # Twenty items right with the cue only: the exact McNemar test is two-sided, 2 * 0.5 ** 20.
    assert effect.p_value == pytest.approx(2 * 0.5**20)
    assert (effect.without.score.value, effect.without.n) == (0.3, 100)
    assert finding.status is top.status is Status.ISSUE
    assert finding.sentence == (
        "On the same 100 items, the score of m on items changes by 20 points [11.4, 27.8] from “none” to “test”: it "
        "does better where it seems to be tested, so that a score from such a test flatters it. Without a cue it "
        "scores 30% [21.9%, 39.6%]. Left out: 10 items scored in one condition only."
    )


def test_published_runs_of_a_prompted_sandbagger(shared):
    rows = pl.read_csv(shared / "data/sandbagging/bcb/study1_items.csv", infer_schema_length=None)
    named = rows.filter(pl.col("cond").is_in(["A", "B"])).select(
        "model", pl.col("item").cast(pl.String), pl.col("cond").alias("variant"), pl.col("correct").alias("score")
    )
    found = evaluation_awareness(Responses.build(named), condition="variant", baseline="A")
    (llama,) = [each for each in found.effects if each.model == "llama3-8b"]
    # METHODS, as of G8's pair of honest and told: .4015 vs .2600, McNemar 410/127, p 9.7e-36.
    assert llama.change.value == pytest.approx(0.2600 - 0.4015)
    assert llama.p_value == pytest.approx(9.7e-36, rel=0.01)
    assert llama.without.score.value == pytest.approx(0.4015)
    statuses = {finding.subject["model"]: finding.short for finding in judge(found)[1:]}
    assert statuses["llama3-8b"] == "worse when tested"


def test_doses_give_a_trend_within_items():
    doses = ("-2", "-1", "0", "1", "2")
    found, (top, finding) = assessed(made(1.2, conditions=doses, missing=0.1, n=400))
    (effect,) = found.effects
    table = {dose: np.full(400, np.nan) for dose in doses}
    for row in made(1.2, conditions=doses, missing=0.1, n=400):
        table[row["cue"]][int(row["item"][1:])] = row["score"]
    scores, strength = np.array([table[dose] for dose in doses]), np.array([float(dose) for dose in doses])
    run = np.isfinite(scores)
    # Slowly: each item's doses and scores about their own means, all added up.
    products, squares = 0.0, 0.0
    for j in range(400):
        own = strength[run[:, j]] - strength[run[:, j]].mean() if run[:, j].any() else strength[run[:, j]]
        products += float(own @ scores[run[:, j], j])
        squares += float(own @ own)
    assert effect.change.value == pytest.approx(4 * products / squares)
    assert (effect.start, effect.end, effect.doses) == ("-2", "2", 4.0)
    assert effect.without.condition == "0"
    assert finding.status is Status.ISSUE
    assert finding.estimate("change_per_step").value == pytest.approx(effect.change.value / 4)
    assert "as the cue goes from −2 to 2" in finding.sentence
    assert top.sentence == finding.sentence
    (curve,) = figure(found)
    assert curve.kind == "lines"
    assert curve.columns["condition"] == (-2.0, -1.0, 0.0, 1.0, 2.0)


def test_the_trend_does_not_mind_what_any_text_before_the_question_does():
    rows = made(0.0, conditions=("-1", "0", "1"), n=400)
    # Every cue, of either kind, costs the same answers; the trend over strengths is that of the same scores without.
    cued = [row | {"score": row["score"] * (row["cue"] == "0" or int(row["item"][1:]) % 3 > 0)} for row in rows]
    found, (_, finding) = assessed(cued)
    by_pairs = {each.condition: each.score.value for each in found.scores}
    assert by_pairs["1"] < by_pairs["0"] - 0.1
    assert finding.status is not Status.ISSUE


@pytest.mark.parametrize(
    ("change", "n", "status", "short"),
    [
        (1.2, 300, Status.ISSUE, "better when tested"),
        (-1.2, 300, Status.ISSUE, "worse when tested"),
        (0.0, 60, Status.CAUTION, "too few items to tell"),
        (0.0, 6000, Status.PASSED, "a change under 5 points"),
    ],
)
def test_what_a_change_means(change, n, status, short):
    _, (top, finding) = assessed(made(change, n=n))
    assert (finding.status, finding.short, top.short) == (status, short, short)


def test_a_cue_of_deployment_turns_the_meaning_and_so_does_a_benchmark_where_lower_is_better():
    _, (_, finding) = assessed(made(-1.2, conditions=("none", "deployment")))
    assert finding.short == "better when tested"
    rows, table = made(1.2), pl.DataFrame({"model": ["m"], "benchmark": ["items"], "score": [62.0]})
    facts = pl.DataFrame({"benchmark": ["items"], "higher_is": ["worse"], "maximum": [100.0]})
    found = evaluation_awareness(responses_of(rows), Scores.build(table, None, facts))
    finding = judge(found)[1]
    assert finding.short == "worse when tested"
    assert finding.estimate("reported_score").value == pytest.approx(0.62)
    assert "; 62% was reported." in finding.sentence


@pytest.mark.parametrize(
    ("start", "end", "side"),
    [
        ("none", "exam", 1),
        ("none", "In production", -1),
        ("deployment", "honeypot", 1),
        ("benchmark", "plain", -1),
        ("unwatched", "watched", 1),
        ("0", "3", 1),
        ("0", "-1.5", -1),
        ("none", "cue", 1),
    ],
)
def test_which_of_two_conditions_looks_like_a_test(start, end, side):
    assert side_of(start, end) == side


def test_many_changes_are_one_family():
    conditions = ("none", *(f"cue {k}" for k in range(6)))
    rows = [row for m in range(4) for row in made(0.0, n=120, seed=m, conditions=conditions, model=f"m{m}")]
    found, (top, *each) = assessed(rows)
    p_values = np.array([effect.p_value for effect in found.effects])
    assert len(p_values) == 24
    # Holm, written out.
    order = np.argsort(p_values)
    stepped = np.maximum.accumulate(p_values[order] * np.arange(24, 0, -1)).clip(max=1)
    assert np.array([effect.adjusted for effect in found.effects])[order] == pytest.approx(stepped)
    assert top.status is Status.CAUTION
    assert top.sentence.startswith("None of the 24 scores is shown to change where the questions look like a test")
    alone = [f for f in each if f.short == "could be chance among so many"]
    assert all("but not among the 24 changes looked at" in f.sentence for f in alone)


def test_the_headline_counts_both_directions():
    rows = made(1.5, model="up") + made(-1.5, model="down") + made(0.0, model="same")
    _, (top, *_) = assessed(rows)
    assert top.sentence.startswith(
        "1 of the 3 scores is clearly better where the questions look like a test, and 1 is clearly worse. "
    )
    assert top.short == "2 of 3 changed by the cue"


def test_scores_that_never_change_are_no_certainty():
    rows = [row | {"score": 1.0} for row in made(n=40, clusters=10)]
    found, (_, finding) = assessed(rows, cluster="passage")
    change = found.effects[0].change
    # Bonett and Price's interval of as many unchanged pairs as there are clusters: 1 each way in 12.
    assert change.value == 0
    assert change.high == pytest.approx(1.96 * (2 / 12 / 12) ** 0.5, abs=1e-3) == -change.low
    assert finding.status is Status.CAUTION


def named(rows, **columns):
    return pl.DataFrame(rows).with_columns(**columns)


def test_conditions_are_variants_columns_or_settings_of_runs():
    rows = made(0.5)
    expected = evaluation_awareness(responses_of(rows)).effects
    variants = Responses.build(pl.DataFrame(rows).rename({"cue": "variant"}))
    assert evaluation_awareness(variants, condition="variant").effects == expected
    by_setting = named(rows, model=pl.format("m (cue={}, shots=5)", pl.col("cue"))).drop("cue")
    (effect,) = evaluation_awareness(Responses.build(by_setting)).effects
    assert (effect.model, effect.change) == ("m (shots=5)", expected[0].change)
    found = by_condition(Responses.build(pl.DataFrame(made(0.5, key="Mode"))), "mode", None)
    assert (found.key, found.baseline) == ("Mode", "none")


def test_the_key_of_conditions_is_no_cluster():
    rows = made(0.5)
    found = evaluation_awareness(responses_of(rows, "cue"), condition="cue")
    assert found.effects == evaluation_awareness(responses_of(rows)).effects


def test_prompts_within_a_condition_are_runs_of_its_items():
    rows = pl.DataFrame([row | {"variant": v} for v, seed in (("a", 0), ("b", 1)) for row in made(1.0, seed=seed)])
    (effect,) = evaluation_awareness(Responses.build(rows)).effects
    means = rows.group_by("item", "cue").agg(pl.col("score").mean()).pivot("cue", index="item", values="score")
    assert effect.change.value == pytest.approx((means["test"] - means["none"]).mean())
    assert effect.method.startswith("paired")


@pytest.mark.parametrize(
    ("rows", "given", "error", "message"),
    [
        (made(key="mood"), {}, NotApplicable, "nothing names a condition"),
        (made(key="mood"), {"condition": "mod"}, UnknownName, "no condition named 'mod'; did you mean 'mood'"),
        (made(), {"baseline": "nine"}, UnknownName, "no value of cue named 'nine'; did you mean 'none'"),
        (made(conditions=("a", "b")), {}, NotApplicable, "none of the values of cue says .* cue: a, b"),
        (made(conditions=("a", "b")), {"condition": "cue"}, InputError, "none of the values of cue says .* cue: a, b"),
        (made(conditions=("none",)), {}, NotApplicable, "cue is none throughout"),
        ([row | {"cue": None} for row in made()], {"condition": "cue"}, NotApplicable, "cue has no value"),
        (made(n=30, conditions=[f"c{i}" for i in range(25)]), {"condition": "cue"}, InputError, "cue has 25 values"),
        (made(), {"level": 95}, InputError, "did you mean 0.95"),
        (made(n=15), {}, NotApplicable, "15 items were scored in both “none” and “test”"),
        (
            [r for r in made() if (r["cue"] == "none") == (int(r["item"][1:]) < 150)],
            {},
            NotApplicable,
            "no item was scored in both",
        ),
        ([row | {"score": 7 * row["score"]} for row in made()], {}, NotApplicable, "not shares from 0 to 1"),
    ],
)
def test_what_cannot_be_assessed_is_said(rows, given, error, message):
    with pytest.raises(error, match=message):
        evaluation_awareness(responses_of(rows), **given)


def test_what_one_model_lacks_is_a_row():
    rows = made(0.5) + made(conditions=("test",), model="other")
    found, findings = assessed(rows)
    assert len(found.effects) == 1
    assert findings[-1].sentence == "Not assessed: it was run in 1 condition only."
    assert findings[-1].subject == {"benchmark": "items", "model": "other"}


def test_a_condition_on_other_items_is_refused_and_the_others_are_not():
    rows = made(1.2, conditions=("none", "test", "exam"))
    rows = [row | {"item": row["item"] + "x" * (row["cue"] == "exam")} for row in rows]
    found, findings = assessed(rows)
    assert [effect.end for effect in found.effects] == ["test"]
    assert findings[-1].subject["condition"] == "exam"
    assert findings[-1].sentence == (
        "Not assessed: no item was scored in both “none” and “exam”, of 300: between different items a change of the "
        "score may be one of the items."
    )


def test_doses_that_are_the_same_number_are_no_trend():
    found, _ = assessed(made(0.5, conditions=("0", "1", "1.0")))
    assert [(effect.end, effect.doses) for effect in found.effects] == [("1", None), ("1.0", None)]


def test_without_conditions_an_audit_says_what_would_be_needed():
    rows = pl.DataFrame(made()).filter(pl.col("cue") == "none").drop("cue")
    found = audit(Study(title="t", responses=Responses.build(rows)), [find("G11")])
    assert found.findings[0].status is Status.NOT_APPLICABLE
    assert "the key that names the condition" in found.findings[0].sentence


def test_the_public_function_takes_a_frame():
    found = measurand.evaluation_awareness(responses_of(made(1.2)))
    assert found.headline.status is Status.ISSUE


def test_the_command_on_a_messy_table(tmp_path):
    rows = made(1.2, missing=0.1, clusters=40, key="mode", conditions=("In deployment", "test", "exam"), n=400)
    rows += made(0.0, missing=0.1, clusters=40, key="mode", conditions=("In deployment", "test"), n=400, model="other")
    for place in range(0, len(rows), 50):
        rows[place] = rows[place] | {"score": "error"}
    with open(tmp_path / "runs.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    words = ["awareness", str(tmp_path / "runs.csv"), "--condition", "mode", "--baseline", "in deployment"]
    done = CliRunner().invoke(
        app, [*words, "-o", str(tmp_path / "out")], catch_exceptions=False, env={"COLUMNS": "100"}
    )
    assert done.exit_code == 0
    head = done.stdout.splitlines()
    assert head[0].startswith("2 of the 3 scores are clearly better where the questions look like a test.")
    assert "without a cue" in done.stdout
    assert len(head) <= 25
    found = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    assert {finding["code"] for finding in found["findings"]} == {"G11"}
    refused = CliRunner().invoke(app, [*words[:2], "--condition", "mode", "--baseline", "depoyment"])
    assert isinstance(refused.exception, UnknownName)
    assert "no value of mode named 'depoyment'; did you mean 'In deployment'?" in str(refused.exception)
