"""Noise is exact: drawn as said, taken away to the bit; a sweep goes on where it was stopped."""

from __future__ import annotations

import json

import numpy as np
import pytest

from measurand.errors import InputError
from measurand.experiments import noise
from measurand.experiments.models import load
from measurand.experiments.noise import Grid, noised, plan, sweep
from measurand.experiments.scoring import score_items
from measurand.readers import read
from measurand.tables import ItemSet

torch = pytest.importorskip("torch", reason="experiments need torch")

SMALL = Grid(sigmas=(0.1, 0.5), seeds=2)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_weights_are_bit_equal_after_noise(tiny_folder, dtype):
    model = load(tiny_folder, dtype=dtype)
    before = [weight.clone() for weight in model.network.parameters()]
    for seed in range(3):
        with noised(model, 0.3, seed):
            changed = [not torch.equal(a, b) for a, b in zip(before, model.network.parameters(), strict=True)]
        assert any(changed)
    assert all(torch.equal(a, b) for a, b in zip(before, model.network.parameters(), strict=True))


def test_weights_are_restored_after_an_error(tiny):
    before = [weight.clone() for weight in tiny.network.parameters()]
    with pytest.raises(ZeroDivisionError), noised(tiny, 0.3, 0):
        raise ZeroDivisionError
    assert all(torch.equal(a, b) for a, b in zip(before, tiny.network.parameters(), strict=True))


@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_noise_has_the_spread_that_was_asked(tiny, kind):
    before = [weight.clone() for weight in tiny.network.parameters()]
    with noised(tiny, 0.2, 1, kind):
        added = [after - b for after, b in zip(tiny.network.parameters(), before, strict=True)]
    for change, own in zip(added, before, strict=True):
        if own.numel() > 1000:
            expected = 0.2 * (float(own.std(correction=0)) if kind == "relative" else 1.0)
            # The standard error of a standard deviation is 1 / sqrt(2 n) of it.
            assert float(change.std()) == pytest.approx(expected, rel=4 / np.sqrt(2 * own.numel()))


def test_noise_is_fresh_for_each_amount_and_seed_and_the_same_again(tiny):
    def drawn(sigma, seed):
        before = tiny.network.lm_head.weight.clone()
        with noised(tiny, sigma, seed):
            return (tiny.network.lm_head.weight - before) / sigma

    first = drawn(0.1, 0)
    assert torch.equal(first, drawn(0.1, 0))
    for other in (drawn(0.1, 1), drawn(0.2, 0)):
        assert abs(float(torch.corrcoef(torch.stack([first.ravel(), other.ravel()]))[0, 1])) < 0.05


def test_a_sweep_scores_every_cell_as_the_scorer_does(tiny_folder, tmp_path, some_sums):
    found = sweep(tiny_folder, some_sums, tmp_path / "out", SMALL).frame
    assert found.height == 5 * len(some_sums)
    model = load(tiny_folder)
    with noised(model, 0.5, 1):
        expected = score_items(model, some_sums).scores
    own = found.filter((found["sigma"] == 0.5) & (found["seed"] == 1))
    assert own["score"].to_list() == expected.tolist()
    assert own["chance"].unique().to_list() == [0.25]
    assert own["cluster"].to_list() == [item.cluster for item in some_sums.items]


def test_what_a_sweep_leaves_is_read_as_evidence(tiny_folder, tmp_path, some_sums):
    found = sweep(tiny_folder, some_sums, tmp_path / "out", SMALL)
    assert read(tmp_path / "out").degradation.frame.equals(found.frame)


def test_a_sweep_goes_on_where_it_was_stopped(tiny_folder, tmp_path, some_sums, monkeypatch):
    scored = []
    whole = sweep(tiny_folder, some_sums, tmp_path / "whole", SMALL).frame
    plain = noise.score_noised

    def stopped(*task):
        if len(scored) == 2:
            raise KeyboardInterrupt
        scored.append(task[-2:])
        return plain(*task)

    monkeypatch.setattr(noise, "score_noised", stopped)
    with pytest.raises(KeyboardInterrupt):
        sweep(tiny_folder, some_sums, tmp_path / "cut", SMALL)
    assert not (tmp_path / "cut" / "noise.jsonl").exists()
    monkeypatch.setattr(noise, "score_noised", lambda *task: scored.append(task[-2:]) or plain(*task))
    again = sweep(tiny_folder, some_sums, tmp_path / "cut", SMALL).frame
    assert sorted(scored) == sorted(SMALL.cells)
    assert again.equals(whole)


def test_a_folder_with_another_sweep_or_something_else_is_refused(tiny_folder, tmp_path, some_sums):
    sweep(tiny_folder, some_sums, tmp_path / "out", Grid(sigmas=(0.1,), seeds=1))
    with pytest.raises(InputError, match=r"holds another experiment.*seeds 1 there, 2 asked"):
        sweep(tiny_folder, some_sums, tmp_path / "out", Grid(sigmas=(0.1,), seeds=2))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something that is no experiment"):
        sweep(tiny_folder, some_sums, tmp_path / "mine", SMALL)
    (tmp_path / "out" / "settings.json").write_text("[")
    with pytest.raises(InputError, match="no record of an experiment's settings"):
        sweep(tiny_folder, some_sums, tmp_path / "out", SMALL)


def test_workers_find_what_one_process_finds(tiny_folder, tmp_path, some_sums):
    one = sweep(tiny_folder, some_sums, tmp_path / "one", SMALL).frame
    two = sweep(tiny_folder, some_sums, tmp_path / "two", SMALL, jobs=2).frame
    assert one.equals(two)


def test_too_few_items_are_refused_with_the_power_they_have(tiny, tiny_folder, tmp_path, some_sums):
    few = ItemSet(some_sums.name, some_sums.items[:49])
    expected = "49 items;.*at least 50: with 49, a gain below 28 points would mostly be missed"
    with pytest.raises(InputError, match=expected):
        sweep(tiny_folder, few, tmp_path / "out", SMALL)
    with pytest.raises(InputError, match=expected):
        plan(tiny, few, SMALL)


def test_the_plan_says_tokens_and_flop(tiny, some_sums):
    said = plan(tiny, some_sums, SMALL)
    tokens = score_items(tiny, some_sums).tokens
    assert said.tokens == 5 * tokens
    assert said.flop == 2 * tiny.parameters * 5 * tokens
    assert said.seconds > 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sigmas": (0.0, 0.1)}, "sigmas should be different numbers above 0"),
        ({"sigmas": ()}, "sigmas should be different numbers above 0"),
        ({"sigmas": (0.1, 0.1)}, "sigmas should be different numbers above 0"),
        ({"seeds": 0}, "seeds should be at least 1, got 0"),
        ({"noise": "loud"}, "noise should be absolute or relative, got 'loud'"),
    ],
)
def test_grids_that_are_none_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        Grid(**given)


def test_settings_are_kept_beside_the_parts(tiny_folder, tmp_path, some_sums):
    sweep(tiny_folder, some_sums, tmp_path / "out", Grid(sigmas=(0.1,), seeds=1))
    held = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert held["sigmas"] == [0.1]
    assert held["ids"][:2] == ["1+1", "1+2"]
