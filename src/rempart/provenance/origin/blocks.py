"""Where a picture file keeps what it says of itself, found by its structure alone: nothing is decoded or unpacked.

This is what every upload pays for, labelled or not, so it steps over pixels and copies only what may matter. Lengths
come from the file and are never believed: what leads outside ends the search, and is told as *structure*.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rempart.provenance.origin.isomedia import read_isomedia
from rempart.provenance.origin.values import Unread
from rempart.signals.mediatype import HEAD_BYTES, sniff

MOST_BLOCK = 4 << 20
"""More than this in one block is not read: no writer that is known needs it."""
_MOST_STEPS = 1 << 16
_EXIF, _XMP, _MORE_XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_MORE_HEADER = len(_MORE_XMP) + 32 + 8
_PHOTOSHOP = b"Photoshop 3.0\0"
_GIF_XMP = b"\x21\xff\x0bXMP DataXMP"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")


@dataclass(slots=True)
class Blocks:
    """The blocks of one file, as they lie there. `texts` are PNG's text chunks (type, body), or `COM` of a JPEG.

    `credentials` says that there is a C2PA block, and `alpha` that pixels may hide text in their transparency.
    """

    media_type: str | None = None
    exif: bytes | None = None
    iptc: bytes | None = None
    xmp: list[bytes] = field(default_factory=list)
    texts: list[tuple[bytes, bytes]] = field(default_factory=list)
    credentials: bool = False
    alpha: bool = False
    unreadable: list[Unread] = field(default_factory=list)


def blocks_of(data: bytes) -> Blocks:
    """The blocks of a picture file. Never raises for what it holds."""
    found = Blocks(media_type=sniff(data[:HEAD_BYTES]))
    rule = _RULES.get(found.media_type or "")
    try:
        if rule is not None:
            rule(data, found)
    except (struct.error, IndexError, ValueError):
        found.unreadable.append(Unread.STRUCTURE)
    return found


def kept(found: Blocks, body: bytes, kind: Unread) -> bool:
    """Whether a block is small enough to be read; what is not is told."""
    if len(body) <= MOST_BLOCK:
        return True
    found.unreadable.append(kind)
    return False


def _jpeg(data: bytes, found: Blocks) -> None:
    """Segments up to the first scan (ISO/IEC 10918-1, annex B)."""
    at, more, photoshop = 2, [], []
    for _ in range(_MOST_STEPS):
        if data[at] != 0xFF:
            raise ValueError("no marker")
        kind = data[at + 1]
        if kind == 0xFF:
            at += 1
            continue
        if kind in (0xDA, 0xD9):
            break
        if kind == 0x01 or 0xD0 <= kind <= 0xD8:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2 or at + 2 + length > len(data):
            raise ValueError("a segment ends outside")
        if kind in (0xE1, 0xEB, 0xED, 0xFE):
            body = data[at + 4 : at + 2 + length]
            if kind == 0xE1 and body.startswith(_MORE_XMP):
                more.append(body)
            elif kind == 0xED and body.startswith(_PHOTOSHOP):
                photoshop.append(body[len(_PHOTOSHOP) :])
            else:
                _segment(kind, body, found)
        at += 2 + length
    else:
        raise ValueError("too many segments")
    found.xmp.extend(_extended(more))
    whole = b"".join(photoshop)
    if whole and kept(found, whole, Unread.IPTC):
        found.iptc = whole


def _segment(kind: int, body: bytes, found: Blocks) -> None:
    if kind == 0xE1 and body.startswith(_EXIF) and found.exif is None:
        found.exif = body[len(_EXIF) :]
    elif kind == 0xE1 and body.startswith(_XMP):
        found.xmp.append(body[len(_XMP) :])
    elif kind == 0xEB and body.startswith(b"JP"):
        found.credentials = True
    elif kind == 0xFE:
        found.texts.append((b"COM", body))


def _extended(parts: list[bytes]) -> list[bytes]:
    """XMP that was too long for one segment (XMP part 3, 1.1.3.1), each packet from its pieces in their order."""
    packets: dict[bytes, list[tuple[int, bytes]]] = {}
    for body in parts:
        if len(body) > _MORE_HEADER:
            name, (at,) = body[len(_MORE_XMP) :][:32], struct.unpack_from(">I", body, _MORE_HEADER - 4)
            packets.setdefault(name, []).append((at, body[_MORE_HEADER:]))
    return [b"".join(piece for _, piece in sorted(pieces)) for pieces in packets.values()]


def _png(data: bytes, found: Blocks) -> None:
    """Chunks up to the last one (PNG, third edition)."""
    at, size, unpack = 8, len(data), struct.Struct(">I4s").unpack_from
    for _ in range(_MOST_STEPS):
        length, kind = unpack(data, at)
        if at + 12 + length > size:
            raise ValueError("a chunk ends outside")
        if kind == b"IEND":
            return
        if kind != b"IDAT":
            _chunk(kind, data[at + 8 : at + 8 + min(length, MOST_BLOCK + 1)], found)
        at += 12 + length
    raise ValueError("too many chunks")


def _chunk(kind: bytes, body: bytes, found: Blocks) -> None:
    if kind == b"IHDR":
        found.alpha = body[9] in (4, 6)
    elif kind == b"caBX":
        found.credentials = True
    elif kind == b"eXIf" and kept(found, body, Unread.EXIF):
        found.exif = body
    elif kind in _TEXTS and kept(found, body, Unread.TEXT):
        found.texts.append((kind, body))


def _webp(data: bytes, found: Blocks) -> None:
    """RIFF chunks (RFC 9649)."""
    at, end = 12, min(len(data), 8 + struct.unpack_from("<I", data, 4)[0])
    for _ in range(_MOST_STEPS):
        if at + 8 > end:
            return
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise ValueError("a chunk ends outside")
        body = data[at + 8 : at + 8 + min(length, MOST_BLOCK + 1)] if kind in (b"EXIF", b"XMP ", b"VP8X") else b""
        if kind == b"EXIF" and kept(found, body, Unread.EXIF):
            found.exif = body.removeprefix(_EXIF)
        elif kind == b"XMP " and kept(found, body, Unread.XMP):
            found.xmp.append(body)
        elif kind == b"C2PA":
            found.credentials = True
        elif kind == b"VP8X":
            found.alpha = bool(body[0] & 0x10)
        at += 8 + length + length % 2
    raise ValueError("too many chunks")


def _gif(data: bytes, found: Blocks) -> None:
    """Two application extensions, by their names."""
    found.credentials = b"\x21\xff\x0bC2PA_GIF" in data
    start = data.find(_GIF_XMP)
    if start >= 0:
        start += len(_GIF_XMP)
        end = data.find(b"\x00\x00", start, start + MOST_BLOCK)
        found.xmp.append(data[start : end if end >= 0 else start + MOST_BLOCK])


def _tiff(data: bytes, found: Blocks) -> None:
    """The first directory (TIFF 6.0), which is also where EXIF is."""
    order = "<" if data[:2] == b"II" else ">"
    found.exif = data
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    for one in range(count):
        tag, _, values, offset = struct.unpack_from(order + "HHII", data, start + 2 + 12 * one)
        if tag == 0xCD41:
            found.credentials = True
        elif tag == 700 and not found.xmp:
            if offset + values > len(data):
                raise ValueError("a value lies outside")
            body = data[offset : offset + min(values, MOST_BLOCK + 1)]
            if kept(found, body, Unread.XMP):
                found.xmp.append(body)


def _isomedia(data: bytes, found: Blocks) -> None:
    parts = read_isomedia(data, most=MOST_BLOCK)
    found.exif, found.credentials = parts.exif, parts.credentials
    found.xmp.extend(parts.xmp)
    if parts.unread:
        found.unreadable.append(Unread.STRUCTURE)


_RULES: Mapping[str, Callable[[bytes, Blocks], None]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
    "image/tiff": _tiff,
    "image/avif": _isomedia,
    "image/heic": _isomedia,
}
