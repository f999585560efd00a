"""The embedded study against the published files it is made of."""

import csv
from importlib.resources import files

from measurand.readers import load_example


def published(what: str) -> list[dict[str, str]]:
    text = files("measurand").joinpath("data", f"published_{what}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_every_published_score_is_there_and_no_other():
    table = load_example().scores.table
    read = {(model, benchmark): score for model, benchmark, score in table.select("model", "benchmark", "score").rows()}
    assert read == {(row["model"], row["benchmark"]): float(row["score"]) for row in published("scores")}
    assert len(read) == 3808


def test_facts_are_as_published():
    scores = load_example().scores
    models = {row["model"]: row for row in published("models")}
    assert set(scores.models["model"]) == set(models)
    for model, family, class_, parameters, flop, *_ in scores.models.rows():
        row = models[model]
        assert (family, class_) == (row["family"], row["class"])
        assert parameters == (float(row["parameters"]) if row["parameters"] else None)
        assert flop == (float(row["training_flop"]) if row["training_flop"] else None)
    told = {row["benchmark"]: row for row in published("benchmarks")}
    for row in scores.benchmarks.iter_rows(named=True):
        expected = told[row["benchmark"]]
        assert (row["name"], row["role"], row["area"]) == (expected["display_name"], expected["role"], expected["area"])
        assert (row["metric"], row["higher_is"]) == (expected["metric"], "better")


def test_title_classes_and_sources():
    study = load_example()
    assert (
        study.title
        == "Safetywashing: published figures of 53 models x 73 benchmarks (Ren et al. 2024, arXiv 2407.21792)"
    )
    assert (len(study.scores.models_of("base")), len(study.scores.models_of("chat"))) == (27, 26)
    assert [(source.path, source.rows) for source in study.sources] == [
        ("measurand/data/published_scores.csv", 3808),
        ("measurand/data/published_models.csv", 53),
        ("measurand/data/published_benchmarks.csv", 73),
    ]


def test_scores_lie_in_the_range_the_facts_give():
    scores = load_example().scores
    known = scores.benchmarks.drop_nulls("maximum")
    assert known.height > 10
    for benchmark, maximum in known.select("benchmark", "maximum").rows():
        column = scores.table.filter(benchmark=benchmark)["score"]
        assert column.is_between(0, maximum).all()
