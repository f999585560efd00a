"""A fine-tuning kept in one file, from which it goes on where it was killed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from measurand.errors import InputError
from measurand.extras import need
from measurand.files import write_atomically

if TYPE_CHECKING:
    import torch

__all__ = ["Checkpoint"]

MOMENTS = ("exp_avg", "exp_avg_sq")
"""What AdamW keeps of each weight beside the number of updates."""


class Checkpoint:
    """Weights, the optimiser's moments and the generator of a fine-tuning, in a file of safetensors (never pickled).

    Parameters
    ----------
    path : the file; what is in it is put back by `restored`.
    weights : that are trained, by name.
    optimiser : AdamW, of these weights.
    rng : from which items are drawn.
    identity : what tells this fine-tuning from others.
    """

    def __init__(
        self,
        path: Path,
        weights: Mapping[str, torch.Tensor],
        optimiser: Any,
        rng: np.random.Generator,
        identity: str,
    ) -> None:
        self.path, self.identity = path, identity
        self._weights, self._optimiser, self._rng = weights, optimiser, rng

    def keep(self, losses: list[float], tokens: int) -> None:
        """Write all there is after an update."""
        save = need("safetensors.torch", "weights").save
        held = {name: weight.detach().contiguous() for name, weight in self._weights.items()}
        for name, weight in self._weights.items():
            held |= {f"{moment}:{name}": self._optimiser.state[weight][moment] for moment in MOMENTS}
        facts = {
            "identity": self.identity,
            "losses": losses,
            "tokens": tokens,
            "generator": self._rng.bit_generator.state,
        }
        write_atomically(self.path, save(held, metadata={"facts": json.dumps(facts)}))

    def restored(self) -> tuple[list[float], int]:
        """Put back what is in the file; the loss of each update so far and the tokens read, or none.

        Raises
        ------
        InputError
            The file holds another fine-tuning, or none.
        """
        if not self.path.is_file():
            return [], 0
        torch, safetensors = need("torch", "weights"), need("safetensors", "weights")
        try:
            with safetensors.safe_open(self.path, "pt") as file:
                facts = json.loads(file.metadata()["facts"])
                names = file.keys()
                held = {name: file.get_tensor(name) for name in names}
            if facts["identity"] != self.identity:
                raise ValueError(facts["identity"])
            self._rng.bit_generator.state = facts["generator"]
            for name, weight in self._weights.items():
                weight.data.copy_(held[name])
                moments = {moment: held[f"{moment}:{name}"] for moment in MOMENTS}
                self._optimiser.state[weight] = {"step": torch.tensor(float(len(facts["losses"]))), **moments}
        except (KeyError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError):
            raise InputError(f"{self.path}: this is not this fine-tuning's; delete it and run again") from None
        return facts["losses"], facts["tokens"]
