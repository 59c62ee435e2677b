"""What the pages of lists show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from rempart.cases.quality.precision import ListPrecision
from rempart.cases.stops import Stop
from rempart.lists.breaker_records import Trip
from rempart.lists.entry_records import LiveList
from rempart.lists.schemes import Scheme
from rempart.lists.staging_records import ChangeSet, Movement
from rempart.server.api.list_forms import EntryShown, RowShown
from rempart.server.pages.contexts import Context
from rempart.server.pages.running.asking import Typed

STYLES = ("running.css",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLine:
    """One list in the table of all."""

    live: LiveList
    hits: int
    moved: Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class ListsPage(Context):
    """All lists. `next` is the id of the last one, where more follow; `attention` counts open breakers and stops."""

    template: ClassVar[str] = "running/lists"
    styles: ClassVar[tuple[str, ...]] = STYLES
    rows: tuple[ListLine, ...]
    next: str
    attention: int
    may_make: bool
    schemes: tuple[Scheme, ...]
    typed: Typed = field(default_factory=Typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class TripRow:
    """A breaker with what it is about: `list_id` and `ref` for an entry (the reference for curators only)."""

    trip: Trip
    list_id: str = ""
    list_name: str = ""
    ref: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRow:
    """An entry that look-back did not act on, with what it is about."""

    stop: Stop
    list_id: str = ""
    list_name: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneListPage(Context):
    """One list: its settings and what lately became of it. `owner` is a pseudonym; `precision` is None for who may
    not read statistics."""

    template: ClassVar[str] = "running/list"
    styles: ClassVar[tuple[str, ...]] = STYLES
    line: ListLine
    owner: str
    own: bool
    changes: tuple[ChangeSet, ...]
    trips: tuple[TripRow, ...]
    stops: tuple[StopRow, ...]
    schemes: tuple[Scheme, ...]
    precision: ListPrecision | None
    may_change: bool
    may_see_entries: bool
    typed: Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesPage(Context):
    """Entries of a list, for curators. `query` is what was looked for, as the pager repeats it; `next` goes on."""

    template: ClassVar[str] = "running/entries"
    styles: ClassVar[tuple[str, ...]] = STYLES
    live: LiveList
    rows: tuple[EntryShown, ...]
    sought: Typed
    query: str
    next: int | None
    looked_through: bool
    schemes: tuple[Scheme, ...]
    opinions: tuple[str, ...]
    kinds: tuple[str, ...]
    at_once: bool
    typed: Typed = field(default_factory=Typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage(Context):
    """Taking a file or pasted lines into a list."""

    template: ClassVar[str] = "running/import"
    styles: ClassVar[tuple[str, ...]] = STYLES
    live: LiveList
    schemes: tuple[Scheme, ...]
    formats: tuple[str, ...]
    most_mib: int
    pasted_kib: int
    typed: Typed = field(default_factory=Typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesPage(Context):
    """The change sets of a list, the youngest first."""

    template: ClassVar[str] = "running/changes"
    styles: ClassVar[tuple[str, ...]] = STYLES
    live: LiveList
    rows: tuple[ChangeSet, ...]
    next: str
    waiting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetPage(Context):
    """One change set with some of its rows. `refused` are line and reason, for who may change lists; counts are name,
    key of the label (empty if there is none in the texts) and value."""

    template: ClassVar[str] = "running/changeset"
    styles: ClassVar[tuple[str, ...]] = STYLES
    live: LiveList
    changes: ChangeSet
    target: tuple[tuple[str, str], ...]
    counts: tuple[tuple[str, str, int], ...]
    outcomes: tuple[tuple[str, str, int], ...]
    refused: tuple[tuple[int, str], ...]
    rows: tuple[RowShown, ...]
    may_see_rows: bool
    may_take_back: bool
    may_decide: bool
    step: str
    flagged: bool
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardsPage(Context):
    """The operator's canaries and noisy hashes."""

    template: ClassVar[str] = "running/guards"
    styles: ClassVar[tuple[str, ...]] = STYLES
    canaries: int
    noisy: int
    may_change: bool
    typed: Typed = field(default_factory=Typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakersPage(Context):
    """What is not believed until a person has looked: tripped breakers, and entries that look-back did not act on."""

    template: ClassVar[str] = "running/breakers"
    styles: ClassVar[tuple[str, ...]] = STYLES
    trips: tuple[TripRow, ...]
    stops: tuple[StopRow, ...]
    everything: bool
    may_reset: bool
    may_decide: bool
    at: datetime
    typed: Typed = field(default_factory=Typed)
