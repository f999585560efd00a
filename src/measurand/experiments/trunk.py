"""The lower layers of a network, read once per text and kept, for whatever is done with the upper ones alone."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from measurand.errors import InputError
from measurand.experiments.models import LoadedModel
from measurand.extras import need

__all__ = ["Trunk", "depth", "last_logits", "layer_parameters"]

Tokens = tuple[int, ...]

CLOSE = 1e-3
"""Largest difference of a logit by which two ways to the same number may differ in single precision."""


class Trunk:
    """States of texts after a network's lower layers, kept by their tokens.

    Models that differ above only (low-rank fine-tunings of one base's upper layers) can share one: each text is read
    through the lower layers once for all of them.

    Parameters
    ----------
    model : whose lower layers they are.
    layers : how many, from 1 to all but one.

    Raises
    ------
    InputError
        So many layers there are not, or the network does more than pass its states from layer to layer, so that the
        upper ones alone give other numbers.
    """

    def __init__(self, model: LoadedModel, layers: int) -> None:
        if not 1 <= layers < depth(model.network):
            raise InputError(f"layers should be from 1 to {depth(model.network) - 1}, got {layers}")
        self.layers = layers
        self._network = model.network
        self._pad = model.tokenizer.pad_token_id
        self._states: dict[Tokens, Any] = {}
        self.read = 0
        """Tokens that went through the lower layers."""
        self._require_same(model)

    def _require_same(self, model: LoadedModel) -> None:
        torch = need("torch", "weights")
        rows = [tuple(model.tokenizer(text)["input_ids"]) for text in ("A word.", "More words, one after another.")]
        with torch.inference_mode():
            whole = _read(model.network, rows, 1, self._pad)
            split = self.last_logits(model.network, rows, 1)
        scale = max(1.0, float(whole.abs().max()))
        if not torch.allclose(whole, split, atol=CLOSE * scale, rtol=0):
            raise InputError(f"{model.name}: the upper layers of this network cannot be run by themselves")

    def last_logits(self, network: Any, rows: Sequence[Tokens], keep: int) -> Any:
        """As `last_logits`, of a network with the same lower layers."""
        torch = need("torch", "weights")
        self._fill([row for row in dict.fromkeys(rows) if row not in self._states])
        kept = [self._states[row] for row in rows]
        width = max(map(len, rows))
        states = torch.stack([torch.nn.functional.pad(own, (0, 0, width - len(own), 0)) for own in kept])
        mask = _mask(rows, width).to(states.device)
        top = _upper(network, self.layers)
        return top(
            inputs_embeds=states,
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0),
            use_cache=False,
            logits_to_keep=_last(keep, width),
        ).logits

    def _fill(self, rows: Sequence[Tokens]) -> None:
        """Read texts through the lower layers."""
        if not rows:
            return
        torch = need("torch", "weights")
        found: list[Any] = []

        def stop(_: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
            found.append(given[0] if given else named["hidden_states"])
            raise _ReadError

        hook = _layers(self._network)[self.layers].register_forward_pre_hook(stop, with_kwargs=True)
        try:
            # Not in inference mode: a tensor made there cannot take part in training.
            with torch.no_grad():
                _read(self._network, rows, 1, self._pad)
        except _ReadError:
            pass
        finally:
            hook.remove()
        for row, states in zip(rows, found[0], strict=True):
            self._states[row] = states[-len(row) :].clone()
            self.read += len(row)


class _ReadError(Exception):
    """Raised to leave a network's forward pass where the lower layers end."""


def depth(network: Any) -> int:
    """Number of layers of a network."""
    return len(_layers(network))


def layer_parameters(network: Any, layers: int) -> int:
    """Number of weights of so many of the lower layers; embeddings are looked up, or used again at the end."""
    return sum(weight.numel() for weight in _layers(network)[:layers].parameters()) if layers else 0


def last_logits(model: LoadedModel, rows: Sequence[Tokens], keep: int) -> Any:
    """Logits at the last places of texts, shape (texts, keep, vocabulary).

    Parameters
    ----------
    rows : tokens of each text; shorter ones are filled on the left.
    keep : places, counted from the end.
    """
    if model.trunk is not None:
        return model.trunk.last_logits(model.network, rows, keep)
    return _read(model.network, rows, keep, model.tokenizer.pad_token_id)


def _read(network: Any, rows: Sequence[Tokens], keep: int, pad: int) -> Any:
    torch = need("torch", "weights")
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), pad)
    for place, row in enumerate(rows):
        ids[place, width - len(row) :] = torch.tensor(row)
    mask = _mask(rows, width)
    device = next(network.parameters()).device
    return network(
        input_ids=ids.to(device),
        attention_mask=mask.to(device),
        position_ids=(mask.cumsum(1) - 1).clamp(min=0).to(device),
        use_cache=False,
        logits_to_keep=_last(keep, width).to(device),
    ).logits


def _last(keep: int, width: int) -> Any:
    """The last places of so many; as indices, since a slice would make multiplying by the vocabulary far slower."""
    return need("torch", "weights").arange(width - keep, width)


def _mask(rows: Sequence[Tokens], width: int) -> Any:
    torch = need("torch", "weights")
    lengths = torch.tensor([len(row) for row in rows])
    return (torch.arange(width) >= width - lengths[:, None]).long()


def _layers(network: Any) -> Any:
    body = getattr(network, network.base_model_prefix)
    if not hasattr(body, "layers"):
        raise InputError(f"a {type(network).__name__} keeps its layers where they are not known to be")
    return body.layers


def _upper(network: Any, below: int) -> Any:
    """The network without its lowest layers; every module it holds is the network's own."""
    torch = need("torch", "weights")
    body = getattr(network, network.base_model_prefix)
    upper, top = copy.copy(body), copy.copy(network)
    upper._modules = {**body._modules, "layers": torch.nn.ModuleList(body.layers[below:])}
    top._modules = {**network._modules, network.base_model_prefix: upper}
    return top
