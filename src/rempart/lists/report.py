"""What an import ends in: what was read, accepted, withdrawn and refused, and what the list will answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rempart.lists.entry import Entry

SHOWN = 20
"""How many refused lines a report keeps for people; all of them go to the sink."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An entry as read: `line` is the first line (or record) it came from, `rows` how many it joined."""

    entry: Entry
    line: int
    rows: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A line (in JSON documents: a record) that was not taken in, and why.

    `whole` is False when only one value of it was left out and the rest was accepted; `incomplete` is True when
    nothing after it could be read, so that the list lacks entries that nobody can count.
    """

    line: int
    reason: str
    whole: bool = True
    incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """The import of one source. Counts are lines (records) and add up: read = accepted + refused.

    `incomplete` is True when the source was cut short or damaged, and its rest could not be read.
    """

    origin: str
    format: str
    read: int
    accepted: int
    withdrawn: int
    refused: int
    left_out: int
    first_refused: tuple[Refusal, ...]
    notes: tuple[str, ...] = ()
    incomplete: bool = False

    def document(self) -> dict[str, object]:
        """The report as JSON-able data."""
        return {
            "origin": self.origin,
            "format": self.format,
            "read": self.read,
            "accepted": self.accepted,
            "withdrawn": self.withdrawn,
            "refused": self.refused,
            "values_left_out": self.left_out,
            "first_refused": [{"line": one.line, "reason": one.reason} for one in self.first_refused],
            "notes": list(self.notes),
            "incomplete": self.incomplete,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReport:
    """A list as a whole: how many entries answer lookups, and why the others stay silent.

    `matching` entries are reported, `known_good` ones by exact digest only; `silent` counts the others by
    reason. `duplicates` were merged; `superseded` signals were withdrawn later under the same entry id;
    `low_quality` PDQ hashes are kept but not looked up.
    """

    entries: int
    signals: Mapping[str, int]
    keys: Mapping[str, int]
    matching: int
    known_good: int
    silent: Mapping[str, int]
    duplicates: int
    superseded: int
    low_quality: int
    sources: tuple[SourceReport, ...] = ()

    @property
    def refused(self) -> int:
        """Lines refused over all sources."""
        return sum(source.refused for source in self.sources)

    def document(self) -> dict[str, object]:
        """The report as JSON-able data."""
        return {
            "read": sum(source.read for source in self.sources),
            "accepted": sum(source.accepted for source in self.sources),
            "withdrawn": sum(source.withdrawn for source in self.sources),
            "refused": self.refused,
            "values_left_out": sum(source.left_out for source in self.sources),
            "entries": self.entries,
            "duplicates_merged": self.duplicates,
            "superseded": self.superseded,
            "matching": self.matching,
            "known_good": self.known_good,
            "silent": dict(self.silent),
            "low_quality": self.low_quality,
            "signals": dict(self.signals),
            "keys": dict(self.keys),
            "sources": [source.document() for source in self.sources],
        }


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts one source while it is read; `sink` is called with every refusal."""

    origin: str
    format: str
    sink: Callable[[str, Refusal], None] | None = None
    accepted: int = 0
    withdrawn: int = 0
    refused: int = 0
    left_out: int = 0
    incomplete: bool = False
    first: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def accept(self, reading: Reading) -> None:
        """Count an accepted entry's lines."""
        self.accepted += reading.rows
        if reading.entry.withdrawn is not None:
            self.withdrawn += reading.rows

    def refuse(self, refusal: Refusal, *, rows: int = 1) -> None:
        """Count a refusal, keep it if it is among the first, and hand it to the sink."""
        if refusal.whole:
            self.refused += rows
        else:
            self.left_out += 1
        self.incomplete |= refusal.incomplete
        if len(self.first) < SHOWN:
            self.first.append(refusal)
        if self.sink is not None:
            self.sink(self.origin, refusal)

    def close(self) -> SourceReport:
        """The finished report."""
        if not self.accepted + self.refused:
            self.notes.append("It is empty: there was no line, record or picture to read.")
        return SourceReport(
            origin=self.origin,
            format=self.format,
            read=self.accepted + self.refused,
            accepted=self.accepted,
            withdrawn=self.withdrawn,
            refused=self.refused,
            left_out=self.left_out,
            first_refused=tuple(self.first),
            notes=tuple(self.notes),
            incomplete=self.incomplete,
        )
