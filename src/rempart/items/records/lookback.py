"""What look-back reads of items, and what it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from rempart.items.records.checks import checks
from rempart.items.records.items import items
from rempart.items.records.signals import item_signals
from rempart.policy.facts import Verdict

_AT_ONCE = 500


def live_signals(conn: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Those of some signals that are still kept, by id: item, kind, value, probe."""
    columns = item_signals.c.id, item_signals.c.item, item_signals.c.kind, item_signals.c.value, item_signals.c.probe
    found: dict[int, Row[Any]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = item_signals.c.id.in_(ids[start : start + _AT_ONCE])
        found |= {row.id: row for row in conn.execute(select(*columns).where(some, item_signals.c.removed.is_(None)))}
    return found


def lock(conn: Connection, ids: Sequence[int]) -> None:
    """Keep some items as they are until the transaction ends."""
    query = select(items.c.id).where(items.c.id.in_(ids)).order_by(items.c.id).with_for_update()
    conn.execute(query).all()


def set_verdict(conn: Connection, item: int, verdict: Verdict) -> None:
    """A verdict that follows from the lists; what people decided before stands no longer."""
    conn.execute(update(items).where(items.c.id == item).values(verdict=verdict.value, decided=None))


def note_facts(conn: Connection, request: str, facts: Mapping[str, Any] | None, *, case_id: str | None) -> None:
    """What the rules look at in an item's last check, as it is now."""
    values: dict[str, Any] = {"facts": facts} | ({} if case_id is None else {"case_id": case_id})
    conn.execute(update(checks).where(checks.c.request == request).values(values))


def names(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Service and its own id of those items that are hosted."""
    found: dict[int, tuple[str, str]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = items.c.id.in_(ids[start : start + _AT_ONCE])
        query = select(items.c.id, items.c.service, items.c.item_id).where(some, items.c.gone.is_(None))
        found |= {row.id: (row.service, row.item_id) for row in conn.execute(query)}
    return found
