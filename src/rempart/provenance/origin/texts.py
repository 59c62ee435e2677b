"""PNG's text chunks: unpacked within bounds, and read as what each writer made of them (PNG, third edition, 11.3.3)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from rempart.provenance.origin.blocks import Blocks
from rempart.provenance.origin.exif import read_exif
from rempart.provenance.origin.generators import traced
from rempart.provenance.origin.iptc import read_iptc
from rempart.provenance.origin.packet import read_xmp
from rempart.provenance.origin.saying import MOST_FIELD, Said
from rempart.provenance.origin.values import Place, Unread, short

MOST_UNPACKED = 4 << 20
"""Of all texts of one file together."""
_MOST_TEXTS = 64
_XMP_KEYWORD = "XML:com.adobe.xmp"
_PROFILE = re.compile(r"Raw profile type (exif|APP1|iptc|xmp)")
_SHOWN = ("Software", "Source")


def read_texts(found: Blocks) -> Said:
    """What the texts of a file say, packets of XMP and profiles among them."""
    texts: dict[str, str] = {}
    parts: list[Said] = []
    left = MOST_UNPACKED
    if len(found.texts) > _MOST_TEXTS:
        parts.append(Said(unreadable=(Unread.TEXT,)))
    for kind, body in found.texts[:_MOST_TEXTS]:
        try:
            keyword, raw, encoding = unpacked(kind, body, most=left)
        except ValueError:
            parts.append(Said(unreadable=(Unread.TEXT,)))
            continue
        left -= len(raw)
        if not left:  # what comes after it is not read any more
            parts.append(Said(unreadable=(Unread.TEXT,)))
        if keyword == _XMP_KEYWORD:
            parts.append(read_xmp(raw))
        elif profile := _PROFILE.fullmatch(keyword):
            parts.append(_profile(profile[1], raw))
        else:
            texts.setdefault(keyword, raw.decode(encoding, "replace"))
    fields = tuple((name, short(texts[name])) for name in _SHOWN if 0 < len(texts.get(name, "")) <= MOST_FIELD)
    return Said.together([traced(texts, place=Place.TEXT), Said(fields=fields), *parts])


def unpacked(kind: bytes, body: bytes, *, most: int) -> tuple[str, bytes, str]:
    """Keyword, text and its encoding. ValueError for what is no such chunk, or unpacks to more than `most` bytes."""
    if kind == b"COM":
        return "COM", body[:most], "utf-8"
    keyword, zero, rest = body.partition(b"\0")
    if not zero or len(keyword) > 79:
        raise ValueError("no keyword")
    name = keyword.decode("latin-1")
    if kind == b"tEXt":
        # The standard says Latin-1; generators write UTF-8.
        return name, rest[:most], "utf-8" if _is_utf8(rest) else "latin-1"
    if kind == b"zTXt":
        return name, unzipped(rest[1:], most=most), "latin-1"
    packed, rest = rest[:1] == b"\1", rest[2:]
    text = rest.partition(b"\0")[2].partition(b"\0")[2]
    return name, unzipped(text, most=most) if packed else text[:most], "utf-8"


def unzipped(data: bytes, *, most: int, form: int = zlib.MAX_WBITS) -> bytes:
    """What packed bytes hold; ValueError when it is damaged, cut short, or more than `most`."""
    unzip = zlib.decompressobj(form)
    try:
        found = unzip.decompress(data, max(most, 1))
    except zlib.error as err:
        raise ValueError("damaged") from err
    if not unzip.eof:
        raise ValueError("too long, or cut short")
    return found


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _profile(kind: str, raw: bytes) -> Said:
    """A block that an image program wrote as hexadecimal: a newline, its kind, its length, then the digits."""
    lines: Sequence[bytes] = raw.split(b"\n", 3)
    try:
        block = bytes.fromhex(lines[3].decode("ascii")) if len(lines) == 4 else b""
    except ValueError:
        return Said(unreadable=(Unread.TEXT,))
    if kind == "iptc":
        return read_iptc(block)
    if kind == "xmp" or block.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
        return read_xmp(block.removeprefix(b"http://ns.adobe.com/xap/1.0/\0"))
    return read_exif(block.removeprefix(b"Exif\0\0")) if block else Said()
