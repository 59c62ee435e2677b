"""Whether a file holds one picture and nothing else that could be seen: only then has who saw that picture seen it all.

Told from the structure of the bytes, without decoding. Where it cannot be told, the answer is no: several frames, pages
or pictures hide behind one that a viewer shows, and HEIC and AVIF may hold more than these few rules would find.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

_GIF_IMAGE, _GIF_EXTENSION, _GIF_END = 0x2C, 0x21, 0x3B
_ANIMATED_WEBP = 0x02


def one_picture(data: bytes, media_type: str) -> bool:
    """Whether the bytes of a file of this media type are one still picture. Never raises for what they hold."""
    rule = _RULES.get(media_type)
    try:
        return rule is not None and rule(data)
    except (IndexError, struct.error):
        return False


def _jpeg(data: bytes) -> bool:
    """Without a table of further pictures (CIPA DC-007, multi-picture format)."""
    return b"MPF\x00" not in data


def _png(data: bytes) -> bool:
    """Without an animation control chunk (PNG, third edition)."""
    return b"acTL" not in data


def _webp(data: bytes) -> bool:
    return data[12:16] != b"VP8X" or not data[20] & _ANIMATED_WEBP


def _gif(data: bytes) -> bool:
    """One image block from the header to the trailer (GIF89a)."""
    at, images = 13 + _colours(data[10]), 0
    while data[at] != _GIF_END:
        if data[at] == _GIF_IMAGE:
            images += 1
            at = _after_blocks(data, at + 11 + _colours(data[at + 9]))
        elif data[at] == _GIF_EXTENSION:
            at = _after_blocks(data, at + 2)
        else:
            return False
    return images == 1


def _colours(packed: int) -> int:
    """The bytes of a colour table."""
    return 3 << (packed & 7) + 1 if packed & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += data[at] + 1
    return at + 1


def _tiff(data: bytes) -> bool:
    """One directory, and no further ones below it (TIFF 6.0; tag 330 is SubIFDs)."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(data[:4])
    if order is None:
        return False
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    tags = {struct.unpack_from(order + "H", data, start + 2 + 12 * one)[0] for one in range(count)}
    (after,) = struct.unpack_from(order + "I", data, start + 2 + 12 * count)
    return after == 0 and 330 not in tags


_RULES: Mapping[str, Callable[[bytes], bool]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
    "image/tiff": _tiff,
    "image/bmp": lambda _: True,
}
