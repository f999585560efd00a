"""Scores of how well a language model knows a text, from the log-probabilities of its tokens."""

from __future__ import annotations

import math
import zlib

import numpy as np
import numpy.typing as npt

__all__ = ["beyond_reference", "loss_score", "lowest_mean", "min_k", "min_k_plus_plus", "token_moments", "zlib_score"]

Floats = npt.NDArray[np.float64]


def token_moments(logits: npt.ArrayLike, tokens: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Log-probability of each token, and its mean and standard deviation over the vocabulary.

    Parameters
    ----------
    logits : a row scores the next token, shape (tokens, vocabulary).
    tokens : the text, shape (tokens,).

    Returns
    -------
    three arrays, shape (tokens - 1,): of the second token on.

    References
    ----------
    Zhang et al. 2024, Min-K%++, arXiv 2404.02936, equation 3.

    Examples
    --------
    >>> logprob, mean, spread = token_moments([[0.0, np.log(3.0)], [0.0, 0.0]], [0, 1])
    >>> [round(float(value[0]), 4) for value in (logprob, mean, spread)]
    [-0.2877, -0.5623, 0.4757]
    """
    raw, ids = np.asarray(logits, dtype=np.float64)[:-1], np.asarray(tokens, dtype=np.int64)[1:]
    shifted = raw - raw.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    chances = np.exp(logs)
    mean = (chances * logs).sum(axis=1)
    spread = np.sqrt((chances * (logs - mean[:, None]) ** 2).sum(axis=1))
    return logs[np.arange(len(ids)), ids], mean, spread


def lowest_mean(values: npt.ArrayLike, share: float) -> float:
    """Mean of the lowest `share` of values, of at least one.

    Examples
    --------
    >>> lowest_mean([-1.0, -5.0, -3.0, -2.0], 0.5), lowest_mean([-1.0, -5.0], 0.2)
    (-4.0, -5.0)
    """
    found = np.asarray(values, dtype=np.float64)
    # A product such as 10 * 0.3 lies a hair below the whole number it stands for or above it.
    count = max(1, math.floor(len(found) * share + 1e-9))
    return float(np.mean(np.partition(found, count - 1)[:count]))


def loss_score(logprobs: npt.ArrayLike) -> float:
    """Mean log-probability of the tokens: minus the loss.

    References
    ----------
    Yeom et al. 2018, Privacy risk in machine learning, IEEE CSF.
    """
    return float(np.mean(np.asarray(logprobs, dtype=np.float64)))


def zlib_score(logprobs: npt.ArrayLike, text: str) -> float:
    """Mean log-probability over the bytes of the compressed text.

    References
    ----------
    Carlini et al. 2021, Extracting training data from large language models, USENIX Security.
    """
    return loss_score(logprobs) / len(zlib.compress(text.encode("utf-8", errors="replace")))


def beyond_reference(logprobs: npt.ArrayLike, reference: npt.ArrayLike, text: str) -> float:
    """Log-probability of a text less the one a reference model gives it, per byte: what any model finds easy is out.

    Per byte, since the two may cut the text into different tokens.

    Parameters
    ----------
    logprobs, reference : of the tokens of the text, of each model's own.

    References
    ----------
    Carlini et al. 2021, Extracting training data from large language models, USENIX Security; Watson et al. 2022, On
    the importance of difficulty calibration in membership inference attacks, ICLR.

    Examples
    --------
    >>> beyond_reference([-1.0, -2.0], [-2.0, -1.5, -0.5], "ab")
    0.5
    """
    gained = np.sum(np.asarray(logprobs, dtype=np.float64)) - np.sum(np.asarray(reference, dtype=np.float64))
    return float(gained) / max(len(text.encode("utf-8", errors="replace")), 1)


def min_k(logprobs: npt.ArrayLike, share: float) -> float:
    """Min-K%: mean of the lowest `share` of log-probabilities.

    References
    ----------
    Shi et al. 2024, Detecting pretraining data from large language models, arXiv 2310.16789.
    """
    return lowest_mean(logprobs, share)


def min_k_plus_plus(logprobs: npt.ArrayLike, means: npt.ArrayLike, spreads: npt.ArrayLike, share: float) -> float:
    """Min-K%++: mean of the lowest `share` of log-probabilities, each measured by those of the vocabulary.

    References
    ----------
    Zhang et al. 2024, Min-K%++, arXiv 2404.02936.

    Examples
    --------
    >>> min_k_plus_plus([-1.0, -3.0], [-2.0, -2.0], [0.5, 0.5], 1.0)
    0.0
    """
    values = np.asarray(logprobs, dtype=np.float64) - np.asarray(means, dtype=np.float64)
    return lowest_mean(values / np.asarray(spreads, dtype=np.float64), share)
