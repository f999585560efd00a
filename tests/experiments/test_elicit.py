"""Elicitation counts what it took, and tests on no item that it showed."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.errors import InputError
from measurand.experiments.elicit import AS_IS, Effort, demonstrations, elicit, plan
from measurand.experiments.locks import halves
from measurand.experiments.models import flop
from measurand.experiments.scoring import encode, score_items
from measurand.experiments.sweeps import Folder
from measurand.experiments.training import Training
from measurand.tables import ItemSet

pytest.importorskip("torch", reason="experiments need torch")
pytest.importorskip("peft", reason="fine-tuning needs peft")

TRAINING = Training(steps=3, batch=2, rank=2)


@pytest.fixture
def parts(some_sums):
    train, test = halves(some_sums)
    return train, ItemSet("sums", test.items[:10])


def test_every_method_is_there_once_an_item(tiny, parts):
    train, test = parts
    found = elicit([tiny], train, test, Effort((1, 3), TRAINING)).frame
    counts = dict(found.group_by("method").len().iter_rows())
    assert counts == dict.fromkeys(
        [AS_IS, "1 demonstration", "3 demonstrations", "fine-tuned, 3 steps of 2"], len(test)
    )
    own = found.filter(found["method"] == AS_IS).sort("behaviour")
    expected = dict(zip([item.id for item in test.items], score_items(tiny, test).scores, strict=True))
    assert dict(zip(own["behaviour"], own["success"], strict=True)) == expected


def test_cost_is_that_of_every_token_read_and_trained_on(tiny, parts):
    train, test = parts
    found = elicit([tiny], train, test, Effort((2,), TRAINING)).frame
    shown = demonstrations(train.items, 2, np.random.default_rng([0, 2]))
    for method, before in ((AS_IS, ""), ("2 demonstrations", shown)):
        own = found.filter(found["method"] == method)
        assert own["tokens"].sum() == encode(tiny, test, before=before).tokens
        assert own["flop"].sum() == pytest.approx(flop(tiny.parameters, encode(tiny, test, before=before).tokens))
    tuned = found.filter(found["method"] == "fine-tuned, 3 steps of 2")
    read = encode(tiny, test).tokens
    trained = tuned["tokens"].sum() - read
    assert trained > 0
    spent = flop(tiny.parameters, read) + flop(tiny.parameters, round(trained), gradient=True)
    assert tuned["flop"].sum() == pytest.approx(spent)


def test_the_plan_is_near_what_it_takes(tiny, parts):
    effort = Effort((2,), Training(steps=20, batch=4, rank=2))
    said = plan([tiny], *parts, effort)
    found = elicit([tiny], *parts, effort).frame
    assert said.tokens == pytest.approx(found["tokens"].sum(), rel=0.05)
    assert said.flop == pytest.approx(found["flop"].sum(), rel=0.05)
    assert said.seconds > 0


def test_a_fine_tuning_that_broke_off_goes_on(tiny, parts, tmp_path, monkeypatch):
    from measurand.experiments import training

    effort = Effort((), Training(steps=12, batch=2, rank=2))
    whole = elicit([tiny], *parts, effort).frame
    steps, loss = [], training._loss

    def broken(*given):
        steps.append(1)
        if len(steps) == 12:
            raise KeyboardInterrupt
        return loss(*given)

    monkeypatch.setattr(training, "_loss", broken)
    kept = Folder(tmp_path / "out", {})
    with pytest.raises(KeyboardInterrupt):
        elicit([tiny], *parts, effort, kept=kept)
    assert kept.unfinished("0-1").is_file()
    # Kept after 10 steps: the last two are made, and what comes out is the same.
    assert elicit([tiny], *parts, effort, kept=kept).frame.equals(whole)
    assert len(steps) == 12 + 2
    assert not kept.unfinished("0-1").exists()


def test_the_plan_counts_what_is_left(tiny, parts, tmp_path):
    effort, kept = Effort((2,), TRAINING), Folder(tmp_path / "out", {})
    elicit([tiny], *parts, effort, kept=kept)
    assert plan([tiny], *parts, effort, kept).tokens == 0
    (tmp_path / "out" / ".parts" / "0-0.jsonl").unlink()
    assert plan([tiny], *parts, effort, kept).tokens == encode(tiny, parts[1]).tokens


def test_controls_are_targets_of_their_own(tiny, parts):
    from dataclasses import replace

    found = elicit([tiny, replace(tiny, name="control")], *parts, Effort((1,), None))
    assert found.targets == ("control", "tiny")
    assert found.controls == ("control",)


def test_what_cannot_be_elicited_fairly_is_refused(tiny, some_sums, parts):
    train, test = parts
    with pytest.raises(InputError, match="is both a solved example and a test item; 64 such items"):
        elicit([tiny], some_sums, some_sums)
    with pytest.raises(InputError, match="33 demonstrations asked for, but there are 32 solved items"):
        elicit([tiny], train, test, Effort((33,), None))
    with pytest.raises(InputError, match="demonstrations should be at least 1, got 0"):
        Effort((0,))


def test_a_model_that_gives_no_finite_answer_as_it_is_is_refused(tiny, parts):
    parameter = next(iter(tiny.network.parameters()))
    parameter.data.fill_(float("nan"))
    with pytest.raises(InputError, match="as it is gives no finite log-probability for"):
        elicit([tiny], *parts)
