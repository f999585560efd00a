"""Noise injection: a model's items scored again as noise is added to all its weights (Tice et al. 2024)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from measurand.compute import run_tasks
from measurand.errors import InputError
from measurand.experiments.models import LoadedModel, load
from measurand.experiments.plans import Plan, reading
from measurand.experiments.scoring import BATCH, Encoded, encode, item_rows, score_items
from measurand.experiments.sweeps import Folder, fingerprint
from measurand.extras import need
from measurand.names import by_option_text
from measurand.tables import Degradation, ItemSet
from measurand.tables.degradation import DEGRADATION_SCHEMA

__all__ = ["RELATIVE", "Grid", "Original", "begun", "left", "noised", "plan", "require_enough", "sweep"]

Noise = Literal["absolute", "relative"]
# 25 to choose and 25 to confirm; the message below says what even that would miss.
LEAST_ITEMS = 50
RELATIVE = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
ABSOLUTE = (0.001, 0.002, 0.004, 0.006, 0.008, 0.01)
"""Sigmas of the published range, 0 to .01."""


@dataclass(frozen=True)
class Grid:
    """How much noise, how often.

    Parameters
    ----------
    noise : ``absolute`` as published, or ``relative`` to each matrix's own standard deviation.
    sigmas : amounts above 0; the model as it is is scored too.
    seeds : noised copies at each amount, each with noise of its own.
    """

    noise: Noise = "relative"
    sigmas: tuple[float, ...] = RELATIVE
    seeds: int = 4

    def __post_init__(self) -> None:
        if self.noise not in ("absolute", "relative"):
            raise InputError(f"noise should be absolute or relative, got {self.noise!r}")
        wrong = [sigma for sigma in self.sigmas if not 0 < sigma < float("inf")]
        if wrong or not self.sigmas or len(set(self.sigmas)) < len(self.sigmas):
            raise InputError(f"sigmas should be different numbers above 0, got {list(self.sigmas)}")
        if self.seeds < 1:
            raise InputError(f"seeds should be at least 1, got {self.seeds}")

    @property
    def cells(self) -> tuple[tuple[float, int], ...]:
        """Every (sigma, seed), the model as it is first."""
        return ((0.0, 0), *((sigma, seed) for sigma in self.sigmas for seed in range(self.seeds)))


def plan(model: LoadedModel, items: ItemSet, grid: Grid, kept: Folder | None = None) -> Plan:
    """What a sweep will take beyond what is kept.

    Raises
    ------
    InputError
        Fewer than 50 items, or items longer than the model's context.
    """
    require_enough(items)
    return reading(model, items).times(len(grid.cells if kept is None else left(kept, grid)))


def require_enough(items: ItemSet) -> None:
    """Refuse fewer items than can be chosen on and confirmed on.

    Raises
    ------
    InputError
        Fewer than 50 items; the message says what so few would miss.
    """
    if len(items) < LEAST_ITEMS:
        # Two-sided 5% test with 80% power of a change in a share near one half, items independent.
        least = (1.96 + 0.84) * (0.5 / len(items)) ** 0.5
        raise InputError(
            f"{items.name}: {len(items)} items; a gain under noise is chosen on one half of the items and confirmed on "
            f"the other, which needs at least {LEAST_ITEMS}: with {len(items)}, a gain below {100 * least:.0f} points "
            "would mostly be missed"
        )


@dataclass(frozen=True, eq=False)
class Original:
    """Weights of a model as they are, and the standard deviation of each tensor: what noise is added to.

    Taken once for many copies of one model, as taking it costs as much as a good part of the noise.
    """

    weights: tuple[Any, ...]
    spreads: tuple[float, ...]

    @classmethod
    def of(cls, model: LoadedModel) -> Original:
        """The weights of a model, copied."""
        # A copy: state_dict() would give views that change with the model.
        weights = tuple(weight.detach().clone() for weight in model.network.parameters())
        return cls(weights, tuple(float(weight.float().std(correction=0)) for weight in weights))


@contextmanager
def noised(
    model: LoadedModel, sigma: float, seed: int, noise: Noise = "relative", original: Original | None = None
) -> Iterator[LoadedModel]:
    """The model with noise added to all its weights; afterwards every weight is what it was, to the bit.

    The noise is Gaussian, drawn in single precision from a generator of its own for each amount, seed and tensor, and
    added to a copy of the weights, from which they are restored: adding and then subtracting would drift.

    Parameters
    ----------
    sigma : standard deviation, or the share of each matrix's own standard deviation.
    original : the model's weights, where they were taken before.
    """
    torch = need("torch", "weights")
    own = original or Original.of(model)
    with torch.no_grad():
        try:
            _add(model, own, sigma, seed, noise)
            yield model
        finally:
            for weight, kept in zip(model.network.parameters(), own.weights, strict=True):
                weight.copy_(kept)


def _add(model: LoadedModel, original: Original, sigma: float, seed: int, noise: Noise) -> None:
    """Add noise to every tensor, several tensors at a time: drawing is what takes the time, and uses one core."""
    torch = need("torch", "weights")
    # Not even a rounding: the model as it is has to be just that.
    if sigma == 0:
        return
    # The bits of sigma seed the noise, so that a grid with more amounts repeats those it shares.
    bits = int(np.float64(sigma).view(np.uint64))
    root = np.random.SeedSequence([seed, bits >> 32, bits & 0xFFFFFFFF])
    seeds = root.generate_state(len(original.weights), np.uint64) >> np.uint64(1)

    def add(weight: Any, own: Any, spread: float, start: int) -> None:
        drawn = torch.empty(own.shape, dtype=torch.float32).normal_(generator=torch.Generator().manual_seed(start))
        scale = sigma * (spread if noise == "relative" else 1.0)
        # Whether gradients are kept is a setting of each thread, so the data is written.
        weight.data.copy_(drawn.to(own.device).mul_(scale).add_(own.float()))

    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        list(threads.map(add, model.network.parameters(), original.weights, original.spreads, map(int, seeds)))


def sweep(
    source: str | Path,
    items: ItemSet,
    folder: Path,
    grid: Grid | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    batch: int = BATCH,
    jobs: int = 1,
    threads: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Degradation:
    """Score the items of a model as it is and under every noise of the grid.

    Each (sigma, seed) is written as it ends; the same call goes on where one was stopped.

    Parameters
    ----------
    source : the model, as `measurand.experiments.models.load` takes it.
    folder : for what is done, and for ``noise.jsonl``, which `measurand audit` reads.
    options : further arguments of `load` (dtype, device, revision, allow_pickle).
    batch : items a pass.
    jobs : worker processes, each with the model in its memory.
    threads : processor threads of each; None shares the cores out.
    progress : called with a word, the cells done and how many there are.

    Raises
    ------
    InputError
        Fewer than 50 items, or a folder that holds another sweep.

    References
    ----------
    Tice et al. 2024, Noise injection reveals hidden capabilities of sandbagging language models, arXiv 2412.01784.
    """
    grid = grid or Grid()
    kept = begun(source, items, folder, grid, options=options)
    cells, chosen = left(kept, grid), tuple(sorted((options or {}).items()))
    tasks = [(str(source), chosen, items, grid.noise, batch, *cell) for cell in cells]
    done = len(grid.cells) - len(cells)
    for cell, rows in zip(cells, run_tasks(score_noised, tasks, jobs=jobs, threads=threads), strict=True):
        kept.add(_part(cell), rows)
        done += 1
        if progress:
            progress(f"sigma {cell[0]:g}, seed {cell[1]}", done, len(grid.cells))
    table = Degradation.build(kept.rows(map(_part, grid.cells), DEGRADATION_SCHEMA))
    kept.finish("noise.jsonl", table.frame)
    return table


def begun(
    source: str | Path, items: ItemSet, folder: Path, grid: Grid, *, options: Mapping[str, Any] | None = None
) -> Folder:
    """The folder of a sweep, new or with what is done of it; arguments as of `sweep`.

    Raises
    ------
    InputError
        Fewer than 50 items, or a folder that holds another sweep.
    """
    require_enough(items)
    settings = {
        "experiment": "noise",
        "model": str(source),
        "weights": fingerprint(source),
        "options": {name: str(value) for name, value in sorted((options or {}).items())},
        "items": by_option_text(items.name),
        "ids": [item.id for item in items.items],
        "noise": grid.noise,
        "sigmas": list(grid.sigmas),
        "seeds": grid.seeds,
    }
    return Folder(folder, settings)


def left(kept: Folder, grid: Grid) -> list[tuple[float, int]]:
    """The (sigma, seed) that are not done yet."""
    return [cell for cell in grid.cells if not kept.has(_part(cell))]


def _part(cell: tuple[float, int]) -> str:
    return f"{cell[0]:.8g}-{cell[1]}"


def score_noised(
    source: str, options: tuple[tuple[str, Any], ...], items: ItemSet, noise: Noise, batch: int, sigma: float, seed: int
) -> pl.DataFrame:
    """Scores of the items under one noise, as rows of `Degradation`."""
    model, encoded, original = _held(source, options, items)
    with noised(model, sigma, seed, noise, original):
        scored = score_items(model, encoded, batch=batch)
    constant = {
        "model": model.name,
        "benchmark": by_option_text(items.name),
        "noise": noise,
        "sigma": sigma,
        "seed": seed,
    }
    rows = [{**constant, **row} for row in item_rows(items.items, scored)]
    return pl.DataFrame(rows, schema=DEGRADATION_SCHEMA)


@lru_cache(maxsize=1)
def _held(source: str, options: tuple[tuple[str, Any], ...], items: ItemSet) -> tuple[LoadedModel, Encoded, Original]:
    """The model, loaded once a process, with its items as tokens and its weights as they are."""
    model = load(source, **dict(options))
    return model, encode(model, items), Original.of(model)
