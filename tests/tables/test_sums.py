"""Sums of batches equal those of all rows at once, however the rows are ordered and cut."""

from __future__ import annotations

from statistics import mean, variance

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.tables import RESPONSE_COLUMNS, Responses, State, item_tables, sums
from measurand.tables.sums import Names, Sums, Told

ROW = st.tuples(
    st.sampled_from("xyz"),
    st.sampled_from([f"{i}" for i in range(7)]),
    st.sampled_from([0.0, 0.1, 1.0, None]),
    st.sampled_from([None, "errored", "unparsed", "refused"]),
)


@given(rows=st.lists(ROW, min_size=1, max_size=60), size=st.integers(1, 20))
def test_batches_add_up_to_means_variances_and_states(rows, size):
    rows = [*rows, ("x", "0", 1.0, None)]
    whole = [(model, item, score, state, None) for model, item, score, state in rows]
    added = Sums(())
    for start in range(0, len(rows), size):
        schema = {"model": pl.String, "item": pl.String, "score": pl.Float64, "state": pl.String, "grade": pl.String}
        added.add(pl.DataFrame(whole[start : start + size], schema=schema, orient="row"))
    found = added.summed()
    scored = {(m, i): [s for n, j, s, _ in rows if (n, j) == (m, i) and s is not None] for m, i, _, _ in rows}
    assert found.models == tuple(sorted({model for (model, _), own in scored.items() if own}))
    assert found.items == tuple(sorted({item for (_, item), own in scored.items() if own}))
    for i, model in enumerate(found.models):
        for j, item in enumerate(found.items):
            own = scored.get((model, item), [])
            assert found.epochs[i, j] == len(own)
            np.testing.assert_allclose(found.scores[i, j], mean(own) if own else np.nan)
            np.testing.assert_allclose(found.within[i, j], variance(own) if len(own) > 1 else np.nan, atol=1e-15)
        states = []
        for item in {item for name, item in scored if name == model}:
            own = [(score, state) for name, each, score, state in rows if (name, each) == (model, item)]
            if scored[model, item]:
                states += ["unparsed"] if any(state == "unparsed" for _, state in own) else []
            else:
                states.append(min(state or "missing" for _, state in own))
        assert {state: count[i] for state, count in found.states.items() if count[i]} == {
            State(state): states.count(state) for state in states
        }
    assert found.binary == all(score in (0, 1, None) for _, _, score, _ in rows)


def test_equal_repeats_have_no_variance_and_small_differences_of_large_scores_have_theirs():
    scores = [0.1, 0.1, 0.1, 1e6, 1e6 + 1e-3]
    rows = pl.DataFrame({"model": "m", "item": ["a", "a", "a", "b", "b"], "score": scores})
    added = Sums(())
    added.add(rows.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in ("state", "grade")))
    assert added.summed().within[0].tolist() == [0.0, pytest.approx(5e-7, rel=1e-6)]


@given(
    columns=st.lists(st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=1, max_size=12), max_size=5),
)
def test_names_have_one_number_whether_they_are_looked_up_or_expected(columns):
    names = Names()
    numbered: dict[str | None, int] = {None: -1}
    for values in columns:
        column = pl.Series(values, dtype=pl.String)
        expected = [numbered.setdefault(value, len(numbered) - 1) for value in values]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sums, "_LOOKED_UP", 2)
            assert names.in_order(column).tolist() == expected
        assert names.numbers(column).tolist() == expected
    ordered, numbers = names.sorted()
    assert ordered == tuple(sorted(name for name in numbered if name is not None))
    assert [numbered[name] for name in ordered] == numbers.tolist()


def test_names_in_a_known_order_are_compared_and_not_looked_up(monkeypatch):
    names, column = Names(), pl.Series([f"q{i}" for i in range(20_000)])
    names.in_order(column)
    looked_up: list[int] = []
    of = Names.numbers
    monkeypatch.setattr(Names, "numbers", lambda self, column: looked_up.append(len(column)) or of(self, column))
    assert names.in_order(column[5:]).tolist() == list(range(5, 20_000))
    assert sum(looked_up) == 1


def test_what_is_told_of_items_in_several_batches():
    told = Told()
    told.add(np.array([0, 1, 3]), pl.Series(["p", "o", None], dtype=pl.String))
    told.add(np.array([0, 2, 1]), pl.Series(["p", "p", "x"]))
    facts = told.facts(np.array([3, 2, 1, 0, 9]))
    assert (facts.codes.tolist(), facts.values, facts.torn.tolist()) == ([-1, 1, 0, 1, -1], ("o", "p", "x"), [2])
    assert facts.clusters().tolist() == [2, 1, 0, 1, 3]


def test_tables_of_many_benchmarks_come_from_few_passes_with_the_same_numbers(monkeypatch):
    rng = np.random.default_rng(0)
    drawn = {name: rng.integers(0, size, 600) for name, size in (("benchmark", 5), ("model", 4), ("item", 9))}
    rows = pl.DataFrame({name: [f"{name}{code}" for code in codes] for name, codes in drawn.items()})
    rows = rows.with_columns(score=rng.random(600).round(2), reading=pl.Series(rng.choice(["f1", "acc"], 600)))
    empty = pl.DataFrame(schema=RESPONSE_COLUMNS)

    def tables():
        return list(item_tables(Responses(pl.concat([empty, rows], how="diagonal").lazy())))

    whole = tables()
    monkeypatch.setattr("measurand.tables.items.PASS", 250)
    monkeypatch.setattr("measurand.tables.items.BATCH", 37)
    parts = tables()
    assert [table.benchmark for table in whole] == [f"benchmark{i}" for i in range(5)]
    for table, part in zip(whole, parts, strict=True):
        assert (table.benchmark, table.reading, table.models, table.items) == (
            part.benchmark,
            "acc",
            part.models,
            part.items,
        )
        own = rows.filter(benchmark=table.benchmark, reading="acc", model=table.models[0])
        assert table.epochs[0].sum() == own.height
        np.testing.assert_allclose(part.scores, table.scores)
        np.testing.assert_allclose(part.within, table.within)
