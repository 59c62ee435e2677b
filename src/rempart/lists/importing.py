"""Taking partners' files into a list: each source is read to its end and ends in a report."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rempart.errors import IncompleteError, RefusedError
from rempart.lists.build import ListBuilder
from rempart.lists.registry import detect, format_named
from rempart.lists.report import Reading, Refusal, SourceReport, Tally
from rempart.lists.source import open_source, shown
from rempart.lists.vocabulary import ReadOptions

Sink = Callable[[str, Refusal], None]


def import_file(
    builder: ListBuilder, path: Path, *, options: ReadOptions, format_name: str = "auto", sink: Sink | None = None
) -> SourceReport:
    """Read one file into `builder`. Bad lines are refused one by one and never stop the rest.

    Raises ListFormatError when the file is in no known format, SchemeUnknownError when its categories cannot be
    told, IncompleteError when it cannot be read, StorageFullError.
    """
    name = shown(path.name)
    options = replace(options, source=options.source or name, notes=[])
    with open_source(path) as source:
        chosen = detect(source.head, origin=name) if format_name == "auto" else format_named(format_name)
        tally = Tally(origin=name, format=chosen.NAME, sink=sink)
        try:
            for found in chosen.read(source.stream, options=options):
                if isinstance(found, Refusal):
                    tally.refuse(found)
                else:
                    _take(builder, found, tally)
        except (EOFError, zlib.error) as err:
            reason = "the compressed file is cut short or damaged; its rest was not read"
            tally.refuse(Refusal(line=0, reason=reason, incomplete=True))
            tally.notes.append(f"The file could not be read to its end: {err}.")
        except OSError as err:
            raise IncompleteError(f"{name} could not be read: {err}.") from err
    tally.notes += options.notes
    return tally.close()


def _take(builder: ListBuilder, reading: Reading, tally: Tally) -> None:
    try:
        builder.add(reading.entry)
    except RefusedError as err:
        tally.refuse(Refusal(line=reading.line, reason=err.message), rows=reading.rows)
    else:
        tally.accept(reading)
