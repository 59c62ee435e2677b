"""Small WebM films: every frame is a key frame of VP8, which is what a lossy WebP picture holds (RFC 9649)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from pictures import Pixels, encode

TIMESTAMP_SCALE = 1_000_000  # one tick is a millisecond


def webm(frames: Sequence[bytes], *, per_second: int = 1, says_length: bool = True) -> bytes:
    """A film of lossy WebP files of one size; without `says_length` as browsers record it."""
    width, height = struct.unpack("<HH", _vp8(frames[0])[6:10])
    step = 1000 // per_second
    length = _element(0x4489, struct.pack(">d", len(frames) * step)) if says_length else b""
    info = _element(
        0x1549A966, _number(0x2AD7B1, TIMESTAMP_SCALE) + _text(0x4D80, "test") + _text(0x5741, "test") + length
    )
    video = _element(0xE0, _number(0xB0, width) + _number(0xBA, height))
    track = _number(0xD7, 1) + _number(0x73C5, 1) + _number(0x83, 1) + _text(0x86, "V_VP8") + video
    clusters = b"".join(_cluster(number * step, _vp8(frame)) for number, frame in enumerate(frames))
    names = (("EBML", 0x4282, "webm"),)
    head = _number(0x4286, 1) + _number(0x42F7, 1) + _number(0x42F2, 4) + _number(0x42F3, 8)
    head += b"".join(_text(key, value) for _, key, value in names) + _number(0x4287, 2) + _number(0x4285, 2)
    return _element(0x1A45DFA3, head) + _element(
        0x18538067, info + _element(0x1654AE6B, _element(0xAE, track)) + clusters
    )


def film(scenes: Sequence[Pixels], *, quality: int = 80, **options: object) -> bytes:
    """A film of scenes."""
    return webm([encode(scene, "WEBP", quality=quality) for scene in scenes], **options)  # type: ignore[arg-type]


def _vp8(picture: bytes) -> bytes:
    assert picture[12:16] == b"VP8 ", "a plain lossy WebP picture is wanted"
    return picture[20 : 20 + int.from_bytes(picture[16:20], "little")]


def _cluster(milliseconds: int, frame: bytes) -> bytes:
    block = b"\x81" + struct.pack(">hB", 0, 0x80) + frame  # track 1, at the cluster's own time, a key frame
    return _element(0x1F43B675, _number(0xE7, milliseconds) + _element(0xA3, block))


def _element(key: int, body: bytes) -> bytes:
    name = key.to_bytes((key.bit_length() + 7) // 8, "big")
    return name + (len(body) | 1 << 56).to_bytes(8, "big") + body


def _number(key: int, value: int) -> bytes:
    return _element(key, value.to_bytes(8, "big"))


def _text(key: int, value: str) -> bytes:
    return _element(key, value.encode())
