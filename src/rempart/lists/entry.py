"""An entry of a hash list: its signals, its category, and what the list's owner says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from hashlib import blake2b

from rempart.errors import RefusedError
from rempart.signals.values import Signal


class Opinion(StrEnum):
    """What a list's owner says of an entry."""

    POSITIVE = "positive"
    SEED = "investigation_seed"
    NEGATIVE = "negative"
    DISPUTED = "disputed"


class Disposition(IntEnum):
    """What a lookup does with an entry: report it, call it known good, or stay silent, and why.

    The numbers stand in list files; they are never given another meaning.
    """

    MATCH = 0
    KNOWN_GOOD = 1
    EXEMPLAR = 2
    UNCATEGORISED = 3
    NEGATIVE = 4
    WITHDRAWN = 5

    @property
    def silent(self) -> bool:
        """True when the entry answers no lookup at all."""
        return self >= Disposition.EXEMPLAR

    @property
    def label(self) -> str:
        """The word used in reports: `match`, `benign`, `exemplar`, `uncategorised`, `negative`, `withdrawn`."""
        return "benign" if self is Disposition.KNOWN_GOOD else self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A code together with the scheme that gives it its meaning; a bare number means nothing."""

    scheme: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySignal:
    """One signal of an entry and what is known of its making.

    `recipe` names the way from bytes to pixels (None: unknown), `quality` is PDQ's 0 to 100 (None: unknown),
    `facet` names the crop or tilt it was made from (None: the picture itself).
    """

    signal: Signal
    recipe: str | None = None
    quality: int | None = None
    facet: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A set of signals with one category and one opinion.

    `record` is the partner's own record, kept as it came. Times are aware; naive ones are refused with ValueError.
    """

    id: str
    signals: tuple[EntrySignal, ...]
    category: Category | None
    opinion: Opinion = Opinion.POSITIVE
    source: str = ""
    tags: tuple[str, ...] = ()
    added: datetime | None = None
    withdrawn: datetime | None = None
    record: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        for moment in (self.added, self.withdrawn):
            if moment is not None and moment.tzinfo is None:
                raise ValueError("an entry's times need a zone")
        if not self.id or len(self.id) > 512:
            raise RefusedError("An entry's id has 1 to 512 characters.")


def derived_id(signal: Signal) -> str:
    """A stable entry id for formats that carry none: the same signal gets the same id in every import.

    It is a digest of the signal, so that an id in a log or a result does not itself give a list's hash away.
    """
    mark = blake2b(signal, digest_size=12, person=b"rempart-entry").hexdigest()
    return f"{signal.kind.value}-{mark}"
