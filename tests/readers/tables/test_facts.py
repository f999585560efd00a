"""Facts of models and benchmarks: from columns, side tables and what is shipped, in that order."""

import polars as pl
import pytest

from measurand.catalogue import lookup
from measurand.errors import InputError, UnknownName
from measurand.readers import read
from measurand.tables import Study

MODELS = [f"m{i}" for i in range(4)]
LOW = [0.3, 0.4, 0.5, 0.6]


def wide(**columns) -> pl.DataFrame:
    return pl.DataFrame({"model": MODELS, **columns})


def fact(study: Study, benchmark: str) -> dict[str, object]:
    return study.scores.benchmarks.row(by_predicate=pl.col("benchmark") == benchmark, named=True)


def model(study: Study, name: str) -> dict[str, object]:
    return study.scores.models.row(by_predicate=pl.col("model") == name, named=True)


def notes(study: Study, part: str) -> list[str]:
    return [note for note in study.scores.notes if part in note]


@pytest.mark.parametrize(
    ("column", "value", "name", "expected"),
    [
        ("Family", "Llama", "family", "Llama"),
        ("type", "Chat", "class", "chat"),
        ("class", "Reasoning", "class", "reasoning"),
        ("params", "7B", "parameters", 7e9),
        ("Params (M)", 350, "parameters", 3.5e8),
        ("model_size", 7e9, "parameters", 7e9),
        ("FLOPs", "1.6e23", "training_flop", 1.6e23),
        ("training compute (x10^21)", 84, "training_flop", 8.4e22),
        ("release_date", "2024-05-13", "release_date", "2024-05-13"),
        ("Released", "2024", "release_date", "2024"),
    ],
)
def test_model_facts_by_their_names(column, value, name, expected):
    study = read(pl.DataFrame({"model": ["m"], column: [value], "b": [0.5]}))
    assert model(study, "m")[name] == expected
    assert study.scores.benchmarks["benchmark"].to_list() == ["b"]


def test_dates_become_iso():
    frame = pl.DataFrame({"model": ["m"], "b": [0.5]}).with_columns(release_date=pl.date(2024, 5, 13))
    assert model(read(frame), "m")["release_date"] == "2024-05-13"


def test_a_type_that_is_no_class_is_left_out():
    study = read(wide(type=["merge", "moe", "chat", "base"], b=LOW))
    assert study.scores.classes == ("all",)
    assert notes(study, "text in every row")[0].endswith(": type")


@pytest.mark.parametrize(
    ("column", "value"),
    [("parameters", "unknown"), ("parameters", "-7"), ("release_date", "13 May 2024"), ("flop", "0")],
)
def test_a_fact_not_understood_is_blank_and_noted(column, value):
    study = read(pl.DataFrame({"model": ["m"], column: [value], "b": [0.5]}))
    assert set(model(study, "m").values()) == {"m", None}
    assert notes(study, f"not understood and left blank: {value!r}")


def test_a_unit_not_understood_makes_no_fact_and_no_benchmark():
    study = read(wide(**{"FLOPs (zetta)": [1.0, 2.0, 3.0, 4.0]}, b=LOW))
    assert study.scores.benchmarks["benchmark"].to_list() == ["b"]
    assert model(study, "m0")["training_flop"] is None
    assert notes(study, "FLOPs (zetta)")


def test_contradicting_rows_are_refused():
    frame = pl.DataFrame({"model": ["m", "m"], "task": ["a", "b"], "score": [0.1, 0.2], "class": ["chat", "base"]})
    with pytest.raises(InputError, match=r"'m' has two values of class: 'chat' \(row 1\) and 'base' \(row 2\)"):
        read(frame)


def test_columns_come_before_side_tables_and_those_before_what_is_shipped(tmp_path):
    scores = pl.DataFrame({"model": ["Llama-2-7b-hf", "m"], "class": ["chat", None], "mmlu": [0.4, 0.5]})
    side = tmp_path / "models.csv"
    side.write_text("model,class,parameters,release_date\nLlama-2-7b-hf,base,8B,2023-07\nm,base,,\nother,base,,\n")
    expected = {
        "model": "Llama-2-7b-hf",
        "family": "Llama",  # published table
        "class": "chat",  # own column
        "parameters": 8e9,  # side table
        "training_flop": 8.4e22,  # published table
        "release_date": "2023-07",
        "knowledge_cutoff": None,
        "version": None,
    }
    named = read(scores, models=side)
    assert model(named, "Llama-2-7b-hf") == expected
    assert model(named, "m")["class"] == "base"
    assert notes(named, "from the published table") == [
        "family, training_flop of 1 model from the published table of Ren et al. 2024, arXiv 2407.21792, by equal name"
    ]
    assert read(scores, side).scores.models.equals(named.scores.models)  # recognised among the paths
    assert read(side, scores).scores.models.equals(named.scores.models)
    assert [source.path for source in named.sources] == [str(side)]


def test_benchmark_side_table_as_frame_or_among_the_paths(tmp_path):
    facts = pl.DataFrame(
        {"benchmark": ["b", "mmlu"], "role": ["Safety", None], "chance": [0.1, 0.3], "trait": ["care", None]}
    )
    scores = wide(b=LOW, mmlu=LOW)
    study = read(scores, benchmarks=facts)
    assert (fact(study, "b")["role"], fact(study, "b")["chance"], fact(study, "b")["trait"]) == ("safety", 0.1, "care")
    assert (fact(study, "mmlu")["role"], fact(study, "mmlu")["chance"], fact(study, "mmlu")["maximum"]) == (
        "capability",
        0.3,
        1.0,
    )
    path = tmp_path / "benchmarks.csv"
    facts.write_csv(path)
    assert read(scores, path).scores.benchmarks.equals(study.scores.benchmarks)


def test_benchmark_facts_from_the_columns_of_a_long_table():
    frame = pl.DataFrame(
        {"model": ["m"], "task": ["b"], "score": [3.0], "role": ["safety"], "higher_is_better": [False], "x": [1]}
    )
    study = read(frame)
    assert (fact(study, "b")["role"], fact(study, "b")["higher_is"]) == ("safety", "worse")
    assert study.scores.matrix(["m"], ["b"]).tolist() == [[-3.0]]
    assert notes(study, "turned once, as the tables say (of raw logs the catalogue or harness): b")
    assert notes(study, "columns not used: x")


def test_tables_that_differ_in_a_fact_are_noted():
    one = pl.DataFrame({"model": ["m"], "class": ["chat"], "b": [0.1]})
    study = read(one, pl.DataFrame({"model": ["m"], "class": ["base"], "c": [0.1]}))
    assert model(study, "m")["class"] == "chat"
    assert notes(study, "class differs, the first is taken, for: m")


def test_facts_named_as_such_must_be_there():
    with pytest.raises(InputError, match="no facts of a model; known are family, class"):
        read(wide(b=LOW), models=pl.DataFrame({"model": ["m0"], "colour": ["red"]}))
    with pytest.raises(InputError, match="no benchmark column"):
        read(wide(b=LOW), benchmarks=pl.DataFrame({"chance": [0.1]}))


# --- the catalogue's direction, chance and maximum -------------------------------------------------------------------


@pytest.fixture
def worse() -> str:
    """A benchmark whose raw metric the catalogue calls better when lower, with a chance level."""
    entry = lookup("wmdp")
    assert (entry.higher_is, entry.maximum) == ("worse", 1.0)
    assert entry.chance == 0.25
    return "wmdp"


def test_fractions_take_chance_and_maximum_as_they_are():
    mmlu = fact(read(wide(mmlu=LOW)), "mmlu")
    assert (mmlu["role"], mmlu["chance"], mmlu["maximum"], mmlu["higher_is"]) == ("capability", 0.25, 1.0, None)


def test_percentages_take_them_times_100():
    study = read(wide(mmlu=[100 * value for value in LOW]))
    assert (fact(study, "mmlu")["chance"], fact(study, "mmlu")["maximum"]) == (25.0, 100.0)
    assert notes(study, "times 100: mmlu")


@pytest.mark.parametrize("values", [[-0.1, 0.4, 0.5, 0.6], [200.0, 400.0, 500.0, 600.0], [0.3, 0.4, 0.5, 1.2]])
def test_other_units_take_neither(values):
    study = read(wide(mmlu=values))
    assert (fact(study, "mmlu")["chance"], fact(study, "mmlu")["maximum"]) == (None, None)
    assert notes(study, "not used: mmlu")


def test_catalogued_direction_is_not_applied_but_noted(worse):
    study = read(wide(wmdp=LOW, mmlu=LOW))
    facts = fact(study, worse)
    assert (facts["role"], facts["higher_is"], facts["chance"], facts["maximum"]) == ("safety", None, None, None)
    assert study.scores.matrix(MODELS, [worse])[:, 0].tolist() == LOW
    (note,) = notes(study, "direction taken as given")
    assert "for wmdp:" in note
    assert "lower_is_better=['wmdp'] (--lower-is-better 'wmdp';" in note


def test_told_lower_is_better_turns_once_and_the_raw_chance_holds(worse):
    study = read(wide(wmdp=LOW), lower_is_better=[worse])
    assert (fact(study, worse)["higher_is"], fact(study, worse)["chance"]) == ("worse", 0.25)
    assert study.scores.matrix(MODELS, [worse])[:, 0].tolist() == [-value for value in LOW]
    assert not notes(study, "direction taken as given")
    assert notes(study, "lower is better, turned once: wmdp")


def test_told_the_opposite_of_the_catalogue_leaves_the_raw_facts_blank(worse):
    side = pl.DataFrame({"benchmark": [worse], "higher_is": ["better"]})
    study = read(wide(wmdp=LOW, mmlu=LOW), benchmarks=side, lower_is_better="mmlu")
    assert (fact(study, worse)["chance"], fact(study, "mmlu")["chance"]) == (None, None)
    assert not notes(study, "direction taken as given")


# --- roles -----------------------------------------------------------------------------------------------------------


def test_named_capability_benchmarks_replace_the_catalogue():
    study = read(wide(mmlu=LOW, mine=LOW), capability=["mine"])
    assert study.scores.benchmarks_of("capability") == ("mine",)


def test_no_capability_benchmark_is_a_note_with_names_to_choose_from():
    columns = {"mmluu": LOW * 2, **{f"b{i}": LOW * 2 for i in range(25)}}
    study = read(pl.DataFrame({"model": [f"m{i}" for i in range(8)], **columns}))
    (note,) = notes(study, "no benchmark is known as a capability benchmark")
    assert "capability=[...] (--capability NAME) among: mmluu, b0" in note
    assert "and 6 more" in note
    assert "'mmluu' resembles 'mmlu'" in note
    # Of four models no capabilities score could be made.
    assert not notes(read(wide(mmluu=LOW, other=LOW)), "no benchmark is known as a capability benchmark")


@pytest.mark.parametrize("setting", ["capability", "lower_is_better"])
def test_unknown_names_suggest_near_ones(setting):
    with pytest.raises(UnknownName, match="no benchmark named 'mmlo'; did you mean 'mmlu'"):
        read(wide(mmlu=LOW), **{setting: ["mmlo"]})
