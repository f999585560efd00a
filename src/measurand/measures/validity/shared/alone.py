"""What V1 says of each benchmark of a class by itself, all of them at once: for pages that hold many settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from measurand.measures.validity.shared.correlations import ClassCorrelations
from measurand.measures.validity.shared.panel import Panel, chosen
from measurand.stats.capability.capabilities import DEFAULT, Correlations, blocks_left_out, of_those_run
from measurand.stats.capability.pca import Way, resampled_correlations, varies
from measurand.stats.intervals.correlation import OnZScale, at_least_independent

__all__ = ["Alone", "alone"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Alone:
    """Each benchmark under test judged by itself.

    Parameters
    ----------
    panel : of the models that count.
    found : correlations of the m benchmarks.
    places : where each of the n models lies on the capabilities score, those left out too, shape (n,).
    weights : of the k capability benchmarks, shape (k,); 0 for one that no longer varies.
    """

    panel: Panel
    found: OnZScale
    places: Floats
    weights: Floats

    def of(self, j: int, level: float = 0.95) -> ClassCorrelations:
        """One of them as V1 has it to judge."""
        own = self.found.only([j])
        low, high = own.limits(level)
        correlations = Correlations(
            value=own.rho,
            n=own.n,
            low={DEFAULT: low},
            high={DEFAULT: high},
            default=own,
            moderated=np.zeros(1, dtype=bool),
        )
        return ClassCorrelations(self.panel, (self.panel.tested[j],), correlations, own.only([]), asked=False)


def alone(panel: Panel, way: Way, left_out: Sequence[int] = ()) -> Alone:
    """The capabilities correlation of every benchmark of a panel, as V1 gives it of each by itself.

    Parameters
    ----------
    panel : the models of a class.
    way : of making the score and of correlating with it.
    left_out : rows of models that do not count.
    """
    kept = np.setdiff1d(np.arange(len(panel.models)), left_out)
    vary = varies(panel.values[kept])
    part = replace(
        panel,
        models=tuple(panel.models[row] for row in kept),
        families=np.unique(panel.families[kept], return_inverse=True)[1],
        capability=chosen(panel.capability, vary),
        values=panel.values[np.ix_(kept, vary)],
        scores=panel.scores[kept],
        way=way,
    )
    weights = np.vstack([np.ones(len(kept)), blocks_left_out(part.families)])
    point, *replicates = resampled_correlations(part.values, part.scores, weights, way)
    by_family = of_those_run(np.array(replicates), weights[1:], part.scores)
    found = at_least_independent(point, by_family, np.isfinite(part.scores).sum(axis=0), way.correlation)
    loadings = np.zeros(len(vary))
    loadings[vary] = part.component.loadings
    return Alone(panel=part, found=found, places=part.places(panel.values[:, vary]), weights=loadings)
