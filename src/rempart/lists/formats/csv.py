"""Comma-separated tables: Rempart's own columns, INTERPOL's ICSE export, NSRL's file list, and others by their header.

The canonical columns are `hash_type,hash_value,quality,scheme,code,media_type,source_id,tags,updated_at,deleted`,
one row for each signal; rows with the same `source_id` that follow each other are one entry. The header of the
ICSE export is the one that IPED reads; NSRL's that of the RDS text distribution.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from rempart.clock import iso
from rempart.errors import ListFormatError, SchemeUnknownError
from rempart.lists.columns import CANONICAL, TAG_SEPARATOR, Columns, join_rows
from rempart.lists.entry import Entry, EntrySignal, Opinion
from rempart.lists.report import Reading, Refusal
from rempart.lists.schemes import choices
from rempart.lists.source import numbered_lines
from rempart.lists.vocabulary import ReadOptions

NAME = "csv"
_DELIMITERS = (",", ";", "\t", "|")
_MAX_COLUMNS = 500
_MAX_SPAN = 50
_EXTRA = ("opinion", "recipe", "facet")

Line = tuple[int, str | None]


def detect(head: bytes) -> bool:
    """True when the first line names a column of hashes."""
    line = next((line for line in head.splitlines() if not _before_header(line.decode("utf-8", "replace"))), b"")
    return _header(line.decode("utf-8", "replace")) is not None


def _before_header(line: str) -> bool:
    """Blank lines, comments, and the line by which spreadsheets say their delimiter."""
    return not line.strip() or line.startswith(("#", "sep="))


def _header(line: str) -> tuple[str, Columns] | None:
    """The delimiter under which the header names most columns, and those; None when it names no hashes."""
    found = []
    for delimiter in _DELIMITERS:
        cells = _split(line, delimiter)
        if cells and len(cells) <= _MAX_COLUMNS and Columns(cells).has_signals:
            found.append((len(cells), delimiter, Columns(cells)))
    return max(found, key=lambda one: one[0])[1:] if found else None


def _split(line: str, delimiter: str) -> list[str] | None:
    """The cells of one line; None when a quote is left open."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as err:
        if "unexpected end" in str(err):
            return None
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def read(stream: BinaryIO, *, options: ReadOptions) -> Iterator[Reading | Refusal]:
    """Yield the table's entries.

    Raises ListFormatError when no column holds hashes, SchemeUnknownError when there are codes without a scheme,
    RefusedError when the named scheme does not fit a table without codes.
    """
    lines = numbered_lines(stream)
    first = next((line for line in lines if line[1] is None or not _before_header(line[1])), None)
    if first is None:
        return
    found = _header(first[1] or "")
    if found is None:
        raise ListFormatError("The first line names no column of hashes (hash_value, md5, sha1, sha256 or pdq).")
    delimiter, columns = found
    if columns.code_without_scheme and options.scheme is None:
        raise SchemeUnknownError(
            "The table has category codes, but nothing says of which scheme.",
            hint=f"Name it with --scheme; known: {choices()}.",
        )
    if not columns.has_categories:
        options.membership()
    if columns.unused:
        options.notes.append(_kept_only(columns.unused))
    yield from join_rows(_rows(lines, delimiter, columns, options))


def _kept_only(names: tuple[str, ...]) -> str:
    """What a person must know of columns that were not understood: a category or a withdrawal may stand in one."""
    shown = ", ".join("".join(char if char.isprintable() else "?" for char in name[:40]) for name in names[:12])
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return (
        f"Columns that are kept and decide nothing: {shown}{more}. If one holds the category or a withdrawal, "
        "name it category or deleted in the header."
    )


def _rows(lines: Iterator[Line], delimiter: str, columns: Columns, options: ReadOptions) -> Iterator[Reading | Refusal]:
    for number, cells in _records(lines, delimiter, len(columns.header)):
        if isinstance(cells, str):
            yield Refusal(line=number, reason=cells)
        elif any(cell.strip() for cell in cells):
            reading, problems = columns.read(cells, number, options)
            yield from problems
            if reading is not None:
                yield reading


def _records(lines: Iterator[Line], delimiter: str, width: int) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line number, cells), or the reason why a line is refused.

    A record may span lines inside quotes; but a quote that never closes spoils its own line only, not the file.
    """
    waiting: list[Line] = []
    while True:
        line = waiting.pop(0) if waiting else next(lines, None)
        if line is None:
            return
        number, text = line
        if text is None:
            yield number, "the line is too long"
            continue
        cells = _split(text, delimiter)
        if cells is None:
            cells, used = _span(text, waiting, lines, delimiter, width)
            del waiting[:used]
        yield number, cells if cells is not None else "a quote is left open"


def _span(
    text: str, waiting: list[Line], lines: Iterator[Line], delimiter: str, width: int
) -> tuple[list[str] | None, int]:
    """The record that begins with `text` and goes on over the next lines, and how many of those it takes."""
    joined = text
    for at in range(_MAX_SPAN):
        if at >= len(waiting):
            line = next(lines, None)
            if line is None:
                return None, 0
            waiting.append(line)
        more = waiting[at][1]
        if more is None:
            return None, 0
        joined += "\n" + more
        if '"' in more:
            cells = _split_lines(joined, delimiter)
            if cells is not None:
                return (cells, at + 1) if len(cells) == width else (None, 0)
    return None, 0


def _split_lines(text: str, delimiter: str) -> list[str] | None:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def write(entries: Iterable[Entry], stream: BinaryIO, *, extra: bool = False) -> int:
    """Write the canonical table; with `extra` also opinion, recipe and facet, which other readers may not know.

    Without `extra`, facets are left out (read as plain hashes they would match too much), and so are entries of
    negative opinion. Source and record are always left out. Returns how many entries were left out whole.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CANONICAL + (_EXTRA if extra else ()))
    left_out = 0
    for entry in entries:
        if not extra and entry.opinion is Opinion.NEGATIVE:
            left_out += 1
            continue
        rows = [_row(entry, one, extra=extra) for one in entry.signals if extra or one.facet is None]
        if not rows and entry.withdrawn:
            rows = [_row(entry, None, extra=extra)]
        writer.writerows(rows)
        left_out += not rows
    text.flush()
    text.detach()
    return left_out


def _row(entry: Entry, one: EntrySignal | None, *, extra: bool) -> list[str]:
    moment = entry.withdrawn or entry.added
    media_type = (entry.record or {}).get("media_type") or (entry.record or {}).get("MimeType") or ""
    row = [
        one.signal.kind.value if one else "",
        str(one.signal) if one else "",
        "" if one is None or one.quality is None else str(one.quality),
        entry.category.scheme if entry.category else "",
        entry.category.code if entry.category else "",
        str(media_type),
        entry.id,
        TAG_SEPARATOR.join(entry.tags),
        iso(moment) if moment else "",
        "true" if entry.withdrawn else "false",
    ]
    if extra:
        row += [entry.opinion.value, (one.recipe if one else "") or "", (one.facet if one else "") or ""]
    return row
