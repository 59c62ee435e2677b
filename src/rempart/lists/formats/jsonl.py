"""JSON Lines: the twin of the canonical table that loses nothing; also what `rempart hash --json` prints.

One object for each signal with the table's names as keys, and besides `opinion, recipe, facet, source,
withdrawn_at, record`. Tags, time and record stand in the first of an entry's lines only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import msgspec

from rempart.clock import iso
from rempart.lists.columns import Columns, join_rows
from rempart.lists.entry import Entry, EntrySignal, Opinion
from rempart.lists.report import Reading, Refusal
from rempart.lists.source import numbered_lines
from rempart.lists.vocabulary import ReadOptions

NAME = "jsonl"
_MAX_LINE = 40 << 20
_MAX_SHAPES = 1000
# What `rempart hash` says about a file beside its hashes; its paths are the examiner's own and stay out of lists.
_HASH_OUTPUT = {"path", "outcome", "error", "size"}


class _TwiceError(Exception):
    """A name that stands twice in one object: which of the two was meant, nobody can tell."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return found


_JSON = json.JSONDecoder(object_pairs_hook=_once)


def detect(head: bytes) -> bool:
    """True when the first line that is not empty is one whole JSON object, or the start of a longer one."""
    for line in head.splitlines(keepends=True):
        if line.strip():
            return _is_row(line)
    return False


def _is_row(line: bytes) -> bool:
    if not line.lstrip().startswith(b"{"):
        return False
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        # A line longer than the head is still a line; a document spread over lines is not this format.
        return not line.endswith(b"\n") and any(name in line for name in (b'"hash_value"', b'"hash_type"'))
    return isinstance(row, dict) and "value" not in row


def read(stream: BinaryIO, *, options: ReadOptions) -> Iterator[Reading | Refusal]:
    """Yield the file's entries; a line that is no object with a hash is refused by itself."""
    yield from join_rows(_rows(stream, options))


def _rows(stream: BinaryIO, options: ReadOptions) -> Iterator[Reading | Refusal]:
    shapes: dict[tuple[str, ...], Columns] = {}
    for number, text in numbered_lines(stream, limit=_MAX_LINE):
        if text is None:
            yield Refusal(line=number, reason="the line is too long")
            continue
        if not text.strip():
            continue
        try:
            row = _parsed(text)
        except _TwiceError as err:
            yield Refusal(line=number, reason=f"the line says {err.name[:40]!r} twice")
            continue
        except (ValueError, RecursionError):
            yield Refusal(line=number, reason="the line is not JSON")
            continue
        if not isinstance(row, dict):
            yield Refusal(line=number, reason="the line is no object")
            continue
        row = _own(row)
        names = tuple(row)
        if names not in shapes:
            if len(shapes) >= _MAX_SHAPES:
                shapes.clear()
            shapes[names] = Columns(names)
        reading, problems = shapes[names].read(list(row.values()), number, options)
        yield from problems
        if reading is not None:
            yield reading


def _parsed(text: str) -> Any:
    """A line as data. Every name has its colon: only where there are more colons than names can one stand twice, and
    then the standard library looks, as it does where the quicker parser is stricter (NaN, huge numbers)."""
    try:
        row = msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return _JSON.decode(text.strip())
    if isinstance(row, dict) and text.count(":") > len(row):
        return _JSON.decode(text.strip())
    return row


def _own(row: dict[str, object]) -> dict[str, object]:
    """A line of `rempart hash --json` without what only says where the file was; other lines as they are."""
    if row.keys() >= {"path", "outcome", "sha256"}:
        return {name: value for name, value in row.items() if name not in _HASH_OUTPUT}
    return row


def write(entries: Iterable[Entry], stream: BinaryIO) -> int:
    """Write every entry with all that is known of it, so that reading it back gives equal entries; returns 0."""
    for entry in entries:
        for at, one in enumerate(entry.signals or (None,)):
            line = json.dumps(_row(entry, one, first=at == 0), ensure_ascii=False, separators=(",", ":"), default=str)
            stream.write(line.encode("utf-8", "replace") + b"\n")
    return 0


def _row(entry: Entry, one: EntrySignal | None, *, first: bool) -> dict[str, object]:
    row: dict[str, object] = {}
    if one is not None:
        row |= {"hash_type": one.signal.kind.value, "hash_value": str(one.signal)}
        row |= {name: getattr(one, name) for name in ("quality", "recipe", "facet") if getattr(one, name) is not None}
    row["scheme"] = entry.category.scheme if entry.category else None
    row["code"] = entry.category.code if entry.category else None
    row["source_id"] = entry.id
    if entry.opinion is not Opinion.POSITIVE:
        row["opinion"] = entry.opinion.value
    row["deleted"] = entry.withdrawn is not None
    if entry.withdrawn is not None:
        row["withdrawn_at"] = iso(entry.withdrawn)
    row["source"] = entry.source
    if first:
        if entry.tags:
            row["tags"] = list(entry.tags)
        if entry.added is not None:
            row["updated_at"] = iso(entry.added)
        if entry.record:
            row["record"] = dict(entry.record)
    return row
