"""IPTC-IIM records inside Photoshop's resource block: the credit line and the program, and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from rempart.provenance.origin.generators import credited
from rempart.provenance.origin.saying import MOST_FIELD, Said
from rempart.provenance.origin.values import Place, Unread, short

_RESOURCE = 0x0404
_NAMES = {(2, 110): "Credit", (2, 65): "OriginatingProgram"}
_MOST_STEPS = 4096


def read_iptc(block: bytes) -> Said:
    """What the records say (IIM 4.2)."""
    try:
        fields = [
            (name, short(value.decode("utf-8", "replace").strip()))
            for resource in _resources(block)
            for name, value in _records(resource)
            if 0 < len(value) <= MOST_FIELD
        ]
    except (struct.error, IndexError, ValueError):
        return Said(unreadable=(Unread.IPTC,))
    return Said.together([Said(fields=tuple(fields)), *(credited(text, place=Place.IPTC) for _, text in fields)])


def _resources(block: bytes) -> Iterator[bytes]:
    at = 0
    for _ in range(_MOST_STEPS):
        if block[at : at + 4] != b"8BIM":
            return
        (kind,) = struct.unpack_from(">H", block, at + 4)
        at += 6 + (block[at + 6] + 2) // 2 * 2
        (size,) = struct.unpack_from(">I", block, at)
        if at + 4 + size > len(block):
            raise ValueError("a resource ends outside")
        if kind == _RESOURCE:
            yield block[at + 4 : at + 4 + size]
        at += 4 + size + size % 2


def _records(block: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    for _ in range(_MOST_STEPS):
        if at + 5 > len(block) or block[at] != 0x1C:
            return
        (size,) = struct.unpack_from(">H", block, at + 3)
        if size & 0x8000 or at + 5 + size > len(block):
            raise ValueError("a record ends outside")
        name = _NAMES.get((block[at + 1], block[at + 2]))
        if name is not None:
            yield name, block[at + 5 : at + 5 + size]
        at += 5 + size
