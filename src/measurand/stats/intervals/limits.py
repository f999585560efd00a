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
