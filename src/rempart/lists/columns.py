"""Rows with named columns as entries: our own canonical columns, and other people's names for the same things."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from rempart.errors import RefusedError
from rempart.lists.entry import Category, Entry, EntrySignal, Opinion, derived_id
from rempart.lists.report import Reading, Refusal
from rempart.lists.vocabulary import (
    ReadOptions,
    guess_signal,
    read_code,
    read_flag,
    read_moment,
    read_quality,
    read_signal,
)
from rempart.signals.values import SignalKind

CANONICAL = (
    "hash_type",
    "hash_value",
    "quality",
    "scheme",
    "code",
    "media_type",
    "source_id",
    "tags",
    "updated_at",
    "deleted",
)
TAG_SEPARATOR = "|"
_ROLES: Mapping[str, tuple[str, ...]] = {
    "type": ("hashtype", "type", "algorithm", "algo", "signaltype", "hashalgorithm"),
    "value": ("hashvalue", "hash", "value", "digest", "fingerprint", "signal", "indicator"),
    "quality": ("quality", "pdqquality"),
    "scheme": ("scheme", "categoryscheme"),
    "code": ("code", "category", "classification", "categorycode"),
    "id": ("sourceid", "entryid", "entry", "id", "imageid", "recordid"),
    "tags": ("tags",),
    "updated": ("updatedat", "updated", "dateupdated", "lastupdated", "timestamp", "addedat"),
    "deleted": ("deleted", "withdrawn", "isdeleted", "removed"),
    "withdrawn_at": ("withdrawnat",),
    "opinion": ("opinion",),
    "recipe": ("recipe",),
    "facet": ("facet",),
    "source": ("source",),
    "record": ("record",),
    "media_type": ("mediatype",),
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names}
_NOISE = re.compile(r"[^a-z0-9]+")
_KIND = re.compile(r"(?:file|image|photo|video|hash)?(md5|sha1|sha256|pdq)(?:hash|hex|digest|sum|value)?")
_ICSE = {"md5", "photodna", "imageid", "baseline"}
_NSRL = {"sha1", "md5", "crc32", "filename"}


def plain_name(header: str) -> str:
    """A column's name without case, blanks and punctuation: `SHA-1` and `sha_1` are `sha1`."""
    return _NOISE.sub("", header.casefold())


class Columns:
    """What each column of a table stands for, found from the header once and applied to every row."""

    def __init__(self, header: Sequence[str]) -> None:
        self.header = tuple(header)
        self._signals: list[tuple[int, str]] = []
        self._roles: dict[str, int] = {}
        self._extra: list[tuple[int, str]] = []
        names = [plain_name(name) for name in header]
        for at, name in enumerate(names):
            kind = _KIND.fullmatch(name)
            role = _ROLE_OF.get(name)
            if kind:
                self._signals.append((at, kind[1]))
            elif role and role not in self._roles:
                self._roles[role] = at
            elif name:
                self._extra.append((at, header[at].strip()))
        self.is_icse = set(names) >= _ICSE
        self.is_nsrl = set(names) >= _NSRL
        self._baseline = names.index("baseline") if self.is_icse else None
        if "value" not in self._roles:
            at_type = self._roles.pop("type", None)
            if at_type is not None:
                self._extra.append((at_type, header[at_type].strip()))

    @property
    def has_signals(self) -> bool:
        """True when at least one column holds hashes."""
        return bool(self._signals) or "value" in self._roles

    @property
    def code_without_scheme(self) -> bool:
        """True when codes stand there with nothing to say which scheme they belong to."""
        return "code" in self._roles and "scheme" not in self._roles

    @property
    def has_categories(self) -> bool:
        """True when the rows say themselves, or the kind of table says, what each entry is."""
        return bool(self._roles.keys() & {"code", "scheme"}) or self.is_icse or self.is_nsrl

    @property
    def unused(self) -> tuple[str, ...]:
        """The columns that decide nothing, as the header names them, where a category or withdrawal may hide in one."""
        told = self.is_icse or self.is_nsrl or {"code", "deleted"} <= self._roles.keys()
        return () if told else tuple(name for _, name in self._extra)

    def read(self, row: Sequence[object], line: int, options: ReadOptions) -> tuple[Reading | None, list[Refusal]]:
        """One row as an entry (None when it is refused) and what was refused or left out of it."""
        problems: list[str] = []
        try:
            signals = self._read_signals(row, problems)
            withdrawn = self._withdrawn(row, options)
            if not signals and not (withdrawn and self._text(row, "id")):
                raise RefusedError(problems[0] if problems else "there is no hash in it")
            entry = Entry(
                id=self._text(row, "id") or derived_id(signals[0].signal),
                signals=tuple(signals),
                category=self._category(row, options),
                opinion=self._opinion(row),
                source=self._text(row, "source") if self._has("source") else options.source,
                tags=self._tags(row),
                added=self._added(row, withdrawn, problems),
                withdrawn=withdrawn,
                record=self._record(row),
            )
        except RefusedError as err:
            return None, [Refusal(line=line, reason=err.message)]
        left_out = [Refusal(line=line, reason=reason, whole=False) for reason in problems]
        return Reading(entry=entry, line=line), left_out

    def _has(self, role: str) -> bool:
        return role in self._roles

    def _cell(self, row: Sequence[object], role: str) -> object:
        at = self._roles.get(role)
        return row[at] if at is not None and at < len(row) else None

    def _text(self, row: Sequence[object], role: str) -> str:
        at = self._roles.get(role)
        if at is None or at >= len(row):
            return ""
        value = row[at]
        return "" if value is None else str(value).strip()

    def _read_signals(self, row: Sequence[object], problems: list[str]) -> list[EntrySignal]:
        found: list[EntrySignal] = []
        cells = [(kind, row[at]) for at, kind in self._signals if at < len(row)]
        if "value" in self._roles:
            cells.append((self._text(row, "type"), self._cell(row, "value")))
        for kind, value in cells:
            text = "" if value is None else str(value).strip()
            if not text:
                continue
            try:
                signal = read_signal(kind, text) if kind else guess_signal(text)
            except RefusedError as err:
                problems.append(err.message)
                continue
            is_pdq = signal.kind is SignalKind.PDQ
            found.append(
                EntrySignal(
                    signal=signal,
                    quality=self._quality(row, problems) if is_pdq else None,
                    recipe=(self._text(row, "recipe") or None) if is_pdq else None,
                    facet=(self._text(row, "facet") or None) if is_pdq else None,
                )
            )
        return found

    def _quality(self, row: Sequence[object], problems: list[str]) -> int | None:
        try:
            return read_quality(self._cell(row, "quality"))
        except RefusedError as err:
            problems.append(err.message)
            return None

    def _moment(self, row: Sequence[object], role: str, problems: list[str]) -> datetime | None:
        try:
            return read_moment(self._cell(row, role))
        except RefusedError as err:
            problems.append(err.message)
            return None

    def _added(self, row: Sequence[object], withdrawn: datetime | None, problems: list[str]) -> datetime | None:
        """When the entry was added; in a withdrawn row the time is that of the withdrawal, unless both are told."""
        if "updated" not in self._roles:
            return None
        told = withdrawn is None or self._has("withdrawn_at")
        return self._moment(row, "updated", problems) if told else None

    def _withdrawn(self, row: Sequence[object], options: ReadOptions) -> datetime | None:
        if "deleted" not in self._roles or not read_flag(self._cell(row, "deleted")):
            return None
        ignored: list[str] = []
        moment = self._moment(row, "withdrawn_at", ignored)
        return moment or self._moment(row, "updated", ignored) or options.now

    def _category(self, row: Sequence[object], options: ReadOptions) -> Category | None:
        if self._baseline is not None and options.scheme is None:
            flag = read_flag(row[self._baseline] if self._baseline < len(row) else None)
            return options.category("interpol-baseline", "" if flag is None else "yes" if flag else "no")
        if self.is_nsrl and options.scheme is None:
            return options.category("known-good", "")
        if "code" not in self._roles and "scheme" not in self._roles:
            return options.membership()
        return options.category(self._text(row, "scheme"), read_code(self._cell(row, "code")))

    def _opinion(self, row: Sequence[object]) -> Opinion:
        if "opinion" not in self._roles:
            return Opinion.POSITIVE
        text = self._text(row, "opinion").casefold()
        try:
            return Opinion(text) if text else Opinion.POSITIVE
        except ValueError as err:
            raise RefusedError(f"{text[:30]!r} is no opinion; known: " + ", ".join(Opinion)) from err

    def _tags(self, row: Sequence[object]) -> tuple[str, ...]:
        if "tags" not in self._roles:
            return ()
        value = self._cell(row, "tags")
        parts = value if isinstance(value, list) else str(value or "").split(TAG_SEPARATOR)
        return tuple(tag for tag in (str(part).strip() for part in parts) if tag)

    def _record(self, row: Sequence[object]) -> Mapping[str, object] | None:
        if self.is_nsrl:
            # Its rows number tens of millions, and its other columns say nothing about content.
            return None
        kept = self._cell(row, "record")
        record: dict[str, object] = dict(kept) if isinstance(kept, dict) else {}
        if self._text(row, "media_type"):
            record.setdefault("media_type", self._text(row, "media_type"))
        for at, name in self._extra:
            if at < len(row) and row[at] not in ("", None):
                record[name] = row[at]
        return record or None


def join_rows(rows: Iterable[Reading | Refusal]) -> Iterator[Reading | Refusal]:
    """Join neighbouring rows that are signals of one entry: same id, category, opinion and withdrawal.

    A later row may leave source, tags, time and record empty; where it says something else, it stays an entry of
    its own under the same id.
    """
    held: list[Reading] = []
    for row in rows:
        if isinstance(row, Refusal):
            yield row
        elif held and _joins(held[0].entry, row.entry):
            held.append(row)
        else:
            yield from _release(held)
            held = [row]
    yield from _release(held)


def _joins(first: Entry, later: Entry) -> bool:
    return (
        first.id == later.id
        and first.category == later.category
        and first.opinion is later.opinion
        and first.withdrawn == later.withdrawn
        and later.source in ("", first.source)
        and later.tags in ((), first.tags)
        and later.added in (None, first.added)
        and later.record in (None, first.record)
    )


def _release(held: Sequence[Reading]) -> Iterator[Reading]:
    if len(held) > 1:
        signals = tuple(dict.fromkeys(signal for reading in held for signal in reading.entry.signals))
        entry = replace(held[0].entry, signals=signals)
        yield Reading(entry=entry, line=held[0].line, rows=len(held))
    else:
        yield from held
