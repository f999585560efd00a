"""The column by which rows go together."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import UnknownName
from measurand.tables.groups import LIKELY, group_column


def frame(**columns: list[object]) -> pl.DataFrame:
    return pl.DataFrame(columns)


def test_a_column_named_is_taken_whatever_its_case_where_that_is_unambiguous():
    both = frame(Topic=["a"], topic=["b"])
    assert group_column(both, "topic") == "topic"
    assert group_column(both, "Topic") == "Topic"
    assert group_column(frame(Topic=["a"]), "TOPIC") == "Topic"
    with pytest.raises(UnknownName, match="no column of groups named 'passag'; did you mean 'passage'"):
        group_column(frame(passage=["a"]), "passag")


def test_cluster_is_the_group_even_where_nothing_is_shared_and_comes_before_all_others():
    assert group_column(frame(cluster=[1, 2, 3], topic=["a", "a", "b"])) == "cluster"
    assert group_column(frame(cluster=[None, None])) is None


@pytest.mark.parametrize("name", LIKELY)
def test_a_likely_name_counts_if_its_values_divide_the_rows_and_are_shared(name):
    assert group_column(frame(**{name: ["a", "a", "b", "b"]})) == name
    assert group_column(frame(**{name: ["a", "a", "a", "a"]})) is None
    assert group_column(frame(**{name: ["a", "b", "c", "c"]})) is None
    assert group_column(frame(other=["a", "a", "b", "b"])) is None


def test_the_likeliest_of_several_is_taken():
    shared = ["a", "a", "b", "b"]
    assert group_column(frame(domain=shared, passage=shared)) == "passage"
    assert group_column(frame(domain=shared, passage=["1", "2", "3", "4"])) == "domain"
