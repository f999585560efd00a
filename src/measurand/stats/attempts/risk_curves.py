"""Risk as a function of the compute spent to elicit it: what a budget buys, and what a risk costs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["average_efficiency", "compute_at", "curve_area", "first_reaching", "risk_at"]

Floats = npt.NDArray[np.float64]


def _curve(compute: npt.ArrayLike, risk: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The points of a curve.

    Raises
    ------
    ValueError
        Lengths that differ, or compute that falls.
    """
    spent, share = np.asarray(compute, dtype=np.float64), np.asarray(risk, dtype=np.float64)
    if spent.shape != share.shape or not len(spent) or (np.diff(spent) < 0).any():
        raise ValueError(f"compute should rise along with as many risks, got {spent.shape} and {share.shape}")
    return spent, share


def compute_at(compute: npt.ArrayLike, risk: npt.ArrayLike, wanted: float) -> float:
    """C@tau: the least compute at which the curve, straight between its points, reaches a risk; infinite if never.

    Examples
    --------
    >>> compute_at([0, 10, 30, 50], [0.0, 0.1, 0.4, 0.6], 0.5), compute_at([0, 10], [0.0, 0.1], 0.5)
    (40.0, inf)
    """
    spent, share = _curve(compute, risk)
    reached = np.flatnonzero(share >= wanted)
    if not len(reached):
        return float("inf")
    place = int(reached[0])
    if place == 0 or share[place] == share[place - 1]:
        return float(spent[place])
    part = (wanted - share[place - 1]) / (share[place] - share[place - 1])
    return float(spent[place - 1] + part * (spent[place] - spent[place - 1]))


def risk_at(compute: npt.ArrayLike, risk: npt.ArrayLike, budget: float) -> float:
    """R@C: the risk that a budget buys; undefined (NaN) beyond the compute that was spent.

    Examples
    --------
    >>> risk_at([0, 10, 30], [0.0, 0.1, 0.4], 20)
    0.25
    """
    spent, share = _curve(compute, risk)
    return float(np.interp(budget, spent, share, left=float("nan"), right=float("nan")))


def curve_area(compute: npt.ArrayLike, risk: npt.ArrayLike) -> float:
    """Area under the risk-compute curve, by trapezoids.

    Examples
    --------
    >>> curve_area([0, 10, 30], [0.0, 0.1, 0.4])
    5.5
    """
    spent, share = _curve(compute, risk)
    return float(np.trapezoid(share, spent))


def average_efficiency(compute: npt.ArrayLike, risk: npt.ArrayLike) -> float:
    """Risk gained from the first to the last point by unit of compute.

    Examples
    --------
    >>> average_efficiency([0, 100], [0.0, 0.5])
    0.005
    """
    spent, share = _curve(compute, risk)
    return float((share[-1] - share[0]) / (spent[-1] - spent[0]))


def first_reaching(compute: npt.ArrayLike, risk: npt.ArrayLike, wanted: float) -> float:
    """The first point measured at which a risk is reached; infinite if none.

    Examples
    --------
    >>> first_reaching([0, 1, 3], [0.0, 0.3, 0.62], 0.5)
    3.0
    """
    spent, share = _curve(compute, risk)
    reached = np.flatnonzero(share >= wanted)
    return float(spent[reached[0]]) if len(reached) else float("inf")
