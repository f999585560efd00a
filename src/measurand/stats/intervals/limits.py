"""A number with its limits: what every interval in this package is returned as."""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Limits"]


class Limits(NamedTuple):
    """A value and the limits of its interval; NaN where undefined.

    Examples
    --------
    >>> Limits(0.5, 0.4, 0.6).defined, Limits(0.5, float("nan"), float("nan")).defined
    (True, False)
    """

    value: float
    low: float
    high: float

    @property
    def defined(self) -> bool:
        """Whether it has an interval."""
        return not (math.isnan(self.low) or math.isnan(self.high))

    def within(self, least: float, most: float) -> Limits:
        """The same with limits no further out than what is possible; NaN stays.

        Examples
        --------
        >>> Limits(0.9, 0.7, 1.1).within(0.0, 1.0)
        Limits(value=0.9, low=0.7, high=1.0)
        """
        low, high = (x if math.isnan(x) else min(max(x, least), most) for x in (self.low, self.high))
        return Limits(self.value, low, high)
