"""A fine-tuning that was killed goes on to the model that it would have made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from measurand.errors import InputError
from measurand.experiments.training import Example, Training, fine_tune

torch = pytest.importorskip("torch", reason="experiments need torch")

SETTINGS = Training(steps=12, batch=2, rank=2, rate=1e-2)


class Killed(Exception):
    pass


def draw(rng, count):
    """Another lesson each time, so that what is drawn after a restart shows."""
    return [Example(f"Say {int(rng.integers(100))}", "yes") for _ in range(count)]


def killed_at(steps):
    def progress(_, done, of):
        if done == steps:
            raise Killed

    return progress


@pytest.mark.parametrize("steps", [1, 5, 7, 11])
def test_it_goes_on_where_it_was_killed(tiny, tmp_path, steps):
    whole = fine_tune(tiny, draw, SETTINGS)
    kept = tmp_path / "kept.safetensors"
    with pytest.raises(Killed):
        fine_tune(tiny, draw, SETTINGS, killed_at(steps), kept=kept)
    done = []
    again = fine_tune(tiny, draw, SETTINGS, lambda _, step, of: done.append(step), kept=kept)
    # Kept every five updates.
    assert done[0] == steps // 5 * 5 + 1
    assert again.losses == pytest.approx(whole.losses, rel=1e-6)
    assert again.tokens == whole.tokens
    for a, b in zip(again.model.network.parameters(), whole.model.network.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-7)


def draw_others(rng, count):
    return [Example(f"Say {int(rng.integers(100))}", "no") for _ in range(count)]


@pytest.mark.parametrize("other", ["nothing", "no such thing", "rank", "seed", "lessons", "model"])
def test_a_file_that_is_another_one_is_refused(tiny, tmp_path, other):
    kept = tmp_path / "kept.safetensors"
    if other in ("nothing", "no such thing"):
        kept.write_bytes(other.encode() * (other != "nothing"))
    else:
        changed = {"rank": {"rank": 4}, "seed": {"seed": 1}}.get(other, {})
        fine_tune(tiny, draw_others if other == "lessons" else draw, replace(SETTINGS, **changed), kept=kept)
    if other == "model":
        with torch.no_grad():
            tiny.network.model.norm.weight.mul_(1.5)
    with pytest.raises(InputError, match="this is not this fine-tuning's; delete it"):
        fine_tune(tiny, draw, SETTINGS, kept=kept)
