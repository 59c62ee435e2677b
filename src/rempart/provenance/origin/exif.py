"""The few EXIF values that tell who made a picture, read from the block without decoding anything (CIPA DC-008)."""

from __future__ import annotations

# Looked up by name later, where no file opens any more.
import encodings.utf_16_be
import encodings.utf_16_le  # noqa: F401
import re
import struct
from collections.abc import Iterator, Mapping

from rempart.provenance.origin.generators import traced
from rempart.provenance.origin.saying import MOST_FIELD, Said
from rempart.provenance.origin.values import Declaration, Ground, Place, Unread, short

_NAMES: Mapping[int, str] = {
    0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x0131: "Software", 0x013B: "Artist",
    0x829A: "ExposureTime", 0x9003: "DateTimeOriginal", 0x9286: "UserComment", 0x9C9C: "XPComment",
}  # fmt: skip
_INNER = 0x8769
_MOST_ENTRIES = 512
_TEXT_TYPES = (1, 2, 7)
_SHOWN = ("Make", "Model", "Software")
_CAMERA_NAME = re.compile(r"[\w .,()/+&®™'-]{1,80}")


def read_exif(block: bytes) -> Said:
    """What an EXIF block says. A maker and a model are a camera's declaration, unless a generator's trace is there."""
    try:
        values = dict(_values(block))
    except (struct.error, ValueError):
        return Said(unreadable=(Unread.EXIF,))
    texts = {name: _text(name, value) for name, value in values.items() if name != "ExposureTime"}
    trace = traced(texts, place=Place.EXIF)
    fields = tuple(
        (name, short(texts[name]))
        for name in _SHOWN
        if 0 < len(texts.get(name, "")) <= MOST_FIELD and _CAMERA_NAME.fullmatch(texts[name])
    )
    grounds = trace.grounds or tuple(_camera(texts))
    return Said.together([Said(fields=fields), Said(grounds=grounds), trace])


def _camera(texts: Mapping[str, str]) -> Iterator[Ground]:
    make, model = texts.get("Make", ""), texts.get("Model", "")
    if _CAMERA_NAME.fullmatch(make) and _CAMERA_NAME.fullmatch(model):
        yield Ground(place=Place.EXIF, says=Declaration.CAMERA, text=short(f"{make} {model}"))


def _values(block: bytes) -> Iterator[tuple[str, bytes]]:
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        raise ValueError("no byte order")
    starts = list(struct.unpack_from(order + "I", block, 4))
    for start in starts:
        (count,) = struct.unpack_from(order + "H", block, start)
        for one in range(min(count, _MOST_ENTRIES)):
            tag, kind, number, at = struct.unpack_from(order + "HHII", block, start + 2 + 12 * one)
            if tag == _INNER and len(starts) == 1:
                starts.append(at)
            elif tag in _NAMES:
                size = number if kind in _TEXT_TYPES else 8
                where = start + 10 + 12 * one if size <= 4 else at
                if where + size > len(block):
                    raise ValueError("a value lies outside")
                yield _NAMES[tag], block[where : where + size]


def _text(name: str, value: bytes) -> str:
    if name == "XPComment":
        return value.decode("utf-16-le", "replace").rstrip("\0")
    if name == "UserComment":
        return _comment(value)
    return value.rstrip(b"\0 ").decode("utf-8", "replace").strip()


def _comment(value: bytes) -> str:
    """A comment after its eight bytes of code. UNICODE is written in either byte order, whatever the block's own is."""
    code, body = value[:8], value[8:]
    if code != b"UNICODE\0":
        return (body if code in (b"ASCII\0\0\0", bytes(8)) else value).decode("utf-8", "replace").strip("\0 ")
    big = body[::2].count(0) >= body[1::2].count(0)
    return body.decode("utf-16-be" if big else "utf-16-le", "replace").strip("\0 \ufeff")
