"""Counts of independent trials, as someone states them."""

from __future__ import annotations

from dataclasses import dataclass

from measurand.errors import InputError, quoted

__all__ = ["Trials"]


@dataclass(frozen=True)
class Trials:
    """How often something happened in independent trials.

    Parameters
    ----------
    count : trials in which it happened.
    trials : all of them.
    what : what is counted, as a sentence names it in the plural: ``"successes"`` or ``"failures"``.

    Raises
    ------
    InputError
        No trial, or a count outside 0 to `trials`.

    Examples
    --------
    >>> Trials(20, 20).trials
    20
    >>> Trials(21, 20)
    Traceback (most recent call last):
    measurand.errors.InputError: successes should be from 0 to 20 (the number of trials), got 21
    """

    count: int
    trials: int
    what: str = "successes"

    @property
    def failures(self) -> int:
        """Trials that failed, whichever of the two is counted.

        Examples
        --------
        >>> Trials(18, 20).failures, Trials(2, 20, "failures").successes
        (2, 18)
        """
        return self.count if self.what == "failures" else self.trials - self.count

    @property
    def successes(self) -> int:
        """Trials that succeeded."""
        return self.trials - self.failures

    def __post_init__(self) -> None:
        # Beyond 2^53 numbers of the machine do not count one by one.
        if not 1 <= self.trials <= 2**53:
            raise InputError(f"trials should be at least 1 and at most 2^53, got {quoted(self.trials)}")
        if not 0 <= self.count <= self.trials:
            raise InputError(f"{self.what} should be from 0 to {self.trials} (the number of trials), got {self.count}")
