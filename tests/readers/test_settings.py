"""What runs were made under, and the names that tell them apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from measurand.readers.settings import TASK, named_by_settings, settings_of


def test_what_cannot_change_an_answer_is_no_setting():
    given_ = {"max_connections": 5, "seed": 1, "timeout": 3, "cache": {}, "temperature": 0.5, "top_p": None}
    assert settings_of(("", given_)) == {"temperature": "0.5"}


def test_settings_of_any_kind_are_texts_of_one_spelling():
    assert settings_of(("", {"a": {"y": 1, "x": [2]}, "b": True})) == {"a": '{"x": [2], "y": 1}', "b": "true"}


def test_long_values_that_begin_alike_keep_apart():
    prompts = ["You are careful. " * 20 + end for end in ("Answer.", "Think.")]
    names = named_by_settings([("m", "b", {f"{TASK}prompt": prompt}) for prompt in prompts])
    assert len(set(names)) == 2
    assert all(len(name) < 80 for name in names)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("mn"),
            st.sampled_from("bc"),
            st.dictionaries(st.sampled_from(["effort", f"{TASK}shots"]), st.sampled_from("12"), max_size=2),
        ),
        max_size=8,
    )
)
def test_one_name_on_one_benchmark_means_equal_settings(runs):
    names = named_by_settings(runs)
    seen: dict[tuple[str, str], dict[str, str]] = {}
    for name, (model, benchmark, settings) in zip(names, runs, strict=True):
        assert name.startswith(model)
        assert seen.setdefault((name, benchmark), settings) == settings
    # A model that was run under one setting keeps its name.
    for name, (model, _, _) in zip(names, runs, strict=True):
        if len({str(sorted(s.items())) for m, _, s in runs if m == model}) == 1:
            assert name == model
