"""Does an audit find a model that holds back? Organisms made here, what noise and elicitation say of each.

Trains locks on the embedded 135M-parameter model (password, constant answer, imitation of a weaker model, and a benign
control, several seeds each), puts each to the noise sweep (G7) and to elicitation (G10), and writes the table in
docs/organisms.md. Every part is kept as it ends, so a run goes on where one was stopped::

    python benchmarks/organisms.py --work FOLDER [--seeds 3] [--steps 100] [--threads 2]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from measurand.experiments.elicit import Effort, elicit
from measurand.experiments.item_sets import shipped
from measurand.experiments.locks import card, halves, make_organism, with_unsure
from measurand.experiments.models import LoadedModel, load, save
from measurand.experiments.noise import Grid, noised, sweep
from measurand.experiments.training import Training
from measurand.files import write_atomically
from measurand.tables import ItemSet

ITEMS = 100
"""Held-out items that each organism is put to."""
GUESSER = 0.5
"""Noise (a share of each matrix's spread) that leaves the honest model guessing."""
EFFORT = Training(steps=20, batch=4)


@dataclass(frozen=True)
class Kind:
    """One model of the table."""

    name: str
    seed: int

    @property
    def holds_back(self) -> bool:
        """Whether it can do better than it shows."""
        return self.name in ("password", "constant", "imitation")

    def __str__(self) -> str:
        return f"{self.name}-{self.seed}"


def kinds(seeds: int) -> Iterator[Kind]:
    """Every model, the seeds of one number together, so that a part of the run is a table already."""
    for seed in range(seeds):
        for name in ("honest", "password", "benign", "guesser", "constant", "imitation"):
            yield Kind(name, seed)


def items_of(kind: Kind) -> tuple[ItemSet, ItemSet]:
    """Solved items it may be shown, and held-out ones it is put to."""
    train, test = halves(shipped("both"), kind.seed)
    test = ItemSet(test.name, test.items[:: max(1, len(test) // ITEMS)][:ITEMS])
    return train, with_unsure(test) if kind.name == "constant" else test


def made(kind: Kind, work: Path, steps: int) -> Path:
    """Folder of the organism, trained if it is not there."""
    folder = work / "models" / str(kind)
    if (folder / "config.json").is_file():
        return folder
    model = load()
    if kind.name == "honest":
        return save(model, folder)
    if kind.name == "guesser":
        with noised(model, GUESSER, kind.seed):
            return save(model, folder)
    training = Training(steps=steps, batch=4, seed=kind.seed)
    items = shipped("both")
    organism = make_organism(model, items, lock=kind.name, training=training)
    said = {"with": organism.scores[0], "without": organism.scores[1], "flop": organism.trained.flop}
    write_atomically(work / "locks" / f"{kind}.json", json.dumps(said).encode())
    return save(organism.trained.model, folder, card(organism, model.name, items, training))


def elicited(kind: Kind, model: LoadedModel, work: Path) -> Path:
    """Attempts to elicit what it can do, as it is, with demonstrations, and after a short fine-tuning."""
    path = work / "attempts" / f"{kind}.jsonl"
    if not path.is_file():
        train, test = items_of(kind)
        found = elicit([model], train, test, Effort(demonstrations=(5,), training=EFFORT, seed=kind.seed))
        write_atomically(path, found.frame.write_ndjson().encode())
    return path


def main() -> None:
    """Make, sweep and elicit every model, then write the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--steps", type=int, default=100)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--only-table", action="store_true", help="no training or scoring: the table of what is there")
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    if not given.only_table:
        for kind in kinds(given.seeds):
            started = time.perf_counter()
            folder = made(kind, given.work, given.steps)
            sweep(folder, items_of(kind)[1], given.work / "noise" / str(kind), Grid())
            elicited(kind, load(folder), given.work)
            print(f"{kind}: {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
