"""Cubic smoothing splines by generalised cross-validation, thousands of small ones at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["SMOOTHEST", "Splines", "gcv_splines", "smoothing_splines"]

Floats = npt.NDArray[np.float64]

SMOOTHEST = (1e-5, 1.0)
"""Range searched for the penalty, the upper end times the number of knots, for abscissas on a scale from 0 to 1.

That is the range of scipy's `make_smoothing_spline`: (0, n), searched to a tolerance of 1e-5.
"""

_STEPS = 48
_CHUNK_CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class Splines:
    """Natural cubic splines, one per row.

    Parameters
    ----------
    knots : shape (rows, knots), ascending.
    values, bends : value and second derivative at the knots, shape (rows, knots).
    penalty : of the second derivative, shape (rows,).
    freedom : effective degrees of freedom, shape (rows,).
    """

    knots: Floats
    values: Floats
    bends: Floats
    penalty: Floats
    freedom: Floats

    def rows(self, chosen: slice) -> Splines:
        """Some of the splines."""
        return Splines(
            self.knots[chosen], self.values[chosen], self.bends[chosen], self.penalty[chosen], self.freedom[chosen]
        )

    def at(self, x: Floats) -> Floats:
        """Value at x, shape (rows, places); a straight line beyond the first and the last knot.

        Examples
        --------
        >>> knots, values = np.array([[0.0, 1.0, 2.0, 4.0]]), np.array([[0.0, 2.0, 4.0, 8.0]])
        >>> smoothing_splines(knots, values, np.array([0.1])).at(np.array([[-1.0, 3.0, 5.0]])).round(9).tolist()
        [[-2.0, 6.0, 10.0]]
        """
        inside = np.clip(x, self.knots[:, :1], self.knots[:, -1:])
        last = self.knots.shape[1] - 2
        # searchsorted takes one row of knots at a time; counting takes all.
        left = np.minimum((self.knots[:, None, 1:-1] <= inside[:, :, None]).sum(axis=2), last)
        low, high = (np.take_along_axis(self.knots, left + k, axis=1) for k in (0, 1))
        f_low, f_high = (np.take_along_axis(self.values, left + k, axis=1) for k in (0, 1))
        b_low, b_high = (np.take_along_axis(self.bends, left + k, axis=1) for k in (0, 1))
        step, after, before = high - low, inside - low, high - inside
        value = (after * f_high + before * f_low) / step
        value -= after * before / 6 * ((1 + after / step) * b_high + (1 + before / step) * b_low)
        # The slope at the ends, where the second derivative of a natural spline is 0.
        slope = (f_high - f_low) / step + step / 6 * np.where(x < inside, -b_high, b_low)
        result: Floats = value + (x - inside) * slope
        return result


def gcv_splines(x: Floats, y: Floats) -> Splines:
    """Smoothing splines, each with the penalty that generalised cross-validation chooses for it.

    Minimises sum (y - f(x))^2 + penalty * integral f''^2; the penalty is the one of 48 in `SMOOTHEST`, evenly spaced
    on a logarithmic scale, with the least mean squared residual / (1 - freedom / knots)^2.

    Parameters
    ----------
    x : shape (rows, knots), ascending in each row, at least 3 knots, on a scale from about 0 to 1.
    y : shape (rows, knots).

    References
    ----------
    Craven and Wahba 1979, Smoothing noisy data with spline functions, Numerische Mathematik 31.

    Examples
    --------
    >>> x = np.linspace(0, 1, 9)[None]
    >>> bool(np.allclose(gcv_splines(x, 3 * x + 1).at(x), 3 * x + 1))
    True
    """
    rows, knots = x.shape
    grid = np.geomspace(SMOOTHEST[0], SMOOTHEST[1] * knots, _STEPS)
    size = max(1, _CHUNK_CELLS // (knots * max(knots, _STEPS)))
    parts = [_gcv(x[start : start + size], y[start : start + size], grid) for start in range(0, rows, size)]
    return Splines(*(np.concatenate(fields) for fields in zip(*parts, strict=True)))


def smoothing_splines(x: Floats, y: Floats, penalty: Floats) -> Splines:
    """Smoothing splines with the penalties given, shape (rows,)."""
    roughness, modes, loads, bend = _modes(x, y)
    return Splines(*_fitted(x, roughness, modes, loads, bend, penalty))


def _gcv(x: Floats, y: Floats, grid: Floats) -> tuple[Floats, ...]:
    roughness, modes, loads, bend = _modes(x, y)
    # In the modes a penalty is one division, so a single decomposition serves the whole grid.
    kept = 1 / (1 + roughness[:, :, None] * grid)
    residual = (((1 - kept) * loads[:, :, None]) ** 2).mean(axis=1)
    criterion = residual / (1 - kept.mean(axis=1)) ** 2
    return _fitted(x, roughness, modes, loads, bend, grid[criterion.argmin(axis=1)])


def _modes(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Roughness of each mode of the values at the knots, the modes, y in terms of them, and values to bends.

    Reinsch's form: the bends are R^-1 Q' f, and integral f''^2 = f' Q R^-1 Q' f.
    """
    rows, knots = x.shape
    step = np.diff(x, axis=1)
    inner = np.arange(knots - 2)
    differences = np.zeros((rows, knots - 2, knots))
    differences[:, inner, inner] = 1 / step[:, :-1]
    differences[:, inner, inner + 2] = 1 / step[:, 1:]
    differences[:, inner, inner + 1] = -(1 / step[:, :-1] + 1 / step[:, 1:])
    gram = np.zeros((rows, knots - 2, knots - 2))
    gram[:, inner, inner] = (step[:, :-1] + step[:, 1:]) / 3
    gram[:, inner[:-1], inner[1:]] = gram[:, inner[1:], inner[:-1]] = step[:, 1:-1] / 6
    bend = np.linalg.solve(gram, differences)
    penalty = differences.transpose(0, 2, 1) @ bend
    # Symmetric but for rounding, and eigh reads one triangle only.
    roughness, modes = np.linalg.eigh((penalty + penalty.transpose(0, 2, 1)) / 2)
    # A straight line costs nothing: its two modes are 0 but for rounding, which knots close together make large.
    roughness[:, :2] = 0.0
    return np.maximum(roughness, 0.0), modes, np.einsum("rkm,rk->rm", modes, y), bend


def _fitted(
    x: Floats, roughness: Floats, modes: Floats, loads: Floats, bend: Floats, penalty: Floats
) -> tuple[Floats, ...]:
    kept = 1 / (1 + roughness * penalty[:, None])
    values = np.einsum("rkm,rm->rk", modes, kept * loads)
    bends = np.zeros_like(values)
    bends[:, 1:-1] = np.einsum("rik,rk->ri", bend, values)
    return x, values, bends, penalty, kept.sum(axis=1)
