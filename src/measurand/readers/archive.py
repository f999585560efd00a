"""Bounded access to bytes nobody vouches for: members of a zip archive, and JSON text.

Logs hold what a model wrote, and may be cut, flipped or made to exhaust the reader. Everything here costs memory and
time in proportion to a stated limit, and says in one `ArchiveError` why something cannot be had.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

import msgspec
import zstandard

from measurand.errors import InputError

__all__ = ["MAX_MEMBER", "Archive", "ArchiveError", "Children", "Member", "children", "decode_json", "open_archive"]

MAX_MEMBERS = 500_000
"""Members of one archive: an evaluation of 100,000 samples in five epochs."""

MAX_DIRECTORY = 64 << 20
"""Bytes of an archive's directory: `MAX_MEMBERS` entries with names of 80 characters."""

MAX_MEMBER = 512 << 20
"""Bytes of one member, compressed or not, and of one JSON text; agent transcripts can fill half of it."""

MAX_RATIO = 1000
"""Bytes out for one byte in, above `RATIO_FREE`: transcripts that repeat themselves reach 200, bombs begin at 1,030."""

RATIO_FREE = 16 << 20
"""Bytes a member may always become: small members of nothing but spaces do no harm."""

MAX_TOTAL = 16 << 30
"""Bytes produced from one archive in all, so that members which overlap cannot multiply it without end."""

MAX_VALUES = 20_000_000
"""Commas in one JSON text: each may cost a Python object of some 100 bytes."""

ENTRY = struct.Struct("<4s4x2H4x3L3H8xL")
LOCAL = struct.Struct("<4s2B4HL2L2H")
END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR64 = struct.Struct("<4sLQL")
LOCAL_SIGN = b"PK\x03\x04"
# Bytes scanned at a time for the next member of an archive without a directory.
WINDOW = 1 << 20
UNKNOWN = 0xFFFFFFFF

STORED, DEFLATED, ZSTANDARD = 0, 8, 93

NOT_FINITE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|NaN|-?Infinity', re.DOTALL)
TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)

T = TypeVar("T")


class ArchiveError(InputError):
    """Part of a log cannot be had; the message is the reason."""


class Member(msgspec.Struct, frozen=True, gc=False):
    """One file of an archive as its directory describes it: the sizes are claims until it is read."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    offset: int


class Archive:
    """The members of a zip archive by name; of two with one name the later counts, as it does to who wrote them.

    Parameters
    ----------
    file : opened for reading bytes, seekable.
    members : what it holds.
    complete : whether the archive has its directory; if not, the members are those found one after the other.
    """

    def __init__(self, file: BinaryIO, members: dict[str, Member], *, complete: bool) -> None:
        self.members = members
        self.complete = complete
        self._file = file
        self._left = MAX_TOTAL

    def read(self, name: str) -> bytes:
        """The content of a member, checked against its size and checksum.

        Raises
        ------
        ArchiveError
            No such member, encrypted, compressed in another way, too large, damaged, or cut.
        """
        member = self.members.get(name)
        if member is None:
            raise ArchiveError(f"{name} is missing")
        _refuse_bomb(member)
        if member.size > self._left:
            raise ArchiveError(f"{name}: more than {MAX_TOTAL:,} bytes in all")
        self._left -= member.size
        data = _unpack(member, self._packed(member))
        # Inflating alone does not notice a flipped bit in stored members.
        if zlib.crc32(data) != member.crc:
            raise ArchiveError(f"{name}: damaged, its checksum does not match")
        return data

    def _packed(self, member: Member) -> bytes:
        try:
            self._file.seek(member.offset)
            head = self._file.read(LOCAL.size)
            if len(head) < LOCAL.size or not head.startswith(LOCAL_SIGN):
                raise ArchiveError(f"{member.name}: not where the directory says")
            names, extra = LOCAL.unpack(head)[-2:]
            self._file.seek(names + extra, os.SEEK_CUR)
            packed = self._file.read(member.packed)
        except (OSError, ValueError, OverflowError) as error:
            raise ArchiveError(f"{member.name}: cannot be read ({error})") from None
        if len(packed) < member.packed:
            raise ArchiveError(f"{member.name}: cut after {len(packed):,} of {member.packed:,} bytes")
        return packed


def open_archive(file: BinaryIO) -> Archive:
    """The members of a zip archive, from its directory, or else from what stands before each member.

    A log that is being written, or was cut, has no directory yet; its finished members are still found.

    Raises
    ------
    ArchiveError
        More members, or a larger directory, than the limits allow.

    Examples
    --------
    >>> import io, zipfile
    >>> buffer = io.BytesIO()
    >>> with zipfile.ZipFile(buffer, "w") as archive:
    ...     archive.writestr("header.json", "{}")
    >>> open_archive(buffer).read("header.json")
    b'{}'
    >>> cut = open_archive(io.BytesIO(buffer.getvalue()[:45]))
    >>> cut.complete, cut.read("header.json")
    (False, b'{}')
    """
    length = file.seek(0, os.SEEK_END)
    try:
        # The directory first: scanning also finds members that were since overwritten.
        found = {member.name: member for member in _directory(file, length)}
        return Archive(file, found, complete=True)
    except struct.error:
        return Archive(file, {member.name: member for member in _one_by_one(file, length)}, complete=False)


def decode_json(data: bytes, decode: Callable[[bytes], T]) -> T:
    """Decode JSON text, with NaN and the infinities (no JSON, but written by Inspect) as the strings of them.

    Parameters
    ----------
    data : the text.
    decode : such as ``msgspec.json.Decoder(int).decode``.

    Raises
    ------
    ArchiveError
        Too long, nested too deep, not JSON, or not of the shape that is decoded.

    Examples
    --------
    >>> decode_json(b'[NaN, "NaN or not"]', msgspec.json.decode)
    ['NaN', 'NaN or not']
    >>> decode_json(b"[" * 1_000_000, msgspec.json.decode)
    Traceback (most recent call last):
    measurand.readers.archive.ArchiveError: nested too deep
    """
    if len(data) > MAX_MEMBER or data.count(b",") > MAX_VALUES:
        raise ArchiveError(f"more than {MAX_MEMBER:,} bytes or {MAX_VALUES:,} values")
    try:
        try:
            return decode(data)
        except msgspec.DecodeError:
            if b"NaN" not in data and b"Infinity" not in data:
                raise
            return decode(NOT_FINITE.sub(_quoted, data))
    except RecursionError:
        raise ArchiveError("nested too deep") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise ArchiveError(f"not as expected: {error}") from None


@dataclass(frozen=True)
class Children:
    """The parts of a JSON object or array, found without decoding them, however deep or broken they are.

    Parameters
    ----------
    spans : start and end of each part that is complete; of an object, the key and the value.
    rest : start of a last part that is cut, None where the object or array is closed.
    """

    spans: list[tuple[int, int]]
    rest: int | None


def children(data: bytes, start: int) -> Children:
    """Split the JSON object or array whose bracket stands at `start`.

    Examples
    --------
    >>> text = b'{"a": [1, 2], "b": "x,y", "c": [3'
    >>> parts = children(text, 0)
    >>> [text[low:high] for low, high in parts.spans], text[parts.rest:]
    ([b'"a": [1, 2]', b' "b": "x,y"'], b' "c": [3')
    """
    spans: list[tuple[int, int]] = []
    depth, begin = 0, start + 1
    for token in TOKEN.finditer(data, start + 1):
        mark = token.group()
        if mark in (b"[", b"{"):
            depth += 1
        elif depth and mark in (b"]", b"}"):
            depth -= 1
        elif depth == 0 and mark in (b",", b"]", b"}"):
            if data[begin : token.start()].strip():
                spans.append((begin, token.start()))
            begin = token.end()
            if mark != b",":
                return Children(spans, None)
    return Children(spans, begin)


def _quoted(match: re.Match[bytes]) -> bytes:
    text = match.group()
    return text if text.startswith(b'"') else b'"' + text + b'"'


def _directory(file: BinaryIO, length: int) -> Iterator[Member]:
    """The members the directory names; struct.error where there is no directory that holds together."""
    position, count, size, start = _end(file, length)
    if count > MAX_MEMBERS or size > MAX_DIRECTORY:
        raise ArchiveError(f"a directory of {count:,} members in {size:,} bytes; at most {MAX_MEMBERS:,} are read")
    # Bytes put before the archive move every offset; a negative shift is a forged or cut directory.
    shift = position - size - start
    if shift < 0:
        raise struct.error("the directory stands outside the file")
    file.seek(position - size)
    entries = file.read(size)
    at = 0
    for _ in range(count):
        sign, flags, method, crc, packed, whole, names, extra, comment, offset = ENTRY.unpack_from(entries, at)
        if sign != b"PK\x01\x02":
            raise struct.error("no entry where one should be")
        fields_at = at + ENTRY.size + names
        name = entries[at + ENTRY.size : fields_at].decode("utf-8", "replace")
        at = fields_at + extra + comment
        if packed == UNKNOWN or whole == UNKNOWN or offset == UNKNOWN:
            whole, packed, offset = _wide(entries[fields_at : fields_at + extra], whole, packed, offset)
        yield Member(name, method, flags, crc, packed, whole, offset + shift)


def _end(file: BinaryIO, length: int) -> tuple[int, int, int, int]:
    """Where the directory ends, its number of members, its size, and where it says it starts."""
    tail_at = max(0, length - END.size - 0xFFFF)
    file.seek(tail_at)
    tail = file.read(length - tail_at)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        raise struct.error("no end of a directory")
    _, _, _, _, count, size, start, _ = END.unpack_from(tail, at)
    position = tail_at + at
    before = at - LOCATOR64.size
    if before >= 0 and tail.startswith(b"PK\x06\x07", before):
        file.seek(min(LOCATOR64.unpack_from(tail, before)[2], length))
        sign, _, _, _, _, _, _, count, size, start = END64.unpack(file.read(END64.size))
        if sign != b"PK\x06\x06":
            raise struct.error("no end of a large directory")
        position = tail_at + before - END64.size
    return position, count, size, start


def _wide(fields: bytes, *values: int) -> list[int]:
    """The sizes of a large member, from the field that holds those which do not fit."""
    at = 0
    while at + 4 <= len(fields):
        kind, size = struct.unpack_from("<2H", fields, at)
        if kind == 1:
            whole = min(size, len(fields) - at - 4) // 8
            held = iter(struct.unpack_from(f"<{whole}Q", fields, at + 4))
            return [next(held, value) if value == UNKNOWN else value for value in values]
        at += 4 + size
    return list(values)


def _one_by_one(file: BinaryIO, length: int) -> Iterator[Member]:
    """The members as they follow each other, where there is no directory."""
    at, found = _find(file, 0, length), 0
    while at is not None:
        found += 1
        if found > MAX_MEMBERS:
            raise ArchiveError(f"more than {MAX_MEMBERS:,} members")
        file.seek(at)
        head = file.read(LOCAL.size)
        if len(head) < LOCAL.size:
            return
        _, _, _, flags, method, _, _, crc, packed, size, names, extra = LOCAL.unpack(head)
        name = file.read(names).decode("utf-8", "replace")
        size, packed = _wide(file.read(extra), size, packed) if UNKNOWN in (size, packed) else (size, packed)
        after = at + LOCAL.size + names + extra
        if 0 < packed <= length - after:
            yield Member(name, method, flags, crc, packed, size, at)
            after += packed
        # A size of 0 is one not written yet, one beyond the end is cut or damaged: look for the next member behind it.
        at = _find(file, after, length)


def _find(file: BinaryIO, start: int, length: int) -> int | None:
    """Where the next member begins, from `start` on."""
    while start < length:
        file.seek(start)
        window = file.read(WINDOW)
        at = window.find(LOCAL_SIGN)
        if at >= 0:
            return start + at
        start += max(len(window) - len(LOCAL_SIGN) + 1, len(LOCAL_SIGN))
    return None


def _refuse_bomb(member: Member) -> None:
    if member.flags & 1:
        raise ArchiveError(f"{member.name}: encrypted")
    if max(member.size, member.packed) > MAX_MEMBER:
        raise ArchiveError(f"{member.name}: {member.size:,} bytes, more than the {MAX_MEMBER:,} that are read")
    if member.size > RATIO_FREE and member.size > MAX_RATIO * member.packed:
        raise ArchiveError(f"{member.name}: {member.size:,} bytes out of {member.packed:,}, as only a zip bomb has")


def _unpack(member: Member, packed: bytes) -> bytes:
    """The content, never more than one byte beyond the size claimed."""
    try:
        if member.method == STORED:
            data = packed
        elif member.method == DEFLATED:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, member.size + 1)
        elif member.method == ZSTANDARD:
            with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as reader:
                data = reader.read(member.size + 1)
        else:
            raise ArchiveError(f"{member.name}: compression method {member.method} is not known")
    except (zlib.error, zstandard.ZstdError, MemoryError) as error:
        raise ArchiveError(f"{member.name}: damaged ({error})") from None
    if len(data) != member.size:
        raise ArchiveError(f"{member.name}: not the {member.size:,} bytes its directory claims")
    return data
