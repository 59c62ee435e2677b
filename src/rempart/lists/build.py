"""Building a list file: entries are spooled to temporary files, sorted in parts, and written as one file.

Memory stays flat whatever the list's length; the indexes over the distinct keys are built in memory, one at a time.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

from rempart.clock import iso
from rempart.errors import RefusedError, SchemeUnknownError
from rempart.index.sections import SectionWriter
from rempart.lists.compile import Compiled, compile_entries, compile_signals, write_forward
from rempart.lists.entry import Category, Disposition, Entry, EntrySignal, Opinion
from rempart.lists.layout import (
    FILE_KIND,
    FORMAT_VERSION,
    KIND_NUMBER,
    KINDS,
    MAX_ATTRIBUTES,
    MAX_DETAILS,
    MAX_ENTRIES,
    MAX_SIGNALS,
    NO_CATEGORY,
    Attribute,
    pack_details,
)
from rempart.lists.report import ListReport, SourceReport
from rempart.lists.schemes import Scheme, disposition
from rempart.lists.spool import Spool, Spools
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.values import SignalKind

_ENTRY = struct.Struct("<16sQHBBIII")
_PLACE = struct.Struct("<III")
OPINIONS = tuple(Opinion)


class ListBuilder:
    """Writes one list file from entries; nothing stands at `path` until `finish`, and then all of it.

    Entries with the same id, category, opinion and details are merged and their signals joined; entries that
    share only the id stay apart. A withdrawn entry silences the same signals of earlier entries with its id, and
    one without signals silences them whole. A context manager: leaving it without `finish` leaves nothing behind.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, name: str, schemes: Mapping[str, Scheme], created: datetime
    ) -> None:
        self._path = Path(path)
        self._name = name
        self._schemes = dict(schemes)
        self._created = created
        self._spools = Spools(self._path.parent)
        try:
            self._entries, self._ids, self._details = (self._spools.new() for _ in range(3))
        except BaseException:
            self.close()
            raise
        self._signals: dict[SignalKind, Spool] = {}
        self._attributes: dict[Attribute, int] = {}
        self._categories: dict[Category, int] = {}
        self._count = self._signal_count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: object, ___: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        return self._count

    def add(self, entry: Entry) -> None:
        """Take in one entry, whole or not at all.

        Raises RefusedError (the entry does not fit a list, its category is not known) or StorageFullError.
        """
        try:
            state = disposition(entry, self._schemes)
        except SchemeUnknownError as err:
            raise RefusedError(err.message) from err
        if not entry.signals and entry.withdrawn is None:
            raise RefusedError("there is no signal in it")
        details = _packed(entry)
        mark = entry.id.encode("utf-8", "replace")
        if len(details) > MAX_DETAILS:
            raise RefusedError(f"its record is over {MAX_DETAILS} bytes")
        if self._count >= MAX_ENTRIES or self._signal_count + len(entry.signals) > MAX_SIGNALS:
            raise RefusedError("the list is full")
        attributes = [self._attribute(one) for one in entry.signals]
        category = NO_CATEGORY if entry.category is None else self._category(entry.category)
        opinion = OPINIONS.index(entry.opinion)
        content = blake2b(details, digest_size=8).digest()
        self._entries.append(
            _ENTRY.pack(
                blake2b(mark, digest_size=16).digest(),
                int.from_bytes(content, "little"),
                category,
                state,
                opinion,
                len(entry.signals),
                len(mark),
                len(details),
            )
        )
        self._ids.append(mark)
        self._details.append(details)
        for one, attribute in zip(entry.signals, attributes, strict=True):
            self._spool(one.signal.kind).append(one.signal + _PLACE.pack(self._signal_count, self._count, attribute))
            self._signal_count += 1
        self._count += 1

    def finish(self, sources: Sequence[SourceReport] = ()) -> ListReport:
        """Write the file and put it in place of what stood at the path; returns the report that it also carries.

        Raises StorageFullError; the old file is then untouched.
        """
        low = [
            attribute.quality is not None and attribute.quality < LOW_QUALITY_BELOW for attribute in self._attributes
        ]
        with SectionWriter(self._path, kind=FILE_KIND) as writer:
            compiled = compile_entries(writer, self._entries, self._ids, self._details, self._spools)
            forward = self._spools.new()
            for kind in KINDS:
                if kind in self._signals:
                    compile_signals(writer, kind, self._signals[kind], compiled, forward, low, self._spools)
            write_forward(writer, forward, compiled, self._spools)
            report = _report(compiled, sources)
            writer.add("attributes", json.dumps(list(self._attributes)).encode())
            writer.add("meta", json.dumps(self._meta(report), ensure_ascii=False).encode("utf-8", "replace"))
        self.close()
        return report

    def close(self) -> None:
        """Drop the temporary files; harmless after `finish`."""
        self._spools.close()

    def _meta(self, report: ListReport) -> dict[str, object]:
        used = {category.scheme for category in self._categories}
        return {
            "version": FORMAT_VERSION,
            "name": self._name,
            "created": iso(self._created),
            "schemes": [self._schemes[scheme].document() for scheme in sorted(used)],
            "categories": [[category.scheme, category.code] for category in self._categories],
            "kinds": [kind.value for kind in KINDS if kind in self._signals],
            "report": report.document(),
        }

    def _spool(self, kind: SignalKind) -> Spool:
        if kind not in self._signals:
            self._signals[kind] = self._spools.new()
        return self._signals[kind]

    def _attribute(self, one: EntrySignal) -> int:
        if one.signal.kind not in KIND_NUMBER:
            raise RefusedError(f"signals of kind {one.signal.kind.value} cannot be held")
        key = Attribute(one.recipe, one.quality, one.facet)
        if key not in self._attributes:
            if len(self._attributes) >= MAX_ATTRIBUTES:
                raise RefusedError(f"the list names over {MAX_ATTRIBUTES} distinct recipes, qualities and facets")
            if len(one.recipe or "") > 64 or len(one.facet or "") > 64:
                raise RefusedError("a recipe and a facet have at most 64 characters")
            if one.quality is not None and not 0 <= one.quality <= 100:
                raise RefusedError("a quality is 0 to 100")
            self._attributes[key] = len(self._attributes)
        return self._attributes[key]

    def _category(self, category: Category) -> int:
        if category not in self._categories:
            if len(self._categories) >= NO_CATEGORY:
                raise RefusedError(f"a list holds at most {NO_CATEGORY} distinct categories")
            self._categories[category] = len(self._categories)
        return self._categories[category]


def _packed(entry: Entry) -> bytes:
    try:
        return pack_details(entry)
    except (RecursionError, ValueError, TypeError) as err:
        raise RefusedError("its record is nested too deeply, or is no JSON") from err


def _report(compiled: Compiled, sources: Iterable[SourceReport]) -> ListReport:
    counts = compiled.dispositions
    return ListReport(
        entries=compiled.entries,
        signals=compiled.signals,
        keys=compiled.keys,
        matching=counts.get(Disposition.MATCH, 0),
        known_good=counts.get(Disposition.KNOWN_GOOD, 0),
        silent={state.label: counts[state] for state in Disposition if state.silent and state in counts},
        duplicates=compiled.duplicates,
        superseded=compiled.superseded,
        low_quality=compiled.low_quality,
        sources=tuple(sources),
    )
