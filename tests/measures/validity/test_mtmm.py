"""V8: traits and methods told apart, on made scores and on the embedded study."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

from measurand.auditing import audit
from measurand.errors import InputError, NotApplicable
from measurand.measures import find
from measurand.measures.validity.mtmm import figure, judge, multitrait_multimethod
from measurand.results import Status
from measurand.simulate.validity.mtmm import CELLS, SIMULATIONS
from measurand.tables import Scores, Study


def scores_of(trait, method, *, n=60, families=15, seed=0, labels=True, classes=(None,), drop=None):
    """Three traits by three methods."""
    rng = np.random.default_rng(seed)
    by_trait, by_method = rng.standard_normal((2, n, 3))
    rows, facts = [], []
    for t in range(3):
        for m in range(3):
            name = f"t{t}m{m}"
            values = np.sqrt(trait) * by_trait[:, t] + np.sqrt(method) * by_method[:, m]
            values = values + np.sqrt(1 - trait - method) * rng.standard_normal(n)
            facts.append((name, f"trait {t}" if labels else None, f"method {m}"))
            rows += [(f"m{i:02d}", name, float(values[i])) for i in range(n) if drop is None or i < drop]
    models = pl.DataFrame(
        {
            "model": [f"m{i:02d}" for i in range(n)],
            "family": [f"f{i % families}" for i in range(n)],
            "class": [classes[i % len(classes)] for i in range(n)],
        },
        schema_overrides={"class": pl.String},
    ).head(drop or n)
    benchmarks = pl.DataFrame(facts, schema=["benchmark", "trait", "method"], orient="row")
    return Scores.build(pl.DataFrame(rows, schema=["model", "benchmark", "score"], orient="row"), models, benchmarks)


@pytest.mark.parametrize(
    ("trait", "method", "status"),
    [(0.7, 0.1, Status.PASSED), (0.1, 0.7, Status.ISSUE), (0.4, 0.4, Status.CAUTION)],
)
def test_traits_and_methods_are_told_apart(trait, method, status):
    headline, total, *each = judge(multitrait_multimethod(scores_of(trait, method, seed=2)))
    assert headline.status is total.status is status
    assert len(each) == 3
    share = total.estimate("share_violated")
    assert share.low <= share.value <= share.high
    assert share.n == 9 * 4
    if status is not Status.CAUTION:
        assert share.value == (0 if status is Status.PASSED else 1)
    assert total.estimate("convergent").value > 0


def test_the_embedded_study(example):
    result = multitrait_multimethod(example.scores)
    findings = judge(result)
    by_subject = {(f.subject.get("trait"), f.subject.get("class")): f for f in findings}
    # ETHICS and MACHIAVELLI bear one name and rank models the other way round.
    ethics = by_subject["machine ethics", "chat"]
    assert ethics.status is Status.ISSUE
    assert ethics.estimate("convergent").value < 0 < ethics.estimate("same_method").low
    assert by_subject["truthfulness", "chat"].status is Status.PASSED
    assert by_subject[None, "chat"].estimate("difference").high < 0
    assert "find a benchmark closer to one of another trait tested the same way" in findings[0].sentence
    (chat,) = [group for group in result.classes if group.class_ == "chat"]
    places = [chat.benchmarks.index(name) for name in ("truthfulqa_mc1", "ethics_all")]
    values = example.scores.matrix(example.scores.models_of("chat"), ["truthfulqa_mc1", "ethics_all"])
    assert chat.correlations[tuple(places)] == pytest.approx(spearmanr(values).statistic)


def test_the_figure_has_every_pair_of_the_traits_compared(example):
    (shown,) = figure(multitrait_multimethod(example.scores))
    chat = [i for i, class_ in enumerate(shown.columns["class"]) if class_ == "chat"]
    size = len({shown.columns["first"][i] for i in chat})
    assert len(chat) == size**2
    values = [shown.columns["correlation"][i] for i in chat]
    assert sum(value is None for value in values) == size
    assert {shown.columns["relation"][i] for i in chat} >= {"one trait, two methods", "two traits, one method"}


def test_a_class_too_small_is_a_row_of_its_own():
    scores = scores_of(
        0.7, 0.1, classes=("chat", "base", "chat", "chat", "chat", "chat", "chat", "chat", "chat", "chat")
    )
    *_, last = judge(multitrait_multimethod(scores))
    assert (last.status, last.subject) == (Status.NOT_APPLICABLE, {"class": "base"})
    assert "enough base models ran" in last.sentence


def test_few_families_are_no_verdict():
    findings = judge(multitrait_multimethod(scores_of(0.7, 0.1, families=1)))
    assert findings[0].status is Status.CAUTION
    assert "too few families" in findings[1].sentence


@pytest.mark.parametrize("made", [{"labels": False}, {"drop": 7}])
def test_without_labels_or_models_it_is_not_assessed(made):
    with pytest.raises(NotApplicable, match="no two of the 0 benchmarks with a trait and a method"):
        multitrait_multimethod(scores_of(0.5, 0.2, **made))


def test_one_trait_alone_cannot_be_discriminated():
    only = scores_of(0.5, 0.2).only(["t0m0", "t0m1", "t0m2"])
    with pytest.raises(NotApplicable, match="measures another trait"):
        multitrait_multimethod(only)
    with pytest.raises(InputError, match="level"):
        multitrait_multimethod(only, level=95)


def test_an_audit_assesses_it():
    result = audit(Study(title="t", scores=scores_of(0.7, 0.1)), [find("V8")])
    assert result.findings[0].status is Status.PASSED
    assert "V8.matrix" in result.figures


@pytest.mark.slow
def test_intervals_cover_and_false_alarms_are_rare():
    outcomes = [SIMULATIONS["V8"].outcome(CELLS[2], 0.95, np.random.default_rng(k)) for k in range(150)]
    for key in outcomes[0]:
        rate = np.nanmean([outcome[key][0] for outcome in outcomes])
        if key[0] == "coverage":
            assert rate > 0.88, key
        elif key[0] == "false_alarm":
            assert rate < 0.09, key
