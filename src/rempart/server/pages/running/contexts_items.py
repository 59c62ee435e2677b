"""What the pages of items show. No picture, and no signal of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from rempart.cases.records.decisions import DecisionRow
from rempart.items.records.checks import Check
from rempart.items.records.items import Item
from rempart.server.pages.contexts import Context
from rempart.server.pages.running.asking import Typed
from rempart.server.pages.running.contexts_lists import STYLES
from rempart.server.searching import Hosted


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """An item in a table, and the open case that the asker may see it in."""

    item: Item
    outcome: str
    case: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsPage(Context):
    """Items that were looked for. `next` is the address of the following page."""

    template: ClassVar[str] = "running/items"
    styles: ClassVar[tuple[str, ...]] = STYLES
    rows: tuple[ItemLine, ...]
    sought: Typed
    anything: bool
    next: str
    stretched: bool
    verdicts: tuple[str, ...]
    outcomes: tuple[str, ...]
    may_delete: bool
    may_search: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPage(Context):
    """Items that somebody is about to delete."""

    template: ClassVar[str] = "running/items_delete"
    styles: ClassVar[tuple[str, ...]] = STYLES
    rows: tuple[ItemLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a service was told, and what became of each message: its webhook's address and state."""

    decision: DecisionRow
    messages: tuple[tuple[str, str, datetime | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A case that an item is in."""

    id: str
    state: str
    opened: datetime
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage(Context):
    """One item: facts, checks, what was decided and told, its cases. `matches` are those of the last check."""

    template: ClassVar[str] = "running/item"
    styles: ClassVar[tuple[str, ...]] = STYLES
    item: Item
    context: tuple[tuple[str, str], ...]
    kept: bool
    signals: tuple[tuple[str, int], ...]
    checks: tuple[Check, ...]
    matches: tuple[Mapping[str, Any], ...]
    told: tuple[Told, ...]
    cases: tuple[CaseLine, ...]
    uploader_items: str
    may_delete: bool
    may_see_lists: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage(Context):
    """Hosted items that a signal or file leads to. `hits` is None before anything was asked."""

    template: ClassVar[str] = "running/search"
    styles: ClassVar[tuple[str, ...]] = STYLES
    hits: tuple[Hosted, ...] | None = None
    cut: bool = False
    kinds: tuple[str, ...] = ()
    typed: Typed = field(default_factory=Typed)
