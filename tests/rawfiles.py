"""Writers of picture files that Pillow cannot write: deep samples, odd headers, colour profiles.

Small and literal on purpose: what a test says is in the file is what is in the file.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_header(width: int, height: int, *, bits: int = 8, colour: int = 2, interlace: int = 0) -> bytes:
    return PNG_MAGIC + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace))


def png(
    samples: NDArray[np.unsignedinteger], *, bits: int = 16, before_pixels: Sequence[tuple[bytes, bytes]] = ()
) -> bytes:
    """A PNG of (h, w, channels) samples, with a different row filter on every row; `bits` below 8 need one channel."""
    height, width, channels = samples.shape
    if bits == 16:
        rows = samples.astype(">u2").view(np.uint8).reshape(height, -1)
    elif bits == 8:
        rows = samples.astype(np.uint8).reshape(height, -1)
    else:
        unpacked = np.unpackbits(samples[..., 0].astype(np.uint8)[..., None], axis=-1)[..., -bits:]
        rows = np.packbits(unpacked.reshape(height, -1), axis=1)
    step = max(1, channels * bits // 8)
    body = zlib.compress(_filtered(rows, step))
    chunks = b"".join(png_chunk(name, data) for name, data in before_pixels)
    header = png_header(width, height, bits=bits, colour=_COLOUR_TYPES[channels])
    return header + chunks + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


def interlaced_png(samples: NDArray[np.unsignedinteger]) -> bytes:
    """A 16-bit PNG of (h, w, channels) samples in the seven passes of Adam7."""
    height, width, channels = samples.shape
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    body = b""
    for top, left, down, across in passes:
        part = samples[top::down, left::across]
        if part.size:
            body += _filtered(part.astype(">u2").view(np.uint8).reshape(part.shape[0], -1), 2 * channels)
    header = png_header(width, height, bits=16, colour=_COLOUR_TYPES[channels], interlace=1)
    return header + png_chunk(b"IDAT", zlib.compress(body)) + png_chunk(b"IEND", b"")


def _filtered(rows: NDArray[np.uint8], step: int) -> bytes:
    out = bytearray()
    above = np.zeros_like(rows[0])
    for number, row in enumerate(rows):
        left = np.concatenate([np.zeros(step, np.uint8), row[:-step]])
        corner = np.concatenate([np.zeros(step, np.uint8), above[:-step]])
        kind = number % 5
        out.append(kind)
        out += (row - _prediction(kind, left, above, corner)).tobytes()
        above = row
    return bytes(out)


def _prediction(
    kind: int, left: NDArray[np.uint8], above: NDArray[np.uint8], corner: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    a, b, c = (part.astype(np.int16) for part in (left, above, corner))
    if kind == 4:
        guess = a + b - c
        near = np.stack([abs(guess - a), abs(guess - b), abs(guess - c)])
        return np.choose(near.argmin(axis=0), [a, b, c]).astype(np.uint8)
    return [np.zeros_like(left), left, above, ((a + b) // 2).astype(np.uint8)][kind]


def tiff(
    samples: NDArray[np.generic],
    *,
    photometric: int,
    big_endian: bool = False,
    compressed: bool = False,
    bits: int | None = None,
    extra: Sequence[tuple[int, int, int]] = (),
) -> bytes:
    """A TIFF of (h, w, channels) samples in one strip. `extra` are further (tag, type, value) entries of one value."""
    height, width, channels = samples.shape
    order = ">" if big_endian else "<"
    pixels = np.ascontiguousarray(samples).astype(samples.dtype.newbyteorder(order)).tobytes()
    strip = zlib.compress(pixels) if compressed else pixels
    width_bits = bits or samples.dtype.itemsize * 8
    kind = {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    values_at = 8 + len(strip)
    per_channel = struct.pack(f"{order}{channels}H", *[width_bits] * channels) + struct.pack(
        f"{order}{channels}H", *[kind] * channels
    )
    directory_at = values_at + len(per_channel)
    short, long = 3, 4
    entries = [
        (256, long, 1, width),
        (257, long, 1, height),
        (258, short, channels, width_bits if channels == 1 else values_at),
        (259, short, 1, 8 if compressed else 1),
        (262, short, 1, photometric),
        (273, long, 1, 8),
        (277, short, 1, channels),
        (278, long, 1, height),
        (279, long, 1, len(strip)),
        (339, short, channels, kind if channels == 1 else values_at + 2 * channels),
        *((tag, type_, 1, value) for tag, type_, value in extra),
    ]
    head = (b"MM\0*" if big_endian else b"II*\0") + struct.pack(order + "I", directory_at)
    body = b"".join(_tiff_entry(order, *entry) for entry in sorted(entries))
    return head + strip + per_channel + struct.pack(order + "H", len(entries)) + body + bytes(4)


def _tiff_entry(order: str, tag: int, kind: int, count: int, value: int) -> bytes:
    inline = kind == 3 and count == 1
    packed = struct.pack(order + "HH", value, 0) if inline else struct.pack(order + "I", value)
    if kind == 3 and count == 2:  # two short values fit in the entry itself
        raise NotImplementedError("two-channel files are not written here")
    return struct.pack(order + "HHI", tag, kind, count) + packed


def icc_profile(*, primaries: NDArray[np.float64] | None = None, gamma: float = 2.2, space: bytes = b"RGB ") -> bytes:
    """A small ICC display profile: `primaries` are the XYZ (D50) columns of red, green and blue."""

    def xyz(values: Sequence[float]) -> bytes:
        return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {b"wtpt": xyz((0.9642, 1.0, 0.8249))}
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        assert primaries is not None
        for name, column in zip((b"r", b"g", b"b"), primaries.T, strict=True):
            tags[name + b"XYZ"] = xyz(column)
            tags[name + b"TRC"] = curve
    text = b"text" + bytes(4) + b"made for a test\0"
    tags[b"cprt"] = text + bytes(-len(text) % 4)
    tags[b"desc"] = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(79)
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", space, b"XYZ ")
    header = header.ljust(36, b"\0") + b"acsp"
    header = header.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


# Columns red, green, blue in D50: a wide space, and one in which red and green change places.
WIDE = np.array([[0.7977, 0.1352, 0.0313], [0.2880, 0.7119, 0.0001], [0.0, 0.0, 0.8249]])
SWAPPED = np.array([[0.3851, 0.4361, 0.1431], [0.7169, 0.2225, 0.0606], [0.0971, 0.0139, 0.7141]])
