"""Parquet files of a few kilobytes that stand for gigabytes are refused before they are unpacked."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import measurand
from measurand.errors import InputError
from measurand.readers import parquet
from measurand.readers.parquet import parquet_frame, parquet_names, require_harmless
from measurand.store import ingest

FRAME = pl.DataFrame({"model": ["a", "b", None], "mmlu": [0.5, 0.25, None], "tags": [["x"], [], None]})


def written(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "none"])
@pytest.mark.parametrize("groups", [1, 2, 100])
def test_any_writer_s_file_is_read_whole_or_in_part(tmp_path, compression, groups):
    path = tmp_path / "t.parquet"
    table = FRAME.to_arrow()
    pq.write_table(table, path, compression=compression, row_group_size=groups, write_page_checksum=True)
    for source in (path, str(path), path.read_bytes()):
        assert parquet_frame(source).equals(FRAME)
        assert parquet_frame(source, ["mmlu"]).columns == ["mmlu"]
        assert parquet_names(source) == FRAME.columns
    FRAME.write_parquet(path, row_group_size=groups, compression="zstd", metadata={"what": "tags"})
    assert parquet_frame(path).equals(FRAME)


def one_great_cell(path):
    pq.write_table(pa.table({"model": ["a"], "mmlu": ["0" * (200 << 20)]}), path, compression="zstd")


def many_rows(path):
    part = pa.table({"model": pa.array(["a"]).take(pa.array(np.zeros(10**6, int))), "mmlu": np.zeros(10**6)})
    with pq.ParquetWriter(path, part.schema, compression="zstd") as writer:
        for _ in range(40):
            writer.write_table(part)


def a_long_text_used_often(path):
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10**6, np.int32)), pa.array(["a" * 3000]))
    pq.write_table(pa.table({"model": column, "mmlu": np.zeros(10**6)}), path, store_schema=False)


def long_lists(path):
    lists = pa.ListArray.from_arrays(pa.array([0, 60_000_000], pa.int32()), pa.array(np.zeros(60_000_000)))
    pq.write_table(pa.table({"model": ["a"], "mmlu": lists}), path, compression="zstd")


def lists_longer_than_the_footer_says(path):
    long_lists(path)
    data, length = bytearray(path.read_bytes()), 4
    told = bytes([0x80 | 120_000_000 >> 7 * i & 127 for i in range(3)] + [120_000_000 >> 21])
    place = data.rindex(told)
    # One value, in as many bytes.
    data[place : place + length] = b"\x82\x80\x80\x00"
    path.write_bytes(data)


def many_columns(path):
    pq.write_table(pa.table({f"c{i}": [0.5] for i in range(12_000)}), path)


def deep_columns(path):
    nested = pa.array([1.0])
    for _ in range(200):
        nested = pa.ListArray.from_arrays([0, 1], nested)
    pq.write_table(pa.table({"model": ["a"], "mmlu": nested}), path)


HOSTILE = {
    one_great_cell: "209,715,.* bytes out of .* as only a bomb has",
    many_rows: "80,000,000 values; at most 50,000,000",
    a_long_text_used_often: "3,000,000,000 bytes of text; at most",
    long_lists: "60,000,001 values",
    lists_longer_than_the_footer_says: "60,...,... values",
    many_columns: "12,000 columns; at most 10,000",
    deep_columns: "columns within columns, 401 deep; at most 50",
}


@pytest.mark.parametrize("made", HOSTILE, ids=lambda made: made.__name__)
def test_a_file_that_would_not_fit_is_refused_with_what_it_holds(tmp_path, made):
    path = tmp_path / "t.parquet"
    made(path)
    assert path.stat().st_size < 5 << 20
    with pytest.raises(InputError, match=f"t.parquet: cannot be read as Parquet: {HOSTILE[made]}"):
        measurand.read(path)
    with pytest.raises(InputError, match="no log of a harness"):
        ingest([path], tmp_path / "store")


@given(data=st.data())
def test_a_damaged_footer_is_refused_or_read_and_nothing_else(data):
    whole = written(FRAME)
    flipped = bytearray(whole)
    length = int.from_bytes(whole[-8:-4], "little")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(len(whole) - 8 - length, len(whole) - 1))
        flipped[place] = data.draw(st.integers(0, 255))
    cut = bytes(flipped)[: data.draw(st.sampled_from([len(whole), len(whole) - 1, 7, 0]))]
    try:
        require_harmless(cut)
    except InputError:
        return


def test_lists_in_lists_of_a_footer_end_somewhere():
    data = b"\x19" + b"\x19" * 100_000
    with pytest.raises(ValueError, match="too deep"):
        parquet._Thrift(data).struct()
