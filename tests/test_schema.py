"""The JSON of an audit: exact round trips, and errors that say where."""

from __future__ import annotations

import dataclasses
import json
import math
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.results import Audit, Axis, Estimate, Figure, Finding, Provenance, Source, Status
from measurand.schema import SCHEMA_VERSION, decode, encode

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
CELL = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | NUMBER | TEXT
ESTIMATE = st.builds(
    Estimate,
    name=TEXT,
    value=NUMBER | st.none(),
    low=NUMBER | st.none(),
    high=NUMBER | st.none(),
    level=st.none() | st.floats(0.01, 0.99),
    method=TEXT,
    n=st.none() | st.integers(0, 10**9),
    unit=TEXT,
)
FINDING = st.builds(
    Finding,
    code=st.sampled_from(["V1", "P10", "X"]),
    subject=st.dictionaries(TEXT, TEXT, max_size=3),
    title=TEXT,
    status=st.sampled_from(Status),
    sentence=TEXT,
    headline=st.booleans(),
    estimates=st.lists(ESTIMATE, max_size=2).map(tuple),
    caveats=st.lists(TEXT, max_size=2).map(tuple),
    figure=st.none() | TEXT,
    result=st.dictionaries(TEXT, CELL | st.lists(CELL, max_size=3).map(tuple), max_size=2),
)
FIGURE = st.builds(
    Figure,
    name=TEXT,
    kind=st.sampled_from(["intervals", "scatter", "lines", "heatmap"]),
    title=TEXT,
    caption=TEXT,
    columns=st.lists(CELL, min_size=2, max_size=2).map(tuple).flatmap(lambda cells: st.just({"x": cells, "y": cells})),
    x=st.builds(Axis, TEXT, TEXT, st.sampled_from(["linear", "log", "nominal"]), st.none() | st.tuples(NUMBER, NUMBER)),
    y=st.builds(Axis, TEXT, TEXT),
    low=st.none() | TEXT,
    select=st.lists(TEXT, max_size=2).map(tuple),
    rules=st.lists(NUMBER, max_size=2).map(tuple),
    fit=st.booleans(),
)
AUDIT = st.builds(
    Audit,
    findings=st.lists(FINDING, max_size=3).map(tuple),
    figures=st.lists(FIGURE, max_size=2).map(lambda figures: {figure.name: figure for figure in figures}),
    provenance=st.builds(
        Provenance,
        TEXT,
        st.lists(st.builds(Source, TEXT, TEXT, TEXT, st.integers(0, 10**12)), max_size=2).map(tuple),
        st.lists(TEXT, max_size=2).map(tuple),
        st.dictionaries(TEXT, TEXT, max_size=2),
    ),
    settings=st.dictionaries(
        TEXT,
        st.dictionaries(
            TEXT, CELL | st.lists(TEXT, max_size=2).map(tuple) | st.dictionaries(TEXT, NUMBER, max_size=2), max_size=3
        ),
        max_size=2,
    ),
    seed=st.integers(0, 2**128),
    asked=st.lists(TEXT, max_size=2).map(tuple),
)


def small(**changes: object) -> Audit:
    finding = Finding(
        code="V1",
        subject={"benchmark": "mmlu"},
        title="mmlu",
        status=Status.ISSUE,
        sentence="It moves.",
        estimates=(Estimate(name="rho", value=0.8, low=0.6, high=0.9),),
    )
    audit = Audit(
        findings=(finding,),
        figures={},
        provenance=Provenance("study", (), (), {}),
        settings={"V1": {"level": 0.95, "classes": ("base", "chat")}},
        seed=7,
        asked=("V1",),
    )
    return dataclasses.replace(audit, **changes)


@settings(max_examples=60, deadline=None)
@given(AUDIT)
def test_what_is_written_is_read_back(audit: Audit) -> None:
    data = encode(audit)
    assert decode(data) == audit
    assert encode(decode(data)) == data


def test_top_object_and_names() -> None:
    document = json.loads(encode(small()))
    assert list(document) == [
        "schema_version",
        "findings",
        "figures",
        "provenance",
        "settings",
        "seed",
        "asked",
        "answers",
        "sizes",
        "date",
    ]
    assert document["schema_version"] == SCHEMA_VERSION == 2
    finding = document["findings"][0]
    assert (finding["code"], finding["subject"], finding["status"]) == ("V1", {"benchmark": "mmlu"}, "issue")
    assert finding["sentence"] == "It moves."
    estimate = finding["estimates"][0]
    assert (estimate["name"], estimate["value"], estimate["low"], estimate["high"]) == ("rho", 0.8, 0.6, 0.9)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_numbers_that_are_not_finite_are_null(value: float) -> None:
    figure = Figure(
        name="f", kind="scatter", title="", caption="", columns={"x": (value, 1.0)}, x=Axis("x", ""), y=Axis("x", "")
    )
    finding = Finding(
        code="V1",
        subject={},
        title="",
        status=Status.ERROR,
        sentence="",
        estimates=(Estimate(name="rho", value=value, low=value, high=1.0),),
        result={"a": (value,)},
    )
    data = encode(small(findings=(finding,), figures={"f": figure}))
    json.loads(data, parse_constant=pytest.fail)
    audit = decode(data)
    assert audit.findings[0].estimates[0] == Estimate(name="rho", value=None, low=None, high=1.0)
    assert audit.findings[0].result == {"a": (None,)}
    assert audit.figures["f"].columns == {"x": (None, 1.0)}


def test_numpy_scalars_and_read_only_mappings_are_written() -> None:
    result = {"n": np.int64(3), "yes": np.bool_(True), "x": np.float32(0.5)}
    finding = Finding(
        code="V1",
        subject=MappingProxyType({"class": "base"}),
        title="",
        status=Status.PASSED,
        sentence="",
        result=MappingProxyType(result),
    )
    read = decode(encode(small(findings=(finding,)))).findings[0]
    assert read.result == {"n": 3, "yes": True, "x": 0.5}
    assert read.subject == {"class": "base"}


def test_lone_surrogates_do_not_stop_the_writing() -> None:
    finding = Finding(
        code="V1", subject={"benchmark": "a\ud800b"}, title="\ud83d\ude00", status=Status.PASSED, sentence=""
    )
    read = decode(encode(small(findings=(finding,)))).findings[0]
    assert read.subject == {"benchmark": "a\ufffdb"}
    assert read.title == "\U0001f600"


def test_a_value_json_cannot_hold_is_named() -> None:
    with pytest.raises(InputError, match="object is not a value that JSON can hold"):
        encode(small(settings={"what": object()}))


def test_a_file_of_the_first_version_is_read() -> None:
    """Written by 0.1.0: one value of a setting for all measures, no headlines, nothing of what was asked."""
    document = json.loads(encode(small()))
    headline = {"code": "P1", "subject": {"class": "chat"}, "title": "", "status": "passed", "sentence": "All of it."}
    document |= {"schema_version": 1, "settings": {"level": 0.95, "resamples": 200}}
    document["findings"] += [headline]
    del document["asked"], document["findings"][0]["headline"]
    audit = decode(json.dumps(document).encode())
    assert [finding.headline for finding in audit.findings] == [False, True]
    assert (audit.asked, audit.settings) == (("V1", "P1"), {})
    assert audit.provenance.notes[-1].endswith("for all measures: level 0.95, resamples 200")


def test_unknown_fields_are_ignored() -> None:
    document = json.loads(encode(small()))
    document["later"] = {"a": 1}
    document["findings"][0]["later"] = [1, 2]
    assert decode(json.dumps(document).encode()) == small()


def changed(path: list[str | int], value: object = None, *, drop: bool = False) -> bytes:
    document = json.loads(encode(small()))
    place = document
    for key in path[:-1]:
        place = place[key]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "ends at byte 0"),
        (b"hello", r"byte 0"),
        (b"[]", "Expected `object`, got `array`"),
        (encode(small())[:100], r"truncated .*byte 100"),
        (b"\xff\xfe{}", "byte 0"),
        (encode(small()).replace(b'"mmlu"', b'"\xff"'), "UTF-8|utf-8|byte"),
        (b"{}", "schema_version"),
        (changed(["schema_version"], 3), "should be 1 or 2, got 3"),
        (changed(["schema_version"], "1"), r"\$\.schema_version"),
        (changed(["seed"], drop=True), "`seed`"),
        (changed(["findings", 0, "code"], drop=True), r"`code`.*\$\.findings\[0\]"),
        (changed(["findings", 0, "status"], "fine"), r"fine.*\$\.findings\[0\]\.status"),
        (changed(["findings", 0, "estimates", 0, "value"], "high"), r"\$\.findings\[0\]\.estimates\[0\]\.value"),
        (changed(["figures"], {"f": 1}), r"\$\.figures"),
    ],
)
def test_what_cannot_be_read_says_where(data: bytes, where: str) -> None:
    with pytest.raises(InputError, match=where):
        decode(data)


def test_a_figure_of_uneven_columns_or_another_name_is_refused() -> None:
    figure = Figure(
        name="f",
        kind="scatter",
        title="",
        caption="",
        columns={"x": (1.0, 2.0), "y": (1.0, 2.0)},
        x=Axis("x", ""),
        y=Axis("y", ""),
    )
    document = json.loads(encode(small(figures={"f": figure})))
    document["figures"]["f"]["columns"]["x"] = [1.0]
    with pytest.raises(InputError, match=r"one length.*\$\.figures"):
        decode(json.dumps(document).encode())
    document["figures"] = {"g": json.loads(encode(small(figures={"f": figure})))["figures"]["f"]}
    with pytest.raises(InputError, match="should be 'g', got 'f'"):
        decode(json.dumps(document).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"schema_version": 2, "x": ' + b"[" * 200_000,
        b'{"schema_version": 2, "findings": ' + b'[{"result": {"a": ' * 100_000,
    ],
)
def test_deep_nesting_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError, match="audit JSON"):
        decode(data)
