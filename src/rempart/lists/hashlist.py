"""A hash list as a file that many processes share: opened by mapping, looked up without being loaded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rempart.errors import CorruptFileError, IncompleteError
from rempart.index.digest import DigestIndex
from rempart.index.hamming import HammingIndex
from rempart.index.sections import SectionFile
from rempart.lists.build import OPINIONS
from rempart.lists.entry import Category, Disposition, Entry, EntrySignal, Opinion
from rempart.lists.filetables import ListKeys, attribute_of, category_of, open_keys, read_meta
from rempart.lists.layout import (
    ENTRY_COLUMNS,
    FILE_KIND,
    KINDS,
    NO_CATEGORY,
    SIGNAL_COLUMNS,
    Attribute,
    unpack_details,
)
from rempart.signals.values import Signal, SignalKind

_DAMAGED = (ValueError, TypeError, KeyError, IndexError, RecursionError, AttributeError)

_PART = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An entry within reach of a looked-up signal. `signal` is the entry's own, `distance` in bits (0 for digests)."""

    list: str
    entry: str
    signal: Signal
    distance: int
    scheme: str | None
    code: str | None
    opinion: Opinion
    facet: str | None


class HashList:
    """An open list. Lookups are safe from several threads at once; the file itself is never written.

    A list that is replaced on disk stays readable here as it was. Every place and number read from the file is
    checked before it is used: damage raises CorruptFileError, never more.
    """

    def __init__(self, file: SectionFile) -> None:
        self._file = file
        self._attributes: list[Attribute] | None = None
        try:
            self._meta = read_meta(file)
            self._categories = [category_of(*row) for row in self._meta["categories"]]
            self._columns = {name: file.array(name, dtype) for name, dtype in (ENTRY_COLUMNS | SIGNAL_COLUMNS).items()}
            self._ids, self._details = file.bytes("ids"), file.bytes("details")
            self._kinds = {kind: open_keys(file, kind) for kind in map(SignalKind, self._meta["kinds"])}
        except _DAMAGED as err:
            raise CorruptFileError(f"{file.path.name} is damaged: its tables cannot be read.") from err
        self._disposition = self._columns["entry.disposition"]
        self._check_lengths()
        pdq = self._kinds.get(SignalKind.PDQ)
        self._pdq = pdq.index if pdq and isinstance(pdq.index, HammingIndex) else None

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Map a list file; its header and tables are checked, its entries are not read.

        Raises ForeignFileError, IncompleteError or CorruptFileError, also when there is no such file.
        """
        try:
            file = SectionFile.open(path, kind=FILE_KIND)
        except OSError as err:
            raise IncompleteError(f"The list {os.fspath(path)} could not be opened: {err.strerror}.") from err
        try:
            return cls(file)
        except BaseException:
            file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._disposition)

    @property
    def name(self) -> str:
        """The list's name."""
        return str(self._meta["name"])

    @property
    def created(self) -> str:
        """When the file was built, ISO 8601."""
        return str(self._meta["created"])

    @property
    def report(self) -> Mapping[str, Any]:
        """The report of the build (see ListReport.document): counts and the sources' first refused lines."""
        report: Mapping[str, Any] = self._meta["report"]
        return report

    @property
    def schemes(self) -> Sequence[Mapping[str, Any]]:
        """The documents of the category schemes that the list uses, as they were when it was built."""
        schemes: Sequence[Mapping[str, Any]] = self._meta["schemes"]
        return schemes

    @property
    def kinds(self) -> tuple[SignalKind, ...]:
        """The kinds of signal in the list."""
        return tuple(self._kinds)

    def lookup(
        self, signals: Sequence[Signal], *, radius: int = 31, most: int | None = None
    ) -> list[tuple[Match, ...]]:
        """For each signal its matches, nearest first: PDQ within `radius` bits (0 to 63), digests when equal.

        An entry stands there once, by the nearest of its signals. Only entries that are to be reported answer: never
        benign, exemplar, uncategorised, negative or withdrawn ones. `most` keeps the nearest so many for each signal:
        thousands of entries may share one hash. Raises ValueError for a radius out of range, and CorruptFileError.
        """
        return self._find(signals, Disposition.MATCH, radius, most)

    def lookup_pdq(
        self, keys: NDArray[np.uint8], radius: int = 31, *, most: int | None = None
    ) -> list[tuple[Match, ...]]:
        """As `lookup` for many PDQ hashes at once, (m, 32) uint8: one call for all probes of a file."""
        if self._pdq is None:
            return [()] * len(keys)
        offsets, rows, distances = self._pdq.search(keys, radius)
        if not len(rows):
            return [()] * len(keys)
        ends, rows_, distances_ = offsets.tolist(), rows.tolist(), distances.tolist()
        table = self._kinds[SignalKind.PDQ]
        return [
            self._matches(table, zip(rows_[a:b], distances_[a:b], strict=True), Disposition.MATCH, most)
            if a != b
            else ()
            for a, b in pairwise(ends)
        ]

    def known_good(self, signals: Sequence[Signal], *, most: int | None = None) -> list[tuple[Match, ...]]:
        """For each signal the benign entries with that exact digest; PDQ hashes never make a file known good."""
        return self._find(signals, Disposition.KNOWN_GOOD, None, most)

    def entries(self) -> Iterator[Entry]:
        """Every entry with all its signals, in file order, whatever its disposition."""
        for row in range(len(self)):
            yield self._entry(row)

    def matching_entries(self) -> Iterator[Entry]:
        """The entries that a lookup reports, each with only those of its signals that lead to it.

        For formats that cannot say what else an entry is: benign ones would come back as matches.
        """
        for row in np.flatnonzero(self._disposition == Disposition.MATCH).tolist():
            entry = self._entry(row)
            live = tuple(
                one
                for one, place in zip(entry.signals, self._places(row), strict=True)
                if self._leads_to(self._kinds[one.signal.kind], place, row)
            )
            if live:
                yield replace(entry, signals=live)

    def _leads_to(self, table: ListKeys, place: int, row: int) -> bool:
        """True when a lookup of a key finds entry `row`: not so if of low quality or withdrawn since."""
        start, stop = self._posting(table, place)
        return row in table.entries[start:stop]

    def dispositions(self) -> Mapping[Disposition, int]:
        """How many entries a lookup reports, calls known good, or passes over, by reason."""
        counts = np.bincount(self._disposition, minlength=len(Disposition))
        return {state: int(counts[state]) for state in Disposition if counts[state]}

    def categories(self) -> Mapping[Category | None, int]:
        """How many entries each category has."""
        column = self._columns["entry.category"]
        numbers, counts = np.unique(column, return_counts=True)
        return {self._category(int(n)): int(c) for n, c in zip(numbers, counts, strict=True)}

    def opinions(self) -> Mapping[Opinion, int]:
        """How many entries each opinion has."""
        counts = np.bincount(self._columns["entry.opinion"], minlength=len(OPINIONS))
        return {opinion: int(count) for opinion, count in zip(OPINIONS, counts, strict=False) if count}

    def attributes(self) -> Sequence[Attribute]:
        """The distinct (recipe, quality, facet) of the list's signals."""
        if self._attributes is None:
            try:
                rows = json.loads(bytes(self._file.checked("attributes", np.uint8)))
                self._attributes = [attribute_of(*row) for row in rows]
            except _DAMAGED as err:
                raise self._damage("attributes") from err
        return self._attributes

    @property
    def category_table(self) -> Sequence[Category]:
        """The distinct categories by the numbers that entries carry."""
        return self._categories

    def index(self, kind: SignalKind) -> HammingIndex | DigestIndex:
        """The index over one kind's distinct keys, for `rempart.lists.verify`."""
        return self._kinds[kind].index

    @property
    def file(self) -> SectionFile:
        """The container, for `rempart.lists.verify`."""
        return self._file

    def close(self) -> None:
        """Let go of the mapping."""
        self._file.close()

    def _find(
        self, signals: Sequence[Signal], wanted: Disposition, radius: int | None, most: int | None
    ) -> list[tuple[Match, ...]]:
        found: list[tuple[Match, ...]] = [()] * len(signals)
        for kind, table in self._kinds.items():
            places = [at for at, signal in enumerate(signals) if signal.kind is kind]
            if not places or (kind is SignalKind.PDQ and radius is None):
                continue
            joined = b"".join(signals[at] for at in places)
            keys = np.frombuffer(joined, np.uint8).reshape(len(places), -1)
            if kind is SignalKind.PDQ and radius is not None:
                answers: Iterable[tuple[Match, ...]] = self.lookup_pdq(keys, radius, most=most)
            else:
                answers = self._find_digests(table, keys, wanted, most)
            for at, answer in zip(places, answers, strict=True):
                found[at] = answer
        return found

    def _find_digests(
        self, table: ListKeys, keys: NDArray[np.uint8], wanted: Disposition, most: int | None
    ) -> Iterator[tuple[Match, ...]]:
        assert isinstance(table.index, DigestIndex)
        for row in table.index.find(keys).tolist():
            yield self._matches(table, [(row, 0)], wanted, most) if row >= 0 else ()

    def _matches(
        self, table: ListKeys, hits: Iterable[tuple[int, int]], wanted: Disposition, most: int | None
    ) -> tuple[Match, ...]:
        """The entries behind some keys, nearest first, that have the wanted disposition: each once, by its nearest."""
        found: dict[int, Match] = {}
        for row, distance in hits:
            for entry, attribute in self._behind(table, row):
                if len(found) == most:
                    return tuple(dict.fromkeys(found.values()))
                if entry >= len(self):
                    raise self._damage(f"{table.kind.value}.entries")
                if self._disposition[entry] == wanted and entry not in found:
                    found[entry] = self._match(table, row, distance, entry, attribute)
        return tuple(dict.fromkeys(found.values()))

    def _behind(self, table: ListKeys, row: int) -> Iterator[tuple[int, int]]:
        """The entries of one key, and the attribute of each, in parts: a hash may have a hundred thousand."""
        start, stop = self._posting(table, row)
        for first in range(start, stop, _PART):
            part = slice(first, min(first + _PART, stop))
            yield from zip(table.entries[part].tolist(), table.attributes[part].tolist(), strict=True)

    def _match(self, table: ListKeys, row: int, distance: int, entry: int, attribute: int) -> Match:
        category = self._category(int(self._columns["entry.category"][entry]))
        return Match(
            list=self.name,
            entry=self._id(entry),
            signal=table.signal(row),
            distance=distance,
            scheme=category.scheme if category else None,
            code=category.code if category else None,
            opinion=self._opinion(entry),
            facet=self._attribute(attribute).facet,
        )

    def _posting(self, table: ListKeys, row: int) -> tuple[int, int]:
        if not 0 <= row < len(table.index):
            raise self._damage(f"{table.kind.value} index")
        start, stop = int(table.postings[row]), int(table.postings[row + 1])
        if not start <= stop <= len(table.entries):
            raise self._damage(f"{table.kind.value}.postings")
        return start, stop

    def _entry(self, row: int) -> Entry:
        try:
            details = unpack_details(self._slice("details", self._details, row))
        except _DAMAGED as err:
            raise self._damage("details") from err
        return Entry(
            id=self._id(row),
            signals=tuple(self._signal(at) for at in self._span(row)),
            category=self._category(int(self._columns["entry.category"][row])),
            opinion=self._opinion(row),
            source=details.source,
            tags=details.tags,
            added=details.added,
            withdrawn=details.withdrawn,
            record=details.record,
        )

    def _span(self, row: int) -> range:
        """The places of an entry's signals in the signal columns."""
        first, last = (int(at) for at in self._columns["entry.signals"][row : row + 2])
        if not first <= last <= len(self._columns["signal.kind"]):
            raise self._damage("entry.signals")
        return range(first, last)

    def _places(self, row: int) -> list[int]:
        """The rows of an entry's signals in the keys of their kinds."""
        span = self._span(row)
        return [int(place) for place in self._columns["signal.key"][span.start : span.stop]]

    def _signal(self, at: int) -> EntrySignal:
        number, row = int(self._columns["signal.kind"][at]), int(self._columns["signal.key"][at])
        table = self._kinds.get(KINDS[number]) if number < len(KINDS) else None
        if table is None or row >= len(table.index):
            raise self._damage("signal.key")
        attribute = self._attribute(int(self._columns["signal.attribute"][at]))
        signal = table.signal(row)
        return EntrySignal(signal=signal, recipe=attribute.recipe, quality=attribute.quality, facet=attribute.facet)

    def _attribute(self, number: int) -> Attribute:
        table = self.attributes()
        if number >= len(table):
            raise self._damage("attributes")
        return table[number]

    def _category(self, number: int) -> Category | None:
        if number == NO_CATEGORY:
            return None
        if number >= len(self._categories):
            raise self._damage("entry.category")
        return self._categories[number]

    def _opinion(self, row: int) -> Opinion:
        number = int(self._columns["entry.opinion"][row])
        if number >= len(OPINIONS):
            raise self._damage("entry.opinion")
        return OPINIONS[number]

    def _id(self, row: int) -> str:
        text = self._slice("ids", self._ids, row).decode("utf-8", "replace")
        if not text:
            raise self._damage("ids")
        return text

    def _slice(self, name: str, data: memoryview, row: int) -> bytes:
        start, stop = (int(at) for at in self._columns[f"entry.{name}"][row : row + 2])
        if not start <= stop <= len(data):
            raise self._damage(f"entry.{name}")
        return bytes(data[start:stop])

    def _check_lengths(self) -> None:
        rows = len(self)
        ok = all(len(self._columns[name]) == rows for name in ("entry.opinion", "entry.category"))
        ok &= all(len(self._columns[f"entry.{name}"]) == rows + 1 for name in ("signals", "ids", "details"))
        ok &= len({len(self._columns[name]) for name in SIGNAL_COLUMNS}) == 1
        if not ok:
            raise self._damage("entry")

    def _damage(self, section: str) -> CorruptFileError:
        return CorruptFileError(
            f"{self._file.path.name} is damaged: section {section} does not fit the others.",
            hint="Run `rempart list verify`, then build the list again.",
        )
