"""JSON of unknown origin, within limits."""

import hashlib
import json
import os
import tracemalloc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.readers import json_files
from measurand.readers.json_files import JsonLines, decode, head, parts, read_document, require

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_decodes_what_the_standard_library_writes(value):
    assert decode(json.dumps(value).encode(), object) == value


@given(st.binary(max_size=200))
def test_bytes_decode_or_are_refused_in_one_line(data):
    reason = refusal(data)
    assert reason is None or len(reason.splitlines()) == 1


def refusal(data):
    """Why the bytes are refused, None where they are JSON."""
    try:
        decode(data, object)
    except ValueError as error:
        return str(error)
    return None


@given(st.integers(1, 400), st.text(alphabet='[{"\\', max_size=300))
def test_depth_counts_brackets_outside_strings_alone(depth, inside):
    data = b"[" * depth + json.dumps(inside).encode() + b"]" * depth
    if depth <= json_files.NESTING_LIMIT:
        value = decode(data, object)
        for _ in range(depth):
            (value,) = value
        assert value == inside
    else:
        with pytest.raises(ValueError, match=f"nested {depth} deep; at most 200"):
            decode(data, object)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"b":'])
def test_a_million_nested_lists_are_refused_without_recursion(opening):
    with pytest.raises(ValueError, match=r"nested [12]000000 deep"):
        decode(opening * 10**6, dict)


def test_what_python_writes_beyond_json_is_read():
    assert decode(json.dumps({"a": float("nan"), "b": [float("-inf")]}).encode(), object) == {"a": None, "b": [None]}
    assert decode(b'{"a": "x\\ud800y", "b": "\\ud83d\\ude00"}', object) == {"a": "x?y", "b": "\U0001f600"}


def test_fields_that_are_not_named_are_not_built():
    class Score(msgspec.Struct):
        score: float

    data = b'{"text": [' + b"1," * 2_000_000 + b'1], "score": 0.5}'
    tracemalloc.start()
    assert decode(data, Score).score == 0.5
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


def test_parts_stay_undecoded():
    assert {name: bytes(part) for name, part in parts(b'{"a": {"b": 1}, "c": "d"}').items()} == {
        "a": b'{"b": 1}',
        "c": b'"d"',
    }
    assert parts(None) == {}
    assert parts(b"{") == {}


@pytest.mark.parametrize("missing", ["none.json", "no/folder/none.json", "nul\0byte", "x" * 300])
def test_a_missing_path_is_said(tmp_path, missing):
    with pytest.raises(InputError, match="no such file or folder"):
        require(tmp_path / missing)


def test_head_is_bounded_and_starts_at_the_content(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"\xef\xbb\xbf \n{" + b"a" * 10**6)
    assert head(path) == b"{" + b"a" * (json_files.HEAD - 6)
    assert head(tmp_path) == b""
    assert head(tmp_path / "none") == b""


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert head(tmp_path / "pipe") == b""
    assert read_document(tmp_path / "pipe", dict).problem.reason == "pipe: should be a file"
    lines = JsonLines(tmp_path / "pipe", dict)
    assert list(lines) == []
    assert lines.problems[0].reason == "pipe: cannot be read: should be a file"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b" \n", "empty file"),
        (b'{"a": 1', "cut off or not JSON of this format: Input data was truncated"),
        (b"[1]", "Expected `object`, got `array`"),
        (b"[" * 10**6, "nested 1000000 deep"),
        (b"x" * 100, "100 bytes; at most 50 are read"),
    ],
)
def test_a_document_that_cannot_be_read_is_a_problem(tmp_path, content, reason):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    document = read_document(path, dict, limit=50 if b"x" in content else 10**7, rows=7)
    assert document.value is None
    assert reason in document.problem.reason
    assert document.problem.rows_lost == 7


def test_a_document_keeps_the_hash_of_its_bytes(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": "\xff"}')
    document = read_document(path, dict)
    assert document.value == {"a": "\N{REPLACEMENT CHARACTER}"}
    assert document.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert document.problem.reason == "a.json: bytes that are not UTF-8 are replaced"


def lines_of(path, content):
    path.write_bytes(content)
    lines = JsonLines(path, dict)
    values = list(lines)
    assert lines.sha256 == hashlib.sha256(content).hexdigest()
    assert lines.good == len(values)
    return values, [(problem.reason, problem.rows_lost) for problem in lines.problems]


def test_the_first_bad_line_is_told_and_the_others_are_read(tmp_path):
    values, problems = lines_of(tmp_path / "a", b'{"a":1}\n{no}\n\n{"a":2}\n[1]\n{"a":3}\n')
    assert values == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert problems == [
        ("a: 2 lines cannot be read; line 2: JSON is malformed: object keys must be strings (byte 1)", 2)
    ]


def test_a_last_line_being_written_costs_that_line(tmp_path):
    values, problems = lines_of(tmp_path / "a", b'{"a":1}\n{"a":2')
    assert values == [{"a": 1}]
    assert problems == [("a: line 2, the last, is cut off: the file was truncated or is being written", 1)]
    assert lines_of(tmp_path / "a", b'{"a":1}\n{"a":2}') == ([{"a": 1}, {"a": 2}], [])


def test_an_empty_file_and_bytes_that_are_not_utf8(tmp_path):
    assert lines_of(tmp_path / "a", b"") == ([], [("a: empty file", None)])
    values, problems = lines_of(tmp_path / "a", b'\xef\xbb\xbf{"a":"\xff"}\n')
    assert values == [{"a": "\N{REPLACEMENT CHARACTER}"}]
    assert problems == [("a: bytes that are not UTF-8 are replaced in 1 lines", 0)]


def test_a_line_that_is_too_long_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(json_files, "LINE_LIMIT", 20)
    monkeypatch.setattr(json_files, "_CHUNK", 7)
    long = b'{"a":"' + b"x" * 50 + b'"}\n'
    values, problems = lines_of(tmp_path / "a", b'{"a":1}\n' + long + b'{"a":2}\n' + long.strip())
    assert values == [{"a": 1}, {"a": 2}]
    assert problems == [("a: 2 lines cannot be read; line 2: longer than 20 bytes", 2)]


def test_lines_beyond_the_limit_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(json_files, "LINES_LIMIT", 2)
    values, problems = lines_of(tmp_path / "a", b'{"a":1}\n' * 5)
    assert len(values) == 2
    assert problems == [("a: 3 lines are beyond what is read of one file", 3)]


def test_bytes_beyond_the_limit_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(json_files, "BYTES_LIMIT", 16)
    assert lines_of(tmp_path / "a", b'{"a":1}\n' * 5)[1] == [("a: 3 lines are beyond what is read of one file", 3)]


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes((b'{"a":"' + b"x" * 10_000 + b'"}\n') * 3000)
    tracemalloc.start()
    assert sum(1 for _ in JsonLines(path, dict)) == 3000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20
