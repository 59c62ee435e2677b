"""EXIF, XMP and credentials in HEIC and AVIF files (ISO/IEC 14496-12 and 23008-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MOST_BOXES, _MOST_ITEMS, _MOST_PACKETS = 4096, 4096, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What such a file says of itself, as it lies there. `unread`: there is more, in pieces, too large or too often."""

    exif: bytes | None = None
    xmp: tuple[bytes, ...] = ()
    credentials: bool = False
    unread: bool = False


def read_isomedia(data: bytes, *, most: int) -> Parts:
    """The parts of a file, each of `most` bytes at most. struct.error or ValueError for a structure that is broken."""
    meta, credentials = None, False
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"uuid" and data[start : start + 16] == _C2PA:
            credentials = True
        elif kind == b"meta" and meta is None:
            meta = (start + 4, end)
    if meta is None:
        return Parts(credentials=credentials)
    inner = {kind: (start, end) for kind, start, end in _boxes(data, *meta)}
    wanted = dict(_items(data, *inner[b"iinf"])) if b"iinf" in inner else {}
    exif, xmp = None, list[bytes]()
    if wanted and b"iloc" in inner:
        base = inner.get(b"idat", (0, 0))[0]
        for item, inside, at, length in _places(data, *inner[b"iloc"]):
            full = exif is not None if wanted.get(item) == b"Exif" else len(xmp) == _MOST_PACKETS
            if item not in wanted or full or not 0 < length <= most:
                continue
            first = at + (base if inside else 0)
            body = data[first : first + length]
            if wanted.pop(item) == b"Exif":
                exif = body[4 + struct.unpack_from(">I", body)[0] :]
            else:
                xmp.append(body)
    return Parts(exif=exif, xmp=tuple(xmp), credentials=credentials, unread=bool(wanted))


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Each box: its kind, and where its content starts and ends."""
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            raise ValueError("a box ends outside")
        yield kind, at + head, at + size
        at += size
    raise ValueError("too many boxes")


def _items(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The items that are EXIF or XMP: number and kind."""
    at = start + (6 if data[start] == 0 else 8)
    for kind, inner, last in _boxes(data, at, end):
        if kind != b"infe" or data[inner] < 2:
            continue
        wide = data[inner] > 2
        item = struct.unpack_from(">I" if wide else ">H", data, inner + 4)[0]
        named = inner + 4 + (4 if wide else 2) + 2
        what = data[named : named + 4]
        if what == b"Exif" or (what == b"mime" and b"application/rdf+xml" in data[named:last]):
            yield item, what


def _places(data: bytes, start: int, end: int) -> Iterator[tuple[int, bool, int, int]]:
    """Where items lie: number, whether inside the item data box, offset, length. Items in several pieces are left."""
    version, sizes = data[start], struct.unpack_from(">H", data, start + 4)[0]
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    count, at = _number(data, start + 6, wide), start + 6 + wide
    for _ in range(min(count, _MOST_ITEMS)):
        item, at = _number(data, at, wide), at + wide
        inside = False
        if version in (1, 2):
            inside, at = _number(data, at, 2) & 15 == 1, at + 2
        base, at = _number(data, at + 2, base_size), at + 2 + base_size
        extents, at = _number(data, at, 2), at + 2
        step = (index_size if version in (1, 2) else 0) + offset_size + length_size
        if at + extents * step > end:
            raise ValueError("places end outside")
        if extents == 1:
            first = at + step - offset_size - length_size
            offset = _number(data, first, offset_size)
            yield item, inside, base + offset, _number(data, first + offset_size, length_size)
        at += extents * step


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")
