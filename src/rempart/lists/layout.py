"""What stands in a list file: section names, record layouts and the small tables, shared by builder and reader.

A list file is a section container of kind `rempart-list`::

    meta                         JSON: name, created, schemes, category table, report
    attributes                   JSON: distinct [recipe, quality, facet] of signals
    entry.*                      one row per entry: disposition, opinion, category, and ends of its ids and details
    ids, details                 the entries' ids; JSON of source, tags, times and partner's record ("" if none)
    entry.signals, signal.*      for each entry its signals, as (kind, row in that kind's keys, attribute)
    <kind>.*                     the index over that kind's distinct keys, in ascending order
    <kind>.postings, .entries, .attributes   for each key the entries that carry it
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import numpy as np

from rempart.clock import iso
from rempart.lists.entry import Entry
from rempart.signals.values import SIGNAL_TYPES, SignalKind

FILE_KIND = "rempart-list"
FORMAT_VERSION = 1
KINDS: tuple[SignalKind, ...] = (SignalKind.PDQ, SignalKind.SHA256, SignalKind.SHA1, SignalKind.MD5)
"""A kind's place here is its number in list files; new kinds are only ever appended."""
KIND_NUMBER = {kind: number for number, kind in enumerate(KINDS)}
NO_CATEGORY = 0xFFFF
MAX_ENTRIES = MAX_SIGNALS = (1 << 32) - 2
MAX_ATTRIBUTES = 100_000
MAX_DETAILS = 32 << 20
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode

ENTRY_COLUMNS = {
    "entry.disposition": "u1",
    "entry.opinion": "u1",
    "entry.category": "<u2",
    "entry.signals": "<u8",
    "entry.ids": "<u8",
    "entry.details": "<u8",
}
SIGNAL_COLUMNS = {"signal.kind": "u1", "signal.key": "<u4", "signal.attribute": "<u4"}

ENTRY_SPOOL = np.dtype(
    [
        ("key", "u1", (16,)),
        ("content", "<u8"),
        ("category", "<u2"),
        ("disposition", "u1"),
        ("opinion", "u1"),
        ("signals", "<u4"),
        ("id", "<u4"),
        ("details", "<u4"),
    ]
)
"""One row per entry as added: `key` a digest of its id, `content` one of all that is not a signal, then lengths."""

FORWARD_SPOOL = np.dtype([("entry", "<u4"), ("order", "<u4"), ("kind", "u1"), ("row", "<u4"), ("attribute", "<u4")])


def signal_spool(kind: SignalKind) -> np.dtype[np.void]:
    """One row per signal as added; `entry` is the entry's place as added."""
    size = SIGNAL_TYPES[kind].size
    return np.dtype([("key", "u1", (size,)), ("order", "<u4"), ("entry", "<u4"), ("attribute", "<u4")])


class Attribute(NamedTuple):
    """What is known of a signal's making."""

    recipe: str | None
    quality: int | None
    facet: str | None


def pack_details(entry: Entry) -> bytes:
    """An entry's source, tags, times and record as JSON, empty when it has none of them."""
    data: dict[str, object] = {}
    if entry.source:
        data["s"] = entry.source
    if entry.tags:
        data["t"] = entry.tags
    if entry.added is not None:
        data["a"] = iso(entry.added)
    if entry.withdrawn is not None:
        data["w"] = iso(entry.withdrawn)
    if entry.record:
        data["r"] = entry.record
    if not data:
        return b""
    return _ENCODE(data).encode("utf-8", "replace")


class Details(NamedTuple):
    """What `pack_details` packed."""

    source: str
    tags: tuple[str, ...]
    added: datetime | None
    withdrawn: datetime | None
    record: Mapping[str, object] | None


def unpack_details(data: bytes) -> Details:
    """Undo `pack_details`; raises ValueError (or TypeError, KeyError, RecursionError) when it is not that."""
    if not data:
        return Details("", (), None, None, None)
    row = json.loads(data)
    record = row.get("r")
    if not isinstance(record, dict | None):
        raise TypeError("record")
    return Details(
        source=str(row.get("s", "")),
        tags=tuple(str(tag) for tag in row.get("t", ())),
        added=datetime.fromisoformat(row["a"]) if "a" in row else None,
        withdrawn=datetime.fromisoformat(row["w"]) if "w" in row else None,
        record=record,
    )
