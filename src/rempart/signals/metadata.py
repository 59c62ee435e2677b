"""What a picture file says of itself: its EXIF block, as names and values that a person can read.

Read inside a decode worker, and read again outside as the untrusted text that it is. Nothing of it is a picture: small
ones that cameras put there are left out, and of values that are no text only the length is told.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import ExifTags, Image

from rempart.errors import UnreadableImageError
from rempart.signals.mediatype import HEAD_BYTES, sniff

MOST_PAIRS = 200
MOST_NAME, MOST_VALUE = 64, 300
_MADE_OF = {0x8769: "Exif", 0x8825: "GPS", 0xA005: "Interop"}
"""Blocks inside the block, each by the tag that leads to it."""
_LONGEST_TEXT = 512 << 10
_FORMATS = {
    "image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/tiff": "TIFF", "image/avif": "AVIF",
}  # fmt: skip


def metadata_of(image: Image.Image) -> tuple[tuple[str, str], ...]:
    """Names and values of an image that was opened, in the order of their tags."""
    block = image.getexif()
    found = list(_named(block, ExifTags.TAGS, leave_out=_MADE_OF))
    for tag, name in _MADE_OF.items():
        names = ExifTags.GPSTAGS if name == "GPS" else ExifTags.TAGS
        found.extend(_named(block.get_ifd(tag), names))
    return tuple(found[:MOST_PAIRS])


def written(pairs: tuple[tuple[str, str], ...]) -> bytes:
    """Pairs as JSON."""
    return json.dumps([list(one) for one in pairs], separators=(",", ":")).encode()


def read(data: bytes) -> tuple[tuple[str, str], ...]:
    """The pairs that `written` gave. ValueError for anything else: it came from a process that read untrusted bytes."""
    if len(data) > _LONGEST_TEXT:
        raise ValueError("too long")
    found = json.loads(data)
    if not isinstance(found, list) or len(found) > MOST_PAIRS:
        raise ValueError("not a list")
    if any(not isinstance(one, list) or len(one) != 2 for one in found):
        raise ValueError("not pairs")
    return tuple((_short(name, MOST_NAME), _short(value, MOST_VALUE)) for name, value in found)


def of_file(data: bytes) -> tuple[tuple[str, str], ...]:
    """The metadata of a file's bytes, for a worker. Raises UnreadableImageError for what is damaged, or of a format
    whose metadata are not read (HEIC)."""
    kind = _FORMATS.get(sniff(data[:HEAD_BYTES]) or "")
    if kind is None:
        raise UnreadableImageError("The metadata of this format are not read.")
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            return metadata_of(image)
    # Decoders raise almost anything on damaged bytes: this is the boundary at which it becomes an error of ours.
    except Exception as err:
        raise UnreadableImageError("The metadata are damaged.") from err


def is_whole(pairs: tuple[tuple[str, str], ...]) -> bool:
    """Whether there is something, and nothing of it was left out or cut."""
    return 0 < len(pairs) < MOST_PAIRS and all(len(value) < MOST_VALUE for _, value in pairs)


def _named(
    block: Mapping[int, Any], names: Mapping[int, str], *, leave_out: Mapping[int, str] | None = None
) -> Iterator[tuple[str, str]]:
    for tag in sorted(block):
        if tag not in (leave_out or {}):
            yield names.get(tag, f"0x{tag:04X}"), _told(block[tag])


def _told(value: Any) -> str:
    if isinstance(value, bytes):
        text = value.rstrip(b"\0").decode("ascii", "replace")
        return _clean(text) if text.isprintable() and "\ufffd" not in text else f"({len(value)} bytes)"
    if isinstance(value, tuple):
        return _clean(", ".join(_told(one) for one in value[:16]))
    return _clean(str(value))


def _clean(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)[:MOST_VALUE]


def _short(text: Any, most: int) -> str:
    if not isinstance(text, str):
        raise ValueError("not a text")
    return _clean(text)[:most]
