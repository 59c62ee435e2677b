"""What a check found out, as far as rules may ask for it, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from rempart.signals.outcome import Outcome

COULD_NOT = frozenset({Outcome.UNREADABLE, Outcome.TOO_LARGE, Outcome.TIMED_OUT})
"""Outcomes that are no answer at all: never allowed unless a rule names them, or `on_failure` says so."""

OBSERVING = "observing"
SEED = "investigation_seed"
"""The opinion of a lead to look into. It opens a case and never blocks; it holds only by a rule that names it."""


class Verdict(StrEnum):
    """What the service is told to do with an item."""

    ALLOW = "allow"
    HOLD = "hold"
    BLOCK = "block"


class Keep(StrEnum):
    """How long the sealed bytes of an item are kept."""

    NOTHING = "nothing"
    WHILE_CASE_OPEN = "while_case_open"
    DAYS = "days"


class FoundMatch(Protocol):
    """What rules ask of a match; `lists.lookup.ListMatch` is one."""

    @property
    def list(self) -> str: ...
    @property
    def mode(self) -> str | None: ...
    @property
    def signal_kind(self) -> str: ...
    @property
    def distance(self) -> int: ...
    @property
    def probe(self) -> str: ...
    @property
    def scheme(self) -> str | None: ...
    @property
    def code(self) -> str | None: ...
    @property
    def opinion(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One check. `outcome` is None where the service sent signals alone; `published` None where it did not say."""

    service: str
    outcome: Outcome | None
    published: bool | None = None
    context: Mapping[str, object] = field(default_factory=dict)
    matches: Sequence[FoundMatch] = ()
    known_good: Sequence[FoundMatch] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What follows: `rule` is the name of the rule that decided, or `otherwise`, or `on_failure`.

    `case` says whether a case opens, in `queue`, for so many `assessors`. `keep_days` is set with Keep.DAYS only.
    """

    verdict: Verdict
    rule: str
    case: bool = False
    queue: str = "review"
    assessors: int = 1
    keep: Keep = Keep.NOTHING
    keep_days: int | None = None
