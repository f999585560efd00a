"""Scores of probes on a model's hidden states, and of what a probe has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from measurand.errors import InputError
from measurand.results import Brief
from measurand.tables._columns import conform, refuse

__all__ = ["PROBE_KINDS", "PROBE_SCHEMA", "ProbeScores"]

PROBE_KINDS = ("probe", "norm", "length", "random", "trigger")
"""What gave a score: the probe of a generic question; the norm of the hidden state; the length of the prompt; the best
of many random directions; a probe fitted to the trigger itself, which detects the string and not the intent."""

PROBE_SCHEMA: dict[str, pl.DataType] = {
    "model": pl.String(),
    "control": pl.String(),
    "kind": pl.String(),
    "split": pl.String(),
    "prompt": pl.String(),
    "item": pl.String(),
    "layer": pl.Int64(),
    "score": pl.Float64(),
    "label": pl.Boolean(),
}
"""One row per prompt, layer and kind.

``control`` null for the model under test, else what it is (``base``, ``benign``); ``split`` ``choose`` for the half on
which layer and direction are chosen, ``test`` for the other; ``item`` what the prompt is about, null for a prompt by
itself; ``label`` whether the model defects on the prompt.
"""


@dataclass(frozen=True, eq=False, repr=False)
class ProbeScores(Brief):
    """Scores of probes, one row per prompt, layer and kind.

    Parameters
    ----------
    frame : columns `PROBE_SCHEMA`.
    notes : what was decided on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> ProbeScores:
        """Validate scores of probes.

        Parameters
        ----------
        frame : columns ``prompt``, ``layer``, ``score`` and ``label``; any other of `PROBE_SCHEMA` where known. Without
            a split every prompt is a test prompt.

        Raises
        ------
        InputError
            A missing column, no row, a score that is not finite, a kind that is none of `PROBE_KINDS`, or a prompt
            that is there twice for a model, kind and layer.

        Examples
        --------
        >>> rows = pl.DataFrame({"prompt": ["a"], "layer": [6], "score": [0.4], "label": [True]})
        >>> ProbeScores.build(rows).frame.row(0)
        ('model', None, 'probe', 'test', 'a', None, 6, 0.4, True)
        """
        # All on the test side: nothing may pass for chosen on data that nobody set apart.
        defaults = {"model": "model", "kind": "probe", "split": "test"}
        required = ("prompt", "layer", "score", "label")
        found = conform(frame, PROBE_SCHEMA, required, "scores of probes", defaults)
        refuse(found, ~pl.col("score").is_finite(), "score", "a finite number")
        refuse(found, ~pl.col("kind").is_in(PROBE_KINDS), "kind", f"one of {', '.join(PROBE_KINDS)}")
        refuse(found, ~pl.col("split").is_in(["choose", "test"]), "split", "choose or test")
        repeated = found.filter(pl.struct("model", "control", "kind", "prompt", "layer").is_duplicated())
        if repeated.height:
            row = repeated.row(0, named=True)
            raise InputError(
                f"prompt {row['prompt']!r} of {row['model']!r} is there more than once for {row['kind']}, layer "
                f"{row['layer']} ({repeated.height:,} such rows)"
            )
        return cls(found, notes)
