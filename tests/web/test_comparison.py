"""The comparison explorer: what the measures say, as rows, a pair, items and a slider."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats
from starlette.testclient import TestClient

import measurand
from measurand.errors import NotApplicable, UnknownName
from measurand.measures.precision.shared.differing import Differing
from measurand.store import ingest
from measurand.tables import Responses
from measurand.web.app import create_app
from measurand.web.comparison import PER_PAGE, Settings, view
from measurand.web.pages import _marks


@pytest.fixture(scope="module")
def responses(item_rows):
    return Responses.build(item_rows(), cluster="passage")


def test_rows_are_the_scores_and_letters_of_the_measures(responses):
    found = view(responses, Settings())
    scores = measurand.score_intervals(responses).result
    averages = {each.model: each for each in scores.averages}
    letters = dict(zip(scores.comparison.average.models, scores.comparison.average.letters, strict=True))
    assert [row.model for row in found.rows] == list(scores.comparison.average.models)
    for row in found.rows:
        of = averages[row.model]
        assert (row.score, row.low, row.high) == (of.value, of.interval.low, of.interval.high)
        assert row.letters.replace(" ", "").lower() == letters[row.model]


@pytest.mark.parametrize("weights", ["tasks", "items"])
@pytest.mark.parametrize("pair", [("atlas", "borealis"), ("dune", "atlas")])
def test_a_pair_is_what_compare_says_seen_from_the_first(responses, pair, weights):
    found = view(responses, Settings(first=pair[0], second=pair[1], weights=weights, margin=3))
    result = measurand.compare(responses, pair=pair, same_within=0.03, weights=weights).result
    for task, of in zip(found.pair, result.all, strict=True):
        d = of.differences[0]
        sign = 1 if d.first == pair[0] else -1
        assert task.difference.value == pytest.approx(sign * d.value)
        assert sorted([sign * d.low, sign * d.high]) == pytest.approx([task.difference.low, task.difference.high])
        if d.alike < 0.05:
            assert task.verdict == "same"
        elif d.adjusted < 0.05:
            assert task.verdict == ("first" if sign * d.value > 0 else "second")
        else:
            assert task.verdict == "open"


def test_turning_the_pair_round_turns_the_verdicts_round(responses):
    one = view(responses, Settings(first="atlas", second="dune"))
    other = view(responses, Settings(first="dune", second="atlas"))
    turned = {"first": "second", "second": "first", "same": "same", "open": "open"}
    assert [turned[task.verdict] for task in one.pair] == [task.verdict for task in other.pair]
    assert one.counts["first"] == other.counts["second"]


def test_items_that_differ_are_all_of_them_with_both_answers(responses, item_rows):
    rows = item_rows().filter(pl.col("benchmark") == "reading").group_by("model", "item").agg(pl.col("score").mean())
    means = {(model, item): score for model, item, score in rows.iter_rows()}
    expected = {item for _, item in means if means["atlas", item] != means["dune", item]}
    seen, page = [], 1
    while True:
        found = view(responses, Settings(first="atlas", second="dune", task="reading", page=page))
        seen += found.items
        if page == found.pages:
            break
        page += 1
    assert {item.item for item in seen} == expected
    assert len(seen) == found.counts["all"] == len(expected)
    assert found.counts["first"] + found.counts["second"] == len(expected)
    assert all(item.scores == (means["atlas", item.item], means["dune", item.item]) for item in seen)
    assert all(answer in ("A", "B") for item in seen for answer in item.answers)
    assert [item.gap for item in seen] == sorted((item.gap for item in seen), reverse=True)


@pytest.mark.parametrize("show", ["first", "second", "runs"])
def test_a_sort_of_items_is_as_many_as_was_counted(responses, show):
    whole = view(responses, Settings(first="atlas", second="dune", task="reading"))
    found = view(responses, Settings(first="atlas", second="dune", task="reading", show=show))
    assert found.counts == whole.counts
    assert len(found.items) == min(PER_PAGE, found.counts[show])
    if show == "runs":
        assert all(item.gap == 1 for item in found.items)


@pytest.mark.parametrize("items", [50, 120, 5000])
def test_the_slider_says_what_so_many_items_would_settle(responses, items):
    found = view(responses, Settings(first="atlas", second="borealis", items=items))
    average = measurand.compare(responses, pair=("atlas", "borealis")).result.average.differences[0]
    reach = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert found.settled == pytest.approx(reach * average.stderr * np.sqrt(average.n / items))
    assert found.needed == int(np.ceil(average.n * (reach * average.stderr / average.value) ** 2))


def test_the_power_is_what_it_is_said_to_be():
    # 40 pairs of runs whose models differ by what 200 items were said to settle: about 80% are told apart.
    rng = np.random.default_rng(5)
    pilot = Responses.build(_pair(rng, 200, 0.0))
    gap = view(pilot, Settings(items=200)).settled
    told = 0
    for _ in range(60):
        found = view(Responses.build(_pair(rng, 200, gap)), Settings(margin=0.1))
        told += found.pair[-1].verdict in ("first", "second")
    assert 0.65 <= told / 60 <= 0.95


def _pair(rng, items, gap):
    ease = rng.uniform(0.2, 0.6, items)
    rows = [
        (model, "task", str(item), float(rng.random() < ease[item] + shift))
        for model, shift in (("a", 0.0), ("b", gap))
        for item in range(items)
    ]
    return pl.DataFrame(rows, schema=["model", "benchmark", "item", "score"], orient="row")


def test_marks_count_runs_and_numbers_stay_numbers():
    item = Differing(benchmark="b", item="1", scores=(0.5, 0.37), epochs=(2, 3))
    assert _marks(item, 0).count("✓") == _marks(item, 0).count("✗") == 1
    assert "0.37" in _marks(item, 1)
    assert "right 1 of 2 times" in _marks(item, 0)


def test_one_model_cannot_be_compared(responses):
    with pytest.raises(NotApplicable, match="one model"):
        view(responses.only(models=["atlas"]), Settings())


@pytest.mark.parametrize("given", [{"first": "atlass"}, {"second": "boreal"}, {"task": "readin"}])
def test_names_that_are_not_there_are_said(responses, given):
    with pytest.raises(UnknownName, match="did you mean"):
        view(responses, Settings(**given))


def test_hostile_answers_are_inert(tmp_path, item_rows):
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m"
    rows = item_rows(items=20).with_columns(
        answer=pl.lit(bad), model=pl.col("model") + '"><script>x()</script>', item=pl.col("item") + "<svg onload=x()>"
    )
    rows.write_parquet(tmp_path / "bad.parquet")
    with TestClient(create_app(tmp_path), base_url="http://127.0.0.1") as client:
        for path in ("/comparison", "/leaderboard", "/claims"):
            page = client.get(f"{path}?of=bad.parquet").text
            assert "<script>alert" not in page, path
            assert "<script>x()" not in page, path
            assert "<img src=x" not in page, path
            assert "<svg onload" not in page, path
            assert "\x1b" not in page, path


def test_the_page_the_data_and_the_files_say_the_same(client):
    query = "of=items.parquet&first=atlas&second=dune"
    page, data = client.get(f"/comparison?{query}").text, client.get(f"/api/comparison?{query}").json()
    assert data["title"] in page
    assert data["gate"] == (
        "measurand gate items.parquet \\\n  --candidate atlas \\\n  --baseline dune \\\n  --margin 2"
    )
    assert client.get(f"/comparison/download/csv?{query}").text.count("\n") > 3
    assert client.get(f"/comparison/download/svg?{query}").content.startswith(b"<svg")
    assert "toprule" in client.get(f"/comparison/download/tex?{query}").text


def test_a_key_can_be_chosen(client):
    shown = client.get("/api/comparison?of=items.parquet&cluster=none").json()
    together = client.get("/api/comparison?of=items.parquet&cluster=passage").json()
    assert not any("passage" in note for note in shown["notes"])
    assert any("passage" in note for note in together["notes"])
    assert shown["pair"][0]["difference"]["low"] != together["pair"][0]["difference"]["low"]


@pytest.fixture
def reruns(tmp_path):
    """Two runs of two models under the same settings, in a file each."""
    (tmp_path / "runs").mkdir()
    rng = np.random.default_rng(4)
    for day in (1, 2):
        rows = [
            (m, "t", str(i), float(rng.random() < share)) for m, share in (("a", 0.8), ("b", 0.6)) for i in range(80)
        ]
        frame = pl.DataFrame(rows, schema=["model", "benchmark", "item", "score"], orient="row")
        frame.write_csv(tmp_path / "runs" / f"day {day}.csv")
    return tmp_path


def test_a_run_can_be_chosen(reruns):
    frames = [pl.read_csv(reruns / "runs" / f"day {day}.csv") for day in (1, 2)]
    means = {
        (day, model): rows["score"].mean()
        for day, frame in enumerate(frames)
        for (model,), rows in frame.group_by("model")
    }
    with TestClient(create_app(reruns), base_url="http://127.0.0.1:8765") as client:
        together = client.get("/api/comparison?of=runs").json()
        assert {row["model"]: row["score"] for row in together["rows"]} == {
            model: pytest.approx((means[0, model] + means[1, model]) / 2) for model in "ab"
        }
        assert together["reruns"]
        assert "Reruns of a model count together." in together["notes"]
        query = "of=runs&runs=apart&first=a+(run+2)&second=b"
        apart = client.get(f"/api/comparison?{query}").json()
        assert {row["model"]: row["score"] for row in apart["rows"]} == {
            f"{model}{run}": pytest.approx(means[day, model])
            for day, run in enumerate(("", " (run 2)"))
            for model in "ab"
        }
        (pair,) = apart["pair"]
        assert pair["difference"]["value"] == pytest.approx(means[1, "a"] - means[0, "b"])
        assert "Reruns" not in " ".join(apart["notes"])
        assert "--duplicates runs" in apart["command"]
        assert client.get(f"/api/comparison?{query.replace('apart', 'together')}").json()["settings"]["first"] == "a"
        page = client.get(f"/comparison?{query}").text
        assert '<option value="apart" selected>each by itself</option>' in page
    ingest([reruns / "runs"], reruns / "store")
    for where in ("runs", "store"):
        study = measurand.read(reruns / where, duplicates="runs")
        found = measurand.compare(study, pair=("a (run 2)", "b")).result.benchmarks[0].differences[0]
        assert abs(found.value) == pytest.approx(abs(pair["difference"]["value"]))


def test_runs_under_several_settings_are_rows_to_choose_from(tmp_path):
    rows = [("m", effort, str(i), float(i < right)) for effort, right in (("low", 20), ("high", 45)) for i in range(60)]
    frame = pl.DataFrame(rows, schema=["model", "reasoning_effort", "item", "score"], orient="row")
    frame.write_csv(tmp_path / "quiz.csv")
    with TestClient(create_app(tmp_path), base_url="http://127.0.0.1:8765") as client:
        found = client.get("/api/comparison?of=quiz.csv&first=m+(reasoning_effort%3Dlow)").json()
    assert [row["model"] for row in found["rows"]] == ["m (reasoning_effort=high)", "m (reasoning_effort=low)"]
    assert found["settings"]["second"] == "m (reasoning_effort=high)"
    assert found["pair"][0]["verdict"] == "second"
    assert not found["reruns"]


def test_without_a_source_it_asks_which(client):
    assert "Which logs" in client.get("/comparison").text
    assert client.get("/api/comparison").status_code == 422
