"""Counts that cannot be are refused."""

import pytest

from measurand.errors import InputError
from measurand.tables import Trials


@pytest.mark.parametrize(
    ("count", "trials", "message"),
    [
        (1, 0, r"trials should be at least 1 and at most 2\^53, got 0"),
        (1, 2**53 + 1, r"at most 2\^53, got 9007199254740993"),
        (1, 10**400, r"at most 2\^53, got 1000"),
        (-1, 5, "failures should be from 0 to 5"),
        (6, 5, "got 6"),
    ],
)
def test_counts_that_cannot_be_are_refused(count, trials, message):
    with pytest.raises(InputError, match=message):
        Trials(count, trials, "failures")


def test_a_count_that_python_does_not_write_out_is_refused_too():
    with pytest.raises(InputError, match=r"got something too large to show \(int\)"):
        Trials(1, 10**5000)
