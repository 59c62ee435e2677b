"""A sheet as bytes: kept beside sources so that their features are made once, and told by the decode worker.

Little-endian: a magic word of 8 bytes, the version of the sheet (32 bytes, padded with zeros), the SHA-256 of the
picture's file, then width, height, plane width, plane height and the number of points as unsigned 32-bit numbers; the
plane, the points, the descriptors; SHA-256 of all before it.
"""

from __future__ import annotations

import hashlib
import struct

import numpy as np

from rempart.errors import CorruptFileError, ForeignFileError
from rempart.provenance.derivation.sheets import EDGE, MOST_POINTS, VERSION, WIDTH, Sheet

MAGIC = b"rmprtSHT"
_HEAD = struct.Struct("<8s32s32s5I")
_DIGEST = hashlib.sha256().digest_size
MOST_BYTES = _HEAD.size + EDGE * EDGE + MOST_POINTS * (8 + WIDTH) + _DIGEST
_MOST_SIDE = 1 << 20


def write_sheet(sheet: Sheet, *, of: bytes) -> bytes:
    """The sheet of the file with this SHA-256."""
    height, width = sheet.plane.shape
    head = _HEAD.pack(
        MAGIC, VERSION.encode(), of, sheet.width, sheet.height, width, height, len(sheet.points)
    )  # fmt: skip
    body = b"".join((
        head, np.ascontiguousarray(sheet.plane).tobytes(), sheet.points.astype("<f4").tobytes(),
        np.ascontiguousarray(sheet.descriptors).tobytes(),
    ))  # fmt: skip
    return body + hashlib.sha256(body).digest()


def read_sheet(data: bytes, *, of: bytes) -> Sheet:
    """The sheet in these bytes, of the file with this SHA-256.

    Raises ForeignFileError when it is no sheet, one of another version or of another file, and CorruptFileError when it
    is damaged.
    """
    if len(data) < _HEAD.size + _DIGEST or not data.startswith(MAGIC):
        raise ForeignFileError("This is no file of features.")
    _, version, digest, width, height, columns, rows, count = _HEAD.unpack_from(data)
    if version.rstrip(b"\0") != VERSION.encode() or digest != of:
        raise ForeignFileError("These features are of another file, or made by another version.")
    if hashlib.sha256(data[:-_DIGEST]).digest() != data[-_DIGEST:]:
        raise CorruptFileError("This file of features is damaged.")
    if not (0 < columns <= EDGE and 0 < rows <= EDGE and count <= MOST_POINTS):
        raise CorruptFileError("This file of features is damaged.")
    if not (columns <= width <= _MOST_SIDE and rows <= height <= _MOST_SIDE):
        raise CorruptFileError("This file of features is damaged.")
    if len(data) != _HEAD.size + columns * rows + count * (8 + WIDTH) + _DIGEST:
        raise CorruptFileError("This file of features is damaged.")
    at = _HEAD.size
    plane = np.frombuffer(data, np.uint8, columns * rows, at).reshape(rows, columns)
    at += columns * rows
    points = np.frombuffer(data, "<f4", 2 * count, at).reshape(count, 2).astype(np.float32)
    descriptors = np.frombuffer(data, np.uint8, WIDTH * count, at + 8 * count).reshape(count, WIDTH)
    edge = np.array([columns, rows], np.float32)
    if not (np.isfinite(points).all() and (points >= -1).all() and (points <= edge + 1).all()):
        raise CorruptFileError("This file of features is damaged.")
    return Sheet(width=width, height=height, plane=plane, points=points, descriptors=descriptors)
