"""Release dates, as year, year and month, or day."""

from __future__ import annotations

import calendar
import datetime
import re

from measurand.errors import InputError

__all__ = ["decimal_year", "month_of"]

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def decimal_year(date: str) -> float:
    """A date as a number of years; a month or year stands for its middle.

    Parameters
    ----------
    date : ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``.

    Raises
    ------
    InputError
        Written otherwise, or a day that the calendar does not have.

    Examples
    --------
    >>> decimal_year("2024"), round(decimal_year("2024-01"), 3), round(decimal_year("2024-12-31"), 3)
    (2024.5, 2024.042, 2024.997)
    >>> decimal_year("2023-02-30")
    Traceback (most recent call last):
    measurand.errors.InputError: a date should be YYYY, YYYY-MM or YYYY-MM-DD, got '2023-02-30'
    """
    year, month, day = _parts(date)
    length = 366 if calendar.isleap(year) else 365
    start = datetime.date(year, 1, 1)
    if month is None:
        # The middle errs by half a year at most; 1 January would date every such model too early.
        return year + 0.5
    if day is None:
        middle = (calendar.monthrange(year, month)[1]) / 2
        return year + ((datetime.date(year, month, 1) - start).days + middle) / length
    return year + (datetime.date(year, month, day) - start).days / length


def _parts(date: str) -> tuple[int, int | None, int | None]:
    match = _DATE.fullmatch(date)
    problem = InputError(f"a date should be YYYY, YYYY-MM or YYYY-MM-DD, got {date!r}")
    if match is None:
        raise problem
    year, month, day = (None if part is None else int(part) for part in match.groups())
    try:
        datetime.date(year or 0, month or 1, day or 1)
    except ValueError:
        raise problem from None
    return year or 0, month, day


def month_of(year: float) -> str:
    """Year and month of a number of years.

    Examples
    --------
    >>> month_of(2024.0), month_of(2024.97)
    ('2024-01', '2024-12')
    """
    whole = int(year // 1)
    # Rounding can lift the last hours of December to a month 13.
    return f"{whole}-{min(12, int((year - whole) * 12) + 1):02d}"
