"""The entanglement explorer: numbers of the Python API, words that change with the verdict, and what can be saved."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest

import measurand
from measurand.errors import NotApplicable, UnknownName
from measurand.web.entanglement import Settings, explore

CHOICES = [
    {},
    {"drop": ["Mistral-7B-Instruct-v0.2"]},
    {"drop": ["Qwen1.5-0.5B-Chat", "Llama-2-70b-chat-hf"], "correlation": "kendall"},
    {"class": "base", "combined": "average", "correlation": "pearson"},
    {"benchmark": "bbq_amb", "threshold": 0.3},
    {"benchmark": "wmdp_bio", "capability": ["mmlu", "gsm8k", "hellaswag", "arc_challenge"]},
    {"benchmark": "hle_calibration", "of": "frontier_2026"},
]


def asked(**given) -> Settings:
    return Settings.model_validate({"of": "safetywashing_2024", "benchmark": "truthfulqa_mc1", **given})


def scores_of(settings):
    return measurand.load_example(settings.of).scores


def known(scores, given):
    """The choices with benchmarks that the study has."""
    names = set(scores.benchmarks["benchmark"])
    capability = [name for name in given.get("capability", []) if name in names]
    return {**given, **({"capability": capability} if "capability" in given else {})}


@pytest.mark.parametrize("given", CHOICES, ids=str)
def test_numbers_are_those_of_the_python_shown(given):
    settings = asked(**known(scores_of(asked(**given)), given))
    if settings.benchmark not in set(scores_of(settings).benchmarks["benchmark"]):
        settings = settings.changed(benchmark=scores_of(settings).benchmarks_of("safety")[0])
    try:
        found = explore(scores_of(settings), settings)
    except NotApplicable:
        pytest.skip("this study has too few models for that, which other tests cover")
    code = found.python.replace("print(", "result = (").replace(").sentence)", "))")
    told: dict = {}
    exec(code, told)
    estimate = told["result"].estimates[0]
    assert found.now == pytest.approx((estimate.value, estimate.low, estimate.high), abs=1e-12)
    assert found.sentence == told["result"].sentence
    assert found.verdict == told["result"].result["verdict"]
    assert found.n == estimate.n


@pytest.mark.slow
def test_the_command_shown_gives_the_same_number():
    found = explore(scores_of(asked()), asked(drop=["Mistral-7B-Instruct-v0.2"], correlation="kendall", threshold=0.4))
    command = found.command.replace("\\\n", " ").split()
    run = [sys.executable, "-m", "measurand", *command[1:], "--json"]
    shown = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    subject = {"benchmark": "truthfulqa_mc1", "class": "chat"}
    of = next(f for f in json.loads(shown)["findings"] if f["code"] == "V1" and f["subject"] == subject)
    assert of["sentence"] == found.sentence


def test_before_is_what_it_is_with_no_model_left_out():
    scores = scores_of(asked())
    everyone, fewer = explore(scores, asked()), explore(scores, asked(drop=["Mistral-7B-Instruct-v0.2"]))
    assert fewer.before == everyone.now
    assert (everyone.n, fewer.n, fewer.n_before) == (26, 25, 26)
    assert fewer.title.startswith("Without Mistral-7B-Instruct-v0.2, TruthfulQA MC1")


def test_a_model_left_out_lies_where_the_score_without_it_puts_it():
    scores = scores_of(asked())
    name = "Mistral-7B-Instruct-v0.2"
    found = explore(scores, asked(drop=[name]))
    (out,) = [point for point in found.points if point.left_out]
    assert out.model == name
    kept = [model for model in scores.models_of("chat") if model != name]
    makers = scores.benchmarks_of("capability")
    values, own = scores.matrix(kept, makers), scores.matrix([name], makers)[0]
    weights = np.array([found.weights[maker] for maker in makers])
    assert out.capability == pytest.approx(float((own - values.mean(0)) / values.std(0) @ weights))
    assert out.score == scores.matrix([name], ["truthfulqa_mc1"])[0, 0]


def test_the_line_is_least_squares_of_those_kept():
    found = explore(scores_of(asked()), asked(drop=["Qwen1.5-0.5B-Chat"]))
    kept = [point for point in found.points if not point.left_out]
    slope, start = np.polyfit([point.capability for point in kept], [point.score for point in kept], 1)
    for x, y in found.line:
        assert y == pytest.approx(start + slope * x)


def test_the_curve_is_that_of_robustness():
    scores = scores_of(asked())
    part = scores.only(benchmarks=["truthfulqa_mc1"], models=scores.models_of("chat"))
    curve = measurand.robustness(part, most_dropped=1).result.classes[0].curve[:, 0]
    assert explore(scores, asked()).curve == pytest.approx(np.sort(curve[np.isfinite(curve)]))


def test_every_default_ticked_is_the_default():
    scores = scores_of(asked())
    ticked = explore(scores, asked(capability=list(scores.benchmarks_of("capability")))).settings
    assert ticked == explore(scores, asked()).settings


def test_the_title_says_what_is_found():
    scores = scores_of(asked())
    titles = {name: explore(scores, asked(benchmark=name)).title for name in ("truthfulqa_mc1", "wmdp_bio", "bbq_amb")}
    assert titles["truthfulqa_mc1"] == "TruthfulQA MC1 rises with general capability"
    assert "gets worse" in titles["wmdp_bio"] or "too few" in titles["wmdp_bio"]


@pytest.mark.parametrize(
    "given",
    [{"benchmark": "truthfulqa"}, {"class": "chta"}, {"drop": ["Mistral"]}, {"capability": ["mlu"]}],
    ids=str,
)
def test_names_that_are_not_there_are_said_with_the_near_ones(given):
    with pytest.raises(UnknownName, match=r"did you mean|no class of models"):
        explore(scores_of(asked()), asked(**given))


def test_too_few_models_left_are_said():
    scores = scores_of(asked())
    with pytest.raises(NotApplicable, match="7 of 7"):
        explore(scores, asked(drop=list(scores.models_of("chat"))[:19]))


@pytest.mark.parametrize("kind", ["svg", "png", "pdf", "csv", "tex"])
def test_what_is_saved(client, kind):
    query = "benchmark=truthfulqa_mc1&drop=Mistral-7B-Instruct-v0.2"
    answer = client.get(f"/entanglement/download/{kind}?{query}")
    assert answer.status_code == 200
    assert f"truthfulqa_mc1.{kind}" in answer.headers["content-disposition"]
    begins = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF", "csv": b"model,", "tex": b"%"}
    assert answer.content.startswith(begins[kind]) or kind == "tex"
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        points = client.get(f"/api/entanglement?{query}").json()["points"]
        assert [float(row["capabilities_score"]) for row in rows] == [point["capability"] for point in points]
        assert [row["left_out"] for row in rows].count("yes") == 1
    if kind == "tex":
        assert "toprule" in answer.text


def test_the_page_and_the_data_say_the_same(client):
    query = "benchmark=truthfulqa_mc1&drop=Mistral-7B-Instruct-v0.2"
    page, data = client.get(f"/entanglement?{query}").text, client.get(f"/api/entanglement?{query}").json()
    assert data["title"] in page
    assert data["sentence"].replace("'", "&#39;") in page
    assert page.count('class="mark"') == 25
    assert page.count('class="mark out"') == 1


def test_only_the_view_is_sent_where_only_it_is_exchanged(client):
    whole = client.get("/entanglement?benchmark=bbq_amb")
    part = client.get("/entanglement?benchmark=bbq_amb&class=chat&combined=component", headers={"hx-request": "true"})
    assert "<html" in whole.text
    assert re.match(r'<title>[^<]+</title>\s*<main id="view"', part.text)
    assert part.headers["hx-push-url"] == "/entanglement?of=safetywashing_2024&benchmark=bbq_amb&class=chat"
    assert part.headers["vary"] == "HX-Request"


def test_settings_that_are_none_are_said(client):
    answer = client.get("/api/entanglement?threshold=2&correlation=karl")
    assert answer.status_code == 422
    assert "threshold" in answer.json()["problem"]
    assert "karl" in answer.json()["problem"]
    page = client.get("/entanglement?benchmark=truthfulqa_mc9")
    assert page.status_code == 404
    assert "truthfulqa_mc1" in page.text
    assert client.get("/entanglement?nothing=1").status_code == 422
