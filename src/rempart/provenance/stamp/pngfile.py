"""What a PNG file carries, and putting it into another one (PNG, third edition; XMP part 3)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from rempart.provenance.stamp.carried import Carried
from rempart.provenance.stamp.labels import MOST_BYTES

_HEAD = 8
_TEXT, _XMP = b"iTXt", b"XML:com.adobe.xmp"
_KEPT = frozenset({b"pHYs", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_COLOUR = frozenset({b"iCCP", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI"})
_RAW = (b"Raw profile type xmp", b"Raw profile type exif", b"Raw profile type APP1")


def taken(data: bytes, *, colour: bool) -> Carried:
    """What the file carries; what it says of its colours only where they are left as they are."""
    carried = Carried()
    for name, body in chunks(data):
        keyword = body.split(b"\0", 1)[0] if name in (b"tEXt", b"zTXt", b"iTXt") else b""
        if keyword == _XMP:
            if carried.xmp is not None or (packet := _text(body)) is None:
                carried.leave_out("xmp")
            else:
                carried.xmp = packet
        elif keyword in _RAW:
            carried.leave_out(keyword.decode())
        elif name == b"eXIf":
            carried.exif = carried.exif or body
        elif name == b"caBX":
            carried.leave_out("c2pa")
        elif name in _KEPT or (colour and name in _COLOUR):
            carried.others.append((name, body))
    return carried


def put(encoded: bytes, carried: Carried) -> bytes:
    """A file that an encoder wrote, with what is carried behind its header. The label comes before other texts: who
    reads only so many of them reads it."""
    parts = [] if carried.xmp is None else [(_TEXT, _XMP + b"\0\0\0\0\0" + carried.xmp)]
    parts += carried.others
    if carried.exif is not None:
        parts.append((b"eXIf", carried.exif))
    # What is said of colours has to stand before a palette and the pixels.
    parts.sort(key=lambda part: part[0] not in _COLOUR)
    end = _HEAD + 12 + int.from_bytes(encoded[_HEAD : _HEAD + 4], "big")
    return encoded[:end] + b"".join(_chunk(name, body) for name, body in parts) + encoded[end:]


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each chunk; ends where the structure does."""
    at = _HEAD
    while at + 12 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if at + 12 + size > len(data):
            return
        yield name, b"" if name == b"IDAT" else data[at + 8 : at + 8 + size]
        at += 12 + size


def _chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def _text(body: bytes) -> bytes | None:
    """The text of an iTXt chunk: keyword, compressed or not, method, language, keyword again, text."""
    try:
        rest = body[body.index(b"\0") + 1 :]
        packed, rest = rest[0], rest[2:]
        text = rest.split(b"\0", 2)[2]
        if not packed:
            return text
        unpacked = zlib.decompressobj().decompress(text, MOST_BYTES + 1)
    except (ValueError, IndexError, zlib.error):
        return None
    return unpacked if len(unpacked) <= MOST_BYTES else None
