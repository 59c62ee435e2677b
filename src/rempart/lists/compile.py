"""The sorting half of building a list: spooled rows in, sections out, in parts small enough for flat memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rempart.index.digest import DigestIndex
from rempart.index.hamming import HammingIndex
from rempart.index.sections import SectionWriter
from rempart.lists.entry import Disposition
from rempart.lists.layout import ENTRY_SPOOL, FORWARD_SPOOL, KIND_NUMBER, signal_spool
from rempart.lists.spool import PARTITION, Spool, Spools, key_bucket, partitions, starts, words
from rempart.signals.values import SIGNAL_TYPES, SignalKind

_FORWARD = {"kind": ("signal.kind", "u1"), "row": ("signal.key", "<u4"), "attribute": ("signal.attribute", "<u4")}
_WITHDRAWN = int(Disposition.WITHDRAWN)


@dataclass(slots=True, kw_only=True)
class Compiled:
    """What sorting the entries gave, for sorting the signals by.

    By an entry's place as added: `number` is its row in the file (that of the entry it was merged into),
    `group` the place of the first entry with its id; `state` is its disposition.
    """

    number: NDArray[np.uint32]
    group: NDArray[np.uint32]
    state: NDArray[np.uint8]
    entries: int = 0
    duplicates: int = 0
    superseded: int = 0
    low_quality: int = 0
    dispositions: dict[Disposition, int] = field(default_factory=dict)
    signals: dict[str, int] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)


def compile_entries(writer: SectionWriter, entries: Spool, ids: Spool, details: Spool, spools: Spools) -> Compiled:
    """Find duplicates and tombstones among the entries, and write the entries' columns, ids and details."""
    count = entries.size // ENTRY_SPOOL.itemsize
    compiled = Compiled(
        number=spools.filled(4 * count).mapped("<u4"),
        group=spools.filled(4 * count).mapped("<u4"),
        state=spools.filled(count).mapped("u1"),
    )
    numbered = _numbered(entries, spools)
    try:
        dtype = np.dtype([*ENTRY_SPOOL.descr, ("place", "<u4")])
        for rows in partitions(numbered, dtype, spools, key_bucket):
            _group_entries(rows, compiled)
    finally:
        numbered.close()
    _renumber(entries, compiled)
    _write_columns(writer, entries, compiled)
    _write_blobs(writer, "ids", "id", entries, ids, compiled)
    _write_blobs(writer, "details", "details", entries, details, compiled)
    return compiled


def _numbered(entries: Spool, spools: Spools) -> Spool:
    """The entry rows with their places, which sorting would otherwise lose."""
    spool, place = spools.new(), 0
    dtype = np.dtype([*ENTRY_SPOOL.descr, ("place", "<u4")])
    for rows in entries.records(ENTRY_SPOOL):
        out = np.empty(len(rows), dtype)
        for name in ENTRY_SPOOL.names or ():
            out[name] = rows[name]
        out["place"] = np.arange(place, place + len(rows))
        spool.append(out.tobytes())
        place += len(rows)
    return spool


def _group_entries(rows: NDArray[Any], compiled: Compiled) -> None:
    """Set group, state and (for now) the place of the entry to merge into, for the rows of one partition."""
    rows = rows[np.lexsort((rows["place"], *words(rows["key"])))]
    place = rows["place"]
    new_id = starts(*words(rows["key"]))
    begin = np.flatnonzero(new_id)
    sizes = np.diff(np.append(begin, len(rows)))
    group = np.repeat(np.minimum.reduceat(place, begin), sizes)
    # A withdrawn entry without signals withdraws all that was read before it under its id.
    bare = (rows["signals"] == 0) & (rows["disposition"] == _WITHDRAWN)
    last_bare = np.repeat(np.maximum.reduceat(np.where(bare, place.astype(np.int64), -1), begin), sizes)
    state = np.where(place < last_bare, _WITHDRAWN, rows["disposition"])
    compiled.group[place], compiled.state[place] = group, state
    columns = (state, rows["content"], rows["category"], rows["opinion"])
    order = np.lexsort((place, *columns, group))
    place = place[order]
    new_entry = starts(*(column[order] for column in (group, *columns)))
    first = np.flatnonzero(new_entry)
    compiled.number[place] = np.repeat(place[first], np.diff(np.append(first, len(rows))))


def _renumber(entries: Spool, compiled: Compiled) -> None:
    """Turn places to merge into into row numbers of the file, counting on the way."""
    total = 0
    counts = np.zeros(len(Disposition), np.int64)
    for start, stop in _spans(len(compiled.number)):
        target = compiled.number[start:stop]
        place = np.arange(start, stop, dtype=np.uint32)
        kept = target == place
        # Merged rows point back to an earlier place, whose number stands already (or lies in this span).
        rank = total + np.cumsum(kept) - 1
        earlier = target < start
        numbers = np.empty(len(target), np.uint32)
        numbers[~earlier] = rank[target[~earlier] - start]
        numbers[earlier] = compiled.number[target[earlier]]
        counts += np.bincount(compiled.state[start:stop][kept], minlength=len(counts))
        compiled.number[start:stop] = numbers
        total += int(kept.sum())
    compiled.entries = total
    compiled.duplicates = len(compiled.number) - total
    compiled.dispositions = {state: int(counts[state]) for state in Disposition if counts[state]}


def _spans(count: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, PARTITION):
        yield start, min(count, start + PARTITION)


def _kept(entries: Spool, compiled: Compiled) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.uint8]]]:
    """Spans of the entry rows, which of them stand in the file, and their states."""
    start, written = 0, 0
    for rows in entries.records(ENTRY_SPOOL):
        numbers = compiled.number[start : start + len(rows)]
        before = np.maximum.accumulate(np.concatenate(([written - 1], numbers.astype(np.int64))))
        kept = numbers > before[:-1]
        yield rows, kept, compiled.state[start : start + len(rows)]
        written += int(kept.sum())
        start += len(rows)


def _write_columns(writer: SectionWriter, entries: Spool, compiled: Compiled) -> None:
    for name, dtype in (("opinion", "u1"), ("category", "<u2")):
        chunks = (rows[name][kept].tobytes() for rows, kept, _ in _kept(entries, compiled))
        writer.add_chunks(f"entry.{name}", chunks, dtype=dtype)
    chunks = (state[kept].tobytes() for _, kept, state in _kept(entries, compiled))
    writer.add_chunks("entry.disposition", chunks, dtype="u1")


def _write_blobs(
    writer: SectionWriter, name: str, field_name: str, entries: Spool, blob: Spool, compiled: Compiled
) -> None:
    """Write the bytes of the kept entries one after another, and where each begins and ends."""

    def pieces() -> Iterator[bytes]:
        position = 0
        for rows, kept, _ in _kept(entries, compiled):
            lengths = rows[field_name].astype(np.int64)
            places = position + np.concatenate(([0], np.cumsum(lengths)))
            turns = np.flatnonzero(np.diff(np.concatenate(([False], kept, [False]))))
            for first, last in zip(turns[::2], turns[1::2], strict=True):
                yield from blob.pieces(int(places[first]), int(places[last]))
            position = int(places[-1])

    def ends() -> Iterator[bytes]:
        position = 0
        yield np.zeros(1, "<u8").tobytes()
        for rows, kept, _ in _kept(entries, compiled):
            places = position + np.cumsum(rows[field_name][kept].astype("<u8"))
            if len(places):
                position = int(places[-1])
                yield places.astype("<u8").tobytes()

    writer.add_chunks(name, pieces())
    writer.add_chunks(f"entry.{name}", ends(), dtype="<u8")


def compile_signals(
    writer: SectionWriter,
    kind: SignalKind,
    spool: Spool,
    compiled: Compiled,
    forward: Spool,
    low: Sequence[bool],
    spools: Spools,
) -> None:
    """Sort one kind's signals, and write its index over distinct keys and the entries behind each key."""
    dtype = signal_spool(kind)
    poor = np.array(low, np.bool_) if kind is SignalKind.PDQ else np.zeros(len(low), np.bool_)
    keys, posted = spools.new(), [spools.new() for _ in range(3)]
    row = signals = postings = 0
    posted[0].append(np.zeros(1, "<u4").tobytes())
    try:
        for records in partitions(spool, dtype, spools, key_bucket):
            part = _sort_signals(records, compiled)
            rows = (row + np.cumsum(part.new_key) - 1).astype(np.uint32)
            keys.append(part.keys[part.new_key].tobytes())
            _append_forward(forward, kind, part, rows)
            dull = poor[part.attributes]
            live = ~dull & ~part.superseded
            found = np.add.reduceat(live, np.flatnonzero(part.new_key)) if len(live) else np.zeros(0)
            posted[0].append((postings + np.cumsum(found)).astype("<u4").tobytes())
            posted[1].append(part.entries[live].astype("<u4").tobytes())
            posted[2].append(part.attributes[live].astype("<u4").tobytes())
            row += int(part.new_key.sum())
            postings += int(live.sum())
            signals += len(live)
            compiled.low_quality += int(dull.sum())
            compiled.superseded += int((part.superseded & ~dull).sum())
        compiled.signals[kind.value], compiled.keys[kind.value] = signals, row
        _write_index(writer, kind, keys)
        for name, column in zip(("postings", "entries", "attributes"), posted, strict=True):
            writer.add_chunks(f"{kind.value}.{name}", column.pieces(0, column.size), dtype="<u4")
    finally:
        for one in (keys, *posted):
            one.close()


def _write_index(writer: SectionWriter, kind: SignalKind, keys: Spool) -> None:
    """The index over one kind's distinct keys, which stand in ascending order."""
    size = SIGNAL_TYPES[kind].size
    if kind is SignalKind.PDQ:
        HammingIndex.build_into(writer, keys.mapped(np.uint8).reshape(-1, size), prefix=kind.value)
        return

    def parts() -> Iterator[NDArray[np.uint8]]:
        for part in keys.records(np.dtype((np.void, size))):
            yield part.view(np.uint8).reshape(-1, size)

    DigestIndex.write_sorted(writer, parts, length=size, prefix=kind.value)


@dataclass(slots=True, kw_only=True)
class _Part:
    """Signals of one partition in order of key, entry and attribute, each triple once; arrays of equal length."""

    keys: NDArray[np.uint8]
    new_key: NDArray[np.bool_]
    entries: NDArray[np.uint32]
    attributes: NDArray[np.uint32]
    order: NDArray[np.uint32]
    superseded: NDArray[np.bool_]


def _sort_signals(records: NDArray[Any], compiled: Compiled) -> _Part:
    keys = words(records["key"])
    place = records["entry"]
    columns = (records["order"], records["attribute"], compiled.number[place], compiled.group[place])
    sort = np.lexsort((*columns, *keys))
    records = records[sort]
    keys = words(records["key"])
    place = records["entry"]
    entries, group = compiled.number[place], compiled.group[place]
    new_key = starts(*keys)
    once = new_key | starts(entries, records["attribute"])
    superseded = _superseded(records["order"], compiled.state[place], entries, new_key | starts(group))
    return _Part(
        keys=records["key"][once],
        new_key=new_key[once],
        entries=entries[once],
        attributes=records["attribute"][once],
        order=records["order"][once],
        superseded=superseded[once],
    )


def _superseded(
    order: NDArray[np.uint32], state: NDArray[np.uint8], entries: NDArray[np.uint32], new: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """True for signals of live entries whose last reading under the same id is a withdrawal.

    `new` marks where key or id changes. Nothing is computed when nothing was withdrawn, the usual case.
    """
    withdrawn = state == _WITHDRAWN
    if not withdrawn.any():
        return np.zeros(len(order), np.bool_)
    begin = np.flatnonzero(new)
    sizes = np.diff(np.append(begin, len(order)))
    last = np.repeat(np.maximum.reduceat(order, begin), sizes)
    gone = np.repeat(np.add.reduceat((order == last) & withdrawn, begin) > 0, sizes)
    return np.asarray(gone & ~withdrawn, dtype=np.bool_)


def _append_forward(forward: Spool, kind: SignalKind, part: _Part, rows: NDArray[np.uint32]) -> None:
    out = np.empty(len(rows), FORWARD_SPOOL)
    out["entry"], out["order"], out["kind"] = part.entries, part.order, KIND_NUMBER[kind]
    out["row"], out["attribute"] = rows, part.attributes
    forward.append(out.tobytes())


def write_forward(writer: SectionWriter, forward: Spool, compiled: Compiled, spools: Spools) -> None:
    """Write each entry's signals in the order they were read, so that a list can be exported whole."""
    total = max(1, compiled.entries)

    def by_entry(records: NDArray[Any], groups: int) -> NDArray[np.int64]:
        return np.asarray(records["entry"].astype(np.int64) * groups // total, dtype=np.int64)

    columns = {name: spools.new() for name in _FORWARD}
    ends = spools.filled(8 * (compiled.entries + 1))
    try:
        counts = ends.mapped("<u8")
        for records in partitions(forward, FORWARD_SPOOL, spools, by_entry):
            records = records[np.lexsort((records["order"], records["entry"]))]
            for name, column in columns.items():
                column.append(records[name].tobytes())
            first = int(records["entry"][0])
            found = np.bincount(records["entry"].astype(np.int64) - first)
            counts[first + 1 : first + 1 + len(found)] += found.astype(np.uint64)
        np.cumsum(counts, out=counts)
        writer.add_chunks("entry.signals", ends.pieces(0, ends.size), dtype="<u8")
        for name, (section, dtype) in _FORWARD.items():
            writer.add_chunks(section, columns[name].pieces(0, columns[name].size), dtype=dtype)
    finally:
        for spool in (*columns.values(), ends):
            spool.close()
