"""What runs at tasks must hold, and what is refused."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.tables import TaskRuns

ROWS = {"model": ["m", "m", "n"], "task": ["a", "b", "a"], "minutes": [2.0, 60.0, 2.0], "success": [1.0, 0.0, 0.5]}


def test_families_and_dates_are_facts_of_tasks_and_models():
    found = TaskRuns.build(pl.DataFrame({**ROWS, "family": ["f", "g", "f"], "release_date": ["2024-01", None, "2025"]}))
    assert found.models == ("m", "n")
    assert found.frame["family"].to_list() == ["f", "g", "f"]
    assert found.notes == ()


def test_a_task_without_a_family_is_one_of_its_own_and_that_is_said():
    found = TaskRuns.build(pl.DataFrame({**ROWS, "family": ["f", None, "f"]}))
    assert found.frame["family"].to_list() == ["f", "b", "f"]
    assert found.notes == ("without a family, a task counts as one of its own (1 of 3 runs)",)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"minutes": [0.0, 60.0, 0.0]}, "minutes should be above 0 and finite, got 0"),
        ({"minutes": [-1.0, 60.0, -1.0]}, "minutes should be above 0 and finite, got -1"),
        ({"minutes": [float("inf"), 60.0, 2.0]}, "minutes should be above 0 and finite, got inf"),
        ({"success": [2.0, 0.0, 1.0]}, "success should be from 0 to 1, got 2"),
        ({"minutes": [2.0, 60.0, 3.0]}, "a task should have one number of minutes, got 2, 3 for 'a'"),
        ({"family": ["f", "g", "h"]}, "a task should have one family, got f, h for 'a'"),
        ({"release_date": ["2024-01", "2024-02", None]}, "a model should have one release date, got 2024-01, 2024-02"),
        ({"release_date": ["soon", "soon", None]}, "soon"),
    ],
)
def test_what_is_no_run_is_refused(changed, message):
    with pytest.raises(InputError, match=message):
        TaskRuns.build(pl.DataFrame({**ROWS, **changed}))


def test_columns_that_are_missing_are_named():
    with pytest.raises(InputError, match="minutes not found among model, task, success"):
        TaskRuns.build(pl.DataFrame(ROWS).drop("minutes"))
