"""What a model scores as noise is added to its weights."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from measurand.errors import InputError
from measurand.results import Brief
from measurand.tables._columns import conform, refuse

__all__ = ["DEGRADATION_SCHEMA", "Degradation"]

DEGRADATION_SCHEMA: dict[str, pl.DataType] = {
    "model": pl.String(),
    "benchmark": pl.String(),
    "noise": pl.String(),
    "sigma": pl.Float64(),
    "seed": pl.Int64(),
    "item": pl.String(),
    "score": pl.Float64(),
    "chance": pl.Float64(),
    "broken": pl.Boolean(),
    "cluster": pl.String(),
}
"""One row per item of one noised copy of a model.

``noise`` what sigma means: ``absolute`` (standard deviation of what is added to every weight) or ``relative`` (the same
as a share of each matrix's own standard deviation); ``sigma`` 0 for the model as it is; ``seed`` of the noise;
``score`` from 0 to 1; ``chance`` a guesser's score on the item; ``broken`` whether the model's output was no number,
in which case the score is chance.
"""


@dataclass(frozen=True, eq=False, repr=False)
class Degradation(Brief):
    """Scores of noised copies of models.

    Parameters
    ----------
    frame : columns `DEGRADATION_SCHEMA`.
    notes : what was decided on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> Degradation:
        """Validate scores of noised copies.

        Parameters
        ----------
        frame : columns ``sigma``, ``item`` and ``score``; any other of `DEGRADATION_SCHEMA` where known.

        Raises
        ------
        InputError
            A missing column, no row, a negative sigma, a score or chance outside [0, 1], an item scored twice, or no
            score of a model as it is (sigma 0).

        Examples
        --------
        >>> rows = pl.DataFrame({"sigma": [0.0, 0.01], "item": ["1", "1"], "score": [0, 1]})
        >>> Degradation.build(rows).frame.select("model", "noise", "seed", "score").rows()
        [('model', 'absolute', 0, 0.0), ('model', 'absolute', 0, 1.0)]
        """
        defaults = {"model": "model", "benchmark": "items", "noise": "absolute", "seed": 0, "broken": False}
        found = conform(frame, DEGRADATION_SCHEMA, ("sigma", "item", "score"), "scores under noise", defaults)
        refuse(found, (pl.col("sigma") < 0) | ~pl.col("sigma").is_finite(), "sigma", "at least 0 and finite")
        for name in ("score", "chance"):
            refuse(found, ~pl.col(name).is_between(0, 1), name, "from 0 to 1")
        refuse(found, ~pl.col("noise").is_in(["absolute", "relative"]), "noise", "absolute or relative")
        repeated = found.filter(pl.struct("model", "benchmark", "noise", "sigma", "seed", "item").is_duplicated())
        if repeated.height:
            row = repeated.row(0, named=True)
            raise InputError(
                f"item {row['item']!r} of {row['model']!r} is there more than once at sigma {row['sigma']:g}, seed "
                f"{row['seed']} ({repeated.height:,} such rows)"
            )
        lowest = found.group_by("model", "benchmark", maintain_order=True).agg(pl.col("sigma").min())
        for model, benchmark, sigma in lowest.iter_rows():
            # Per benchmark: a gain under noise is one over the same items without it.
            if sigma > 0:
                raise InputError(
                    f"no score of {model!r} on {benchmark!r} as it is: there should be rows with sigma 0 beside those "
                    f"from {sigma:g}"
                )
        return cls(found, notes)
