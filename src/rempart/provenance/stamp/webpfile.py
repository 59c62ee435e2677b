"""What a WebP file carries, and putting it into another one (RFC 9649)."""

from __future__ import annotations

from collections.abc import Iterator

from rempart.provenance.stamp.carried import Carried
from rempart.signals.mediatype import webp_size

_HEAD = 12
_HAS_PROFILE, _HAS_ALPHA, _HAS_EXIF, _HAS_XMP = 0x20, 0x10, 0x08, 0x04
_EXIF = b"Exif\0\0"


def taken(data: bytes, *, colour: bool) -> Carried:
    """What the file carries; its colour profile only where colours are left as they are."""
    carried = Carried()
    for name, body in chunks(data):
        if name == b"EXIF":
            carried.exif = carried.exif or body.removeprefix(_EXIF)
        elif name == b"XMP ":
            if carried.xmp is not None:
                carried.leave_out("xmp")
            carried.xmp = carried.xmp or body
        elif name == b"ICCP" and colour:
            carried.others.append((name, body))
        elif name == b"C2PA":
            carried.leave_out("c2pa")
    return carried


def put(encoded: bytes, carried: Carried) -> bytes:
    """A file that an encoder wrote, in the extended form, with what is carried. ValueError when it is none."""
    size = webp_size(encoded)
    if size is None:
        raise ValueError("no WebP")
    pixels = [(name, body) for name, body in chunks(encoded) if name in (b"VP8 ", b"VP8L", b"ALPH")]
    profile = [part for part in carried.others if part[0] == b"ICCP"][:1]
    parts = [*profile, *pixels]
    flags = (_HAS_PROFILE if profile else 0) | (_HAS_ALPHA if _is_clear(encoded, pixels) else 0)
    for name, body, flag in ((b"EXIF", carried.exif, _HAS_EXIF), (b"XMP ", carried.xmp, _HAS_XMP)):
        if body is not None:
            parts.append((name, body))
            flags |= flag
    head = bytes([flags, 0, 0, 0]) + b"".join((edge - 1).to_bytes(3, "little") for edge in size)
    whole = b"WEBP" + b"".join(_chunk(name, body) for name, body in [(b"VP8X", head), *parts])
    return b"RIFF" + len(whole).to_bytes(4, "little") + whole


def is_lossless(data: bytes) -> bool:
    """Whether its pixels are kept as they are."""
    return any(name == b"VP8L" for name, _ in chunks(data))


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each chunk; ends where the structure does."""
    at = _HEAD
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + (size & 1)


def _is_clear(encoded: bytes, pixels: list[tuple[bytes, bytes]]) -> bool:
    if encoded[12:16] == b"VP8X":
        return bool(encoded[20] & _HAS_ALPHA)
    return any(name == b"VP8L" and len(body) > 4 and body[4] >> 4 & 1 for name, body in pixels)


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) & 1)
