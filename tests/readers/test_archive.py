"""Zip members and JSON text that nobody vouches for."""

import contextlib
import io
import json
import struct
import tracemalloc
import zipfile
import zlib

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from measurand.readers import archive
from measurand.readers.archive import Archive, ArchiveError, children, decode_json, open_archive

NAMES = st.text(min_size=1, max_size=12).filter(lambda name: "\0" not in name and "/" not in name and "\\" not in name)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def one_member(packed: bytes, *, method: int, size: int, crc: int, flags: int = 0, name: bytes = b"a") -> bytes:
    """An archive of one member, of which the directory may say anything."""
    common = struct.pack("<5H3L2H", 20, flags, method, 0, 0, crc, len(packed), size, len(name), 0)
    local = b"PK\x03\x04" + common + name + packed
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<3H2L", 0, 0, 0, 0, 0) + name
    return local + entry + b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(entry), len(local), 0)


def opened(data: bytes) -> Archive:
    return open_archive(io.BytesIO(data))


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=6), st.sampled_from([0, 8]), st.binary(max_size=20))
def test_reads_what_zipfile_reads(members: dict[str, bytes], method: int, prefix: bytes) -> None:
    data = prefix + zipped(members, method)
    ours = opened(data)
    with zipfile.ZipFile(io.BytesIO(data)) as theirs:
        assert {name: ours.read(name) for name in ours.members} == {
            name: theirs.read(name) for name in theirs.namelist()
        }
    assert ours.complete


def test_of_two_members_with_one_name_the_later_counts() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a", "first")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("a", "second")
    assert opened(buffer.getvalue()).read("a") == b"second"


def test_large_sizes_are_read_from_the_wide_field() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file, file.open("a", "w", force_zip64=True) as member:
        member.write(b"text")
    assert opened(buffer.getvalue()).read("a") == b"text"
    assert opened(buffer.getvalue()[:60]).members["a"].size == 4


def test_zstandard_members_of_several_frames() -> None:
    pack = zstandard.ZstdCompressor().compress
    parts = [b"one " * 1000, b"two " * 1000]
    whole = b"".join(parts)
    data = one_member(b"".join(map(pack, parts)), method=93, size=len(whole), crc=zlib.crc32(whole))
    assert opened(data).read("a") == whole


@pytest.mark.parametrize("method", [0, 8])
def test_without_directory_finished_members_are_found(method: int) -> None:
    members = {f"m{number}": bytes([number]) * 200 for number in range(5)}
    data = zipped(members, method)
    cut = opened(data[: data.index(b"m3") + 40])
    assert not cut.complete
    assert {name: cut.read(name) for name in ("m0", "m1", "m2")} == {name: members[name] for name in ("m0", "m1", "m2")}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flags": 1}, "encrypted"),
        ({"method": 12}, "compression method 12 is not known"),
        ({"size": 3}, "not the 3 bytes its directory claims"),
        ({"size": 5}, "not the 5 bytes its directory claims"),
        ({"crc": 1}, "checksum does not match"),
        ({"method": 8}, "not the 4 bytes its directory claims"),
        ({"method": 93}, "damaged"),
        ({"size": 600 << 20}, "more than the 536,870,912 that are read"),
        ({"size": 20 << 20}, "as only a zip bomb has"),
    ],
)
def test_a_member_that_cannot_be_used_says_why(change: dict[str, int], message: str) -> None:
    honest = {"method": 0, "size": 4, "crc": zlib.crc32(b"text"), "flags": 0}
    assert opened(one_member(b"text", **honest)).read("a") == b"text"
    with pytest.raises(ArchiveError, match=message):
        opened(one_member(b"text", **(honest | change))).read("a")


def test_a_missing_member_says_so() -> None:
    with pytest.raises(ArchiveError, match="b is missing"):
        opened(zipped({"a": b""})).read("b")


@pytest.mark.parametrize("method", [8, 93])
def test_a_bomb_that_lies_about_its_size_costs_no_more_than_it_claims(method: int) -> None:
    zeros = bytes(64 << 20)
    packed = zstandard.ZstdCompressor().compress(zeros) if method == 93 else zlib.compress(zeros, wbits=-15)
    bomb = opened(one_member(packed, method=method, size=1000, crc=0))
    del zeros
    tracemalloc.start()
    with pytest.raises(ArchiveError, match="not the 1,000 bytes"):
        bomb.read("a")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_limits_on_members_and_on_all_of_them_together(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped({"a": b"12345", "b": b"12345", "c": b"12345"})
    monkeypatch.setattr(archive, "MAX_TOTAL", 10)
    limited = opened(data)
    assert limited.read("a") + limited.read("b") == b"1234512345"
    with pytest.raises(ArchiveError, match="more than 10 bytes in all"):
        limited.read("c")
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
    with pytest.raises(ArchiveError, match="a directory of 3 members"):
        opened(data)
    with pytest.raises(ArchiveError, match="more than 2 members"):
        opened(data[:-30])


@given(st.data())
def test_a_damaged_archive_raises_nothing_else(data: st.DataObject) -> None:
    intact = zipped({"header.json": b"{}" * 30, "samples/1.json": b"[1, 2]" * 30})
    damaged = bytearray(intact[: data.draw(st.integers(0, len(intact)))])
    for place, value in data.draw(
        st.dictionaries(st.integers(0, len(intact) - 1), st.integers(0, 255), max_size=8)
    ).items():
        if place < len(damaged):
            damaged[place] = value
    assert set(contents(bytes(damaged))) <= {b"{}" * 30, b"[1, 2]" * 30, b""}


def contents(data: bytes) -> list[bytes]:
    """What can be read of an archive."""
    read = []
    with contextlib.suppress(ArchiveError):
        found = opened(data)
        for name in found.members:
            with contextlib.suppress(ArchiveError):
                read.append(found.read(name))
    return read


def test_json_with_the_constants_that_are_no_json() -> None:
    text = b'{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN, \\" NaN"}'
    assert decode_json(text, msgspec.json.decode) == {"a": "NaN", "b": ["-Infinity", "Infinity"], "c": 'NaN, " NaN'}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[" * 1_000_000, "nested too deep"),
        (b'{"a":' * 1_000_000, "nested too deep"),
        (b'["\xff"]', "not as expected"),
        (b"[1", "not as expected"),
        (b"[1] 2", "not as expected"),
        (b"", "not as expected"),
        (b"9" * 5000, "not as expected"),
    ],
)
def test_json_that_cannot_be_decoded_says_why(text: bytes, message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        decode_json(text, msgspec.json.decode)


def test_json_of_too_many_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_VALUES", 3)
    assert decode_json(b"[1,2,3,4]", msgspec.json.decode) == [1, 2, 3, 4]
    with pytest.raises(ArchiveError, match="values"):
        decode_json(b"[1,2,3,4,5]", msgspec.json.decode)


@given(st.lists(JSON, max_size=6), st.sampled_from([None, 2]))
def test_children_of_an_array_are_its_values(values: list[object], indent: int | None) -> None:
    text = json.dumps(values, indent=indent).encode()
    parts = children(text, 0)
    assert [json.loads(text[low:high]) for low, high in parts.spans] == values
    assert parts.rest is None


@given(st.dictionaries(st.text(), JSON, min_size=1, max_size=6), st.data())
def test_children_of_a_cut_object_are_its_first_members(members: dict[str, object], data: st.DataObject) -> None:
    text = json.dumps(members).encode()
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    parts = children(cut, 0)
    assert parts.rest is not None
    shown = json.loads(b"{" + b",".join(cut[low:high] for low, high in parts.spans) + b"}")
    assert list(shown.items()) == list(members.items())[: len(shown)]


def test_children_are_found_however_deep() -> None:
    deep = b"[" * 1_000_000 + b"]" * 1_000_000
    text = b"[1," + deep + b",2]"
    assert [high - low for low, high in children(text, 0).spans] == [1, 2_000_000, 1]
