"""What P1, P2, P3, P9 and P10 say first, of one set of results whose order is known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from measurand.measures import find
from measurand.results import AVERAGE, Answer, Status
from measurand.tables import Responses, Votes


def responses(
    truth: dict[str, dict[str, float]], items: int = 300, seed: int = 0, clusters: int | None = None
) -> Responses:
    """Right and wrong answers of models to the same items of each task, at rates that are theirs."""
    rng = np.random.default_rng(seed)
    rows = []
    for task, rates in truth.items():
        hard = rng.uniform(size=items)
        for model, rate in rates.items():
            right = hard + rng.normal(0, 0.1, items) < rate
            rows += [(model, task, f"{task}-{i}", float(right[i]), f"p{i % (clusters or items)}") for i in range(items)]
    frame = pl.DataFrame(rows, schema=["model", "benchmark", "item", "score", "cluster"], orient="row")
    return Responses.build(frame if clusters else frame.drop("cluster"))


TASKS = {
    "sums": {"best": 0.95, "twin": 0.95, "last": 0.4},
    "texts": {"best": 0.8, "twin": 0.79, "last": 0.3},
}


def asked(code: str, evidence: object, **settings: object) -> Answer:
    measure = find(code)
    found = measure.compute(evidence, **settings)
    answer = measure.answers(found, measure.findings(found))
    assert answer is not None
    return answer


def test_scores_name_who_leads_and_put_the_best_first():
    said = asked("P1", responses(TASKS))
    assert said.sentence.endswith("lead, statistically tied.")
    assert "best (" in said.sentence
    assert "twin (" in said.sentence
    (table,) = said.tables
    assert table.head == ("model", "average", "group", "sums", "texts")
    assert {row[0] for row in table.rows[:2]} == {"best", "twin"}
    assert [row[2] for row in table.rows] == ["A", "A", "B"]
    assert "Items count as independent." in said.notes


def test_one_score_is_its_own_answer():
    said = asked("P1", responses({"sums": {"m": 0.5}}))
    assert said.sentence.startswith("The score of m on sums is ")
    assert said.tables[0].head == ("model", "sums", "items")


def test_one_model_on_several_tasks_has_an_average_in_words():
    said = asked("P1", responses({"sums": {"m": 0.5}, "texts": {"m": 0.7}}))
    assert said.sentence.startswith("m scores ")
    assert said.sentence.endswith("on average over 2 tasks.")


def test_a_model_that_ran_one_task_has_no_average():
    truth = {"sums": {"a": 0.9, "b": 0.5, "c": 0.7}, "texts": {"a": 0.9, "b": 0.5}}
    (table,) = asked("P1", responses(truth)).tables
    rows = {row[0]: row for row in table.rows}
    assert rows["c"][1:3] == ("", "")
    assert table.rows[-1][0] == "c"


def test_the_average_weighs_tasks_alike_and_adds_up_their_variances():
    result = find("P1").compute(responses(TASKS, items=200))
    (own,) = [each for each in result.averages if each.model == "last"]
    scores = [score for score in result.scores if score.model == "last"]
    assert own.value == pytest.approx(np.mean([score.value for score in scores]))
    # By hand: tasks are strata, so the variance of their mean is that of the sum over 2 squared.
    stderr = np.sqrt(sum(score.stderr**2 for score in scores)) / 2
    assert own.interval.half_width == pytest.approx(1.97 * stderr, rel=0.02)
    assert own.n == 400


def test_a_comparison_of_two_says_what_each_does_better_and_what_is_the_same():
    truth = {"sums": {"a": 0.9, "b": 0.7}, "texts": {"a": 0.5, "b": 0.8}, "facts": {"a": 0.6, "b": 0.6}}
    said = asked("P2", responses(truth, items=1000), pair=("a", "b"), same_within=0.05)
    assert "a is better on sums" in said.sentence
    assert "b is better on texts" in said.sentence
    assert "they are the same within 5 points on facts" in said.sentence
    table, items = said.tables
    assert items.title == "Items that differ"
    assert [row[0] for row in table.rows] == ["sums", "facts", "texts", AVERAGE]
    assert (Status.CAUTION, "The average hides that the tasks disagree: say which task matters before choosing.") in (
        said.cautions
    )


def test_the_pooled_difference_is_the_mean_of_the_tasks_and_can_weigh_items():
    parts = [responses({name: TASKS[name]}, items=n) for name, n in (("sums", 100), ("texts", 400))]
    both = Responses(pl.concat([part.frame for part in parts], how="diagonal"))
    for weights, shares in (("tasks", (0.5, 0.5)), ("items", (0.2, 0.8))):
        result = find("P2").compute(both, weights=weights)
        of = {task.benchmark: {(d.first, d.second): d for d in task.differences} for task in result.all}
        pooled = of[AVERAGE]["best", "last"]
        tasks = [of[name]["best", "last"] for name in ("sums", "texts")]
        assert pooled.value == pytest.approx(sum(w * d.value for w, d in zip(shares, tasks, strict=True)))
        errors = sum((w * d.stderr) ** 2 for w, d in zip(shares, tasks, strict=True))
        assert pooled.stderr == pytest.approx(np.sqrt(errors))


@pytest.mark.slow
def test_pooled_intervals_cover_and_equal_models_are_seldom_told_apart():
    rng = np.random.default_rng(11)
    covered, found = [], []
    for seed in range(300):
        tasks = {f"t{t}": {"a": 0.6, "b": 0.6} for t in range(3)}
        result = find("P2").compute(responses(tasks, items=int(rng.integers(40, 200)), seed=seed, clusters=20))
        (d,) = result.average.differences
        covered.append(d.low <= 0 <= d.high)
        found.append(d.adjusted < 0.05)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)
    assert np.mean(found) <= 0.05 + 2 * 0.0126


def different_items() -> Responses:
    """Two models that ran the same items of one task, and nearly none in common of another."""
    rng = np.random.default_rng(0)
    rows = [(m, "x", f"x{i}", float(rng.random() < rate)) for m, rate in (("a", 0.6), ("b", 0.5)) for i in range(60)]
    rows += [("a", "y", f"y{i}", float(rng.random() < 0.6)) for i in range(60)]
    rows += [("b", "y", f"y{i + 55}", float(rng.random() < 0.6)) for i in range(40)]
    return Responses.build(pl.DataFrame(rows, schema=["model", "benchmark", "item", "score"], orient="row"))


@pytest.mark.parametrize("weights", ["tasks", "items"])
@pytest.mark.parametrize("pair", [None, ("a", "b")])
def test_tasks_run_on_different_items_count_by_the_difference_of_their_means(weights, pair):
    result = find("P2").compute(different_items(), weights=weights, pair=pair)
    x, y, average = (next(d for d in task.differences) for task in result.all)
    assert (x.paired, y.paired, average.paired) == (True, False, False)
    seen = [d.value if d.first == average.first else -d.value for d in (x, y)]
    share = (0.5, 0.5) if weights == "tasks" else (60 / 100, 40 / 100)
    assert average.value == pytest.approx(np.dot(share, seen))
    assert average.stderr == pytest.approx(
        np.sqrt(sum((w * d.stderr) ** 2 for w, d in zip(share, (x, y), strict=True)))
    )
    said = find("P2").answers(result, find("P2").findings(result))
    assert (Status.CAUTION, "1 pair was compared on different questions.") in said.cautions


@pytest.mark.parametrize("models", [60, 230])
def test_who_leads_is_said_of_any_number_of_models(models):
    rng = np.random.default_rng(1)
    rows = [
        (f"m{k}", "x", f"x{i}", float(rng.random() < 0.1 + 0.8 * (k == 7))) for k in range(models) for i in range(80)
    ]
    frame = pl.DataFrame(rows, schema=["model", "benchmark", "item", "score"], orient="row")
    said = asked("P1", Responses.build(frame))
    assert said.sentence.startswith("m7 (")
    assert said.sentence.endswith("leads on x, ahead of every other model.")
    assert said.tables[0].head == ("model", "x", "items")


def test_many_tied_models_are_counted():
    said = asked("P1", responses({"x": {f"m{k}": 0.5 for k in range(8)} | {"last": 0.05}}))
    assert said.sentence.endswith("leads on x, statistically tied with 7 of the other 8 models.")


def test_scores_that_are_no_shares_have_no_average():
    frame = pl.DataFrame(
        [(m, t, str(i), float(i % 7) + k) for t in "xy" for k, m in enumerate("ab") for i in range(50)],
        schema=["model", "benchmark", "item", "score"],
        orient="row",
    )
    result = find("P2").compute(Responses.build(frame))
    assert result.average is None
    assert asked("P2", Responses.build(frame)).tables[0].head == ("task", "leader", "tied with it", "pairs", "differ")


def test_plans_put_the_least_noisy_task_first():
    said = asked("P3", responses({**TASKS, "noise": {"best": 0.5, "twin": 0.5, "last": 0.5}}), effect=0.03)
    (table,) = said.tables
    smallest = [float(row[2].split()[0]) for row in table.rows]
    assert smallest == sorted(smallest)
    assert "to find a difference of 3 points between two models (80% power)" in said.sentence


def test_ranks_that_are_tied_are_ranges():
    said = asked("P9", responses(TASKS), rng=np.random.default_rng(0))
    assert said.sentence.startswith("First place is settled on none of 2 benchmarks.")
    rows = {row[0]: row[1:] for row in said.tables[0].rows}
    assert rows["last"] == ("3", "3")
    assert "1–2" in rows["best"]


def test_an_arena_shows_its_table_of_ranks():
    wins = [("A", "B", 300), ("B", "A", 100), ("B", "C", 300), ("C", "B", 100), ("A", "C", 350), ("C", "A", 50)]
    rows = [(a, b, "model_a") for a, b, count in wins for _ in range(count)]
    votes = Votes.build(pl.DataFrame(rows, schema=["model_a", "model_b", "winner"], orient="row"))
    said = asked("P10", votes, rng=np.random.default_rng(0))
    assert said.sentence == "A leads, ahead of every other model. Every model is told apart from the next."
    assert [row[:2] for row in said.tables[0].rows] == [("1", "A"), ("2", "B"), ("3", "C")]
