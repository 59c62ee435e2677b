"""What the routes of lists take and give, as OpenAPI tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from rempart.errors import RefusedError
from rempart.lists.breaker_records import Trip
from rempart.lists.curation_settings import ListWish
from rempart.lists.difference import Step, check_ref
from rempart.lists.entry import Entry, EntrySignal, Opinion, derived_id
from rempart.lists.entry_records import LiveEntry, LiveList
from rempart.lists.growth import MAX_ROWS, GrowthLimits
from rempart.lists.records import Mode
from rempart.lists.staging_records import ChangeSet, Row
from rempart.lists.vocabulary import ReadOptions, read_signal
from rempart.signals.values import Signal

Text64 = Annotated[str, Field(max_length=64)]
Reason = Annotated[str, Field(max_length=2000)]


class Form(BaseModel):
    """What is not known is refused, so that a typing mistake is never a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Growth(Form):
    """How much a feed may change within a day before it stops and asks: per cent of the list, and entries."""

    percent: StrictInt = Field(20, ge=1, le=1000)
    rows: StrictInt = Field(50_000, ge=0, le=MAX_ROWS)

    def limits(self) -> GrowthLimits:
        """The same as a value."""
        return GrowthLimits(percent=self.percent, rows=self.rows)


class NewList(Form):
    """A list to make. Matches on an `observing` list are only counted."""

    name: str = Field(min_length=1, max_length=100)
    mode: Literal["observing", "blocking"] = "observing"
    shared: StrictBool = False
    scheme: str = Field("", max_length=64)
    growth: Growth = Growth()


class ListChange(Form):
    """What to change of a list; what is left out stays as it is."""

    name: str | None = Field(None, min_length=1, max_length=100)
    mode: Literal["observing", "blocking"] | None = None
    shared: StrictBool | None = None
    owner: str | None = Field(None, min_length=1, max_length=100)
    scheme: str | None = Field(None, max_length=64)
    growth: Growth | None = None
    feeds: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(None, max_length=50)
    accept_flagged: StrictBool = False

    def wish(self) -> ListWish:
        """The same as a value; raises RefusedError."""
        return ListWish(
            name=self.name, mode=Mode(self.mode) if self.mode else None, shared=self.shared, owner=self.owner,
            scheme=self.scheme, growth=self.growth.limits() if self.growth else None,
            feeds=None if self.feeds is None else tuple(dict.fromkeys(self.feeds)),
        )  # fmt: skip


class NewSignal(Form):
    """A digest (`md5`, `sha1`, `sha256`) or a PDQ hash, in hexadecimal digits."""

    type: str = Field(max_length=20)
    value: str = Field(max_length=200)
    quality: StrictInt | None = Field(None, ge=0, le=100)
    recipe: Text64 | None = None
    facet: Text64 | None = None


class NewEntry(Form):
    """An entry to add. Without `ref` it is called by a digest of its first signal."""

    signals: list[NewSignal] = Field(min_length=1, max_length=1000)
    ref: str = ""
    scheme: Text64 = ""
    code: Text64 = ""
    opinion: Literal["positive", "investigation_seed", "negative", "disputed"] = "positive"
    source: str = Field("", max_length=200)
    tags: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=100)
    record: dict[str, Any] | None = None

    def entry(self, options: ReadOptions) -> Entry:
        """The same as a value; raises RefusedError."""
        signals = tuple(signal_of(one) for one in self.signals)
        ref = self.ref or derived_id(signals[0].signal)
        check_ref(ref)
        category = options.category(self.scheme, self.code) if self.scheme or self.code else options.membership()
        return Entry(
            id=ref, signals=signals, category=category, opinion=Opinion(self.opinion), source=self.source,
            tags=tuple(self.tags), record=self.record,
        )  # fmt: skip


class NewEntries(Form):
    """Entries to add by hand, all or none."""

    entries: list[NewEntry] = Field(min_length=1, max_length=1000)
    restore: StrictBool = False
    accept_flagged: StrictBool = False


class Decision(Form):
    """A second person's word on a change set."""

    approve: StrictBool
    reason: Reason = ""


class Reset(Form):
    """A tripped breaker to believe again, from now on up to `allowed` matches within a window."""

    subject: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=2000)
    allowed: StrictInt | None = Field(None, ge=1, le=1_000_000_000)


class GuardSignals(Form):
    """Signals of pictures known to be good, or hashes known to be noisy."""

    signals: list[NewSignal] = Field(min_length=1, max_length=10_000)

    def values(self) -> list[Signal]:
        """The same as values; raises RefusedError naming the first that is wrong."""
        return [_numbered(number, one) for number, one in enumerate(self.signals, 1)]


def signal_of(one: NewSignal) -> EntrySignal:
    """A signal as a value; raises RefusedError."""
    return EntrySignal(signal=read_signal(one.type, one.value), quality=one.quality, recipe=one.recipe, facet=one.facet)


def _numbered(number: int, one: NewSignal) -> Signal:
    try:
        return read_signal(one.type, one.value)
    except RefusedError as err:
        raise RefusedError(f"Signal {number}: {err.message}.", hint="Nothing was taken in.") from err


class ListShown(BaseModel):
    """A list. `entries` counts those that are live; `matched_7_days` the checks that matched any of them."""

    id: str
    name: str
    mode: str
    shared: bool
    owner: str
    scheme: str
    growth: Growth
    feeds: list[str]
    entries: int
    revision: int
    created_at: datetime
    matched_7_days: int


class ListPage(BaseModel):
    """Lists; `next` goes into `after` for those that follow."""

    lists: list[ListShown]
    next: str | None


class ListChanged(BaseModel):
    """A list as it is, and the change set that a second person must agree to (none when the change was made)."""

    list: ListShown
    changes: ChangesShown | None


class EntryShown(BaseModel):
    """An entry. `answers` is false for one that stays silent, and `why_silent` says why."""

    id: int
    ref: str
    scheme: str | None
    code: str | None
    opinion: str
    answers: bool
    why_silent: str | None
    source: str
    tags: list[str]
    record: dict[str, Any] | None
    added_at: datetime
    withdrawn_at: datetime | None
    signals: list[dict[str, Any]]


class EntryPage(BaseModel):
    """Entries; `next` goes into `after` for those that follow."""

    entries: list[EntryShown]
    next: int | None


class RefusedLine(BaseModel):
    """A line that was not taken in, and why."""

    line: int
    reason: str


class RowShown(BaseModel):
    """What a change set does to one entry: what it says now (`was`) and what it shall say. A `flag` names the canary or
    noisy hash that speaks against it."""

    no: int
    ref: str
    step: str
    what: str
    was: dict[str, Any] | None
    scheme: str | None
    code: str | None
    opinion: str | None
    signals: list[dict[str, Any]] | None
    flag: str


class ChangesShown(BaseModel):
    """A change set. `counts` tell what it would do, `outcomes` what of it was done; `why` a second person is asked."""

    id: str
    list_id: str
    kind: str
    state: str
    source: str
    feed: bool
    asked_by: str
    why: str
    approval_id: str | None
    target: dict[str, Any]
    counts: dict[str, int]
    outcomes: dict[str, int]
    first_refused: list[RefusedLine]
    created_at: datetime
    settled_at: datetime | None


class ChangesPage(BaseModel):
    """Change sets, newest first; `next` goes into `after` for those that came before."""

    changes: list[ChangesShown]
    next: str | None


class ChangesWithRows(BaseModel):
    """A change set with some of its rows; `next` goes into `first` for those that follow."""

    changes: ChangesShown
    rows: list[RowShown]
    next: int | None


class BreakerShown(BaseModel):
    """A breaker: `count` matches in a window were over the `usual`."""

    subject: str
    open: bool
    tripped_at: datetime
    count: int
    usual: int
    allowed: int | None
    reset_at: datetime | None
    reset_by: str | None


class Breakers(BaseModel):
    """Breakers, newest first."""

    breakers: list[BreakerShown]


class Guards(BaseModel):
    """How many signals the operator's own guards have."""

    canary: int
    noisy: int


def shown_list(one: LiveList, hits: int) -> ListShown:
    """A list as it is told."""
    growth = Growth(percent=one.growth.percent, rows=one.growth.rows)
    return ListShown(
        id=one.id, name=one.name, mode=one.mode.value, shared=one.shared, owner=one.owner, scheme=one.scheme,
        growth=growth, feeds=list(one.feeds), entries=one.live, revision=one.revision, created_at=one.created,
        matched_7_days=hits,
    )  # fmt: skip


def shown_entry(one: LiveEntry, signals: Sequence[tuple[Signal, Mapping[str, Any]]]) -> EntryShown:
    """An entry as it is told to a curator."""
    silent = "withdrawn" if one.withdrawn else one.disposition.label if one.disposition.silent else None
    return EntryShown(
        id=one.id, ref=one.ref, scheme=one.category.scheme if one.category else None,
        code=one.category.code if one.category else None, opinion=one.opinion.value, answers=silent is None,
        why_silent=silent, source=one.source, tags=list(one.tags), record=dict(one.record) if one.record else None,
        added_at=one.added, withdrawn_at=one.withdrawn,
        signals=[{"type": signal.kind.value, "value": signal.hex(), **told} for signal, told in signals],
    )  # fmt: skip


def shown_changes(one: ChangeSet, *, refused: bool) -> ChangesShown:
    """A change set as it is told; `refused` lines only to those who may change lists."""
    lines = [RefusedLine(line=line, reason=reason) for line, reason in one.refused] if refused else []
    target = {name: value for name, value in one.target.items() if name not in ("content", "flagged")}
    return ChangesShown(
        id=one.id, list_id=one.list_id, kind=one.kind, state=one.state.value, source=one.origin, feed=one.feed,
        asked_by=one.asked_as, why=one.why, approval_id=one.approval_id, target=target, counts=dict(one.counts),
        outcomes=dict(one.outcomes), first_refused=lines, created_at=one.created, settled_at=one.settled,
    )  # fmt: skip


def shown_row(row: Row, said: Mapping[str, Any] | None, *, signals: bool) -> RowShown:
    """A row of a change set as it is told; `said` is the entry's staged content, its `signals` are for curators."""
    category = (said or {}).get("c") or (None, None)
    told = None
    if said is not None and signals:
        told = [
            {name: value for name, value in zip(_SIGNAL, one, strict=True) if value is not None} for one in said["s"]
        ]
    return RowShown(
        no=row.no, ref=row.ref, step=row.step.value, what=row.what, was=dict(row.was) if row.was else None,
        scheme=category[0], code=category[1], opinion=said["o"] if said else None, signals=told, flag=row.flag,
    )  # fmt: skip


_SIGNAL = ("type", "value", "recipe", "quality", "facet")


def shown_breaker(one: Trip) -> BreakerShown:
    """A breaker as it is told."""
    return BreakerShown.model_validate(one.document())


ListChanged.model_rebuild()
STEPS = tuple(step.value for step in Step)
