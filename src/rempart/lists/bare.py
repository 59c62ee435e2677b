"""Lists that are nothing but hashes, one a line: what the formats that carry no category share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from rempart.errors import RefusedError
from rempart.lists.entry import Entry, EntrySignal, derived_id
from rempart.lists.report import Reading, Refusal
from rempart.lists.source import numbered_lines
from rempart.lists.vocabulary import ReadOptions
from rempart.signals.values import Signal


def read_signals(
    stream: BinaryIO, *, options: ReadOptions, parse: Callable[[str], Signal], comment: str | None = None
) -> Iterator[Reading | Refusal]:
    """Yield an entry for each line that is not empty and does not begin with `comment`.

    `parse` gets the line without the blanks around it, and raises RefusedError. Raises RefusedError itself when the
    named scheme has several codes.
    """
    category = options.membership()
    for number, text in numbered_lines(stream):
        if text is None:
            yield Refusal(line=number, reason="the line is too long")
            continue
        text = text.strip()
        if not text or (comment is not None and text.startswith(comment)):
            continue
        try:
            signal = parse(text)
        except RefusedError as err:
            yield Refusal(line=number, reason=err.message)
            continue
        entry = Entry(
            id=derived_id(signal), signals=(EntrySignal(signal=signal),), category=category, source=options.source
        )
        yield Reading(entry=entry, line=number)
