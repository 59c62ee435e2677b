"""Questions to the table of approvals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from rempart.people.records.tables import approvals


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Something that one asked and another seconds; `single`: the same person confirmed it again later."""

    id: str
    kind: str
    subject: str
    digest: bytes
    facts: Mapping[str, Any]
    asked_by: str
    asked_behind: str | None
    asked_session: str | None
    asked_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    single: bool


def add(conn: Connection, approval: Mapping[str, object]) -> None:
    """Write a new one."""
    conn.execute(insert(approvals).values(**approval, state="pending", single=False))


def find(conn: Connection, approval_id: str, *, lock: bool = False) -> Approval | None:
    """One by its id; `lock` holds the row until commit."""
    asked = select(approvals).where(approvals.c.id == approval_id)
    row = conn.execute(asked.with_for_update() if lock else asked).mappings().one_or_none()
    return Approval(**row) if row else None


def settle(conn: Connection, approval_id: str, **values: object) -> bool:
    """Write the decision; False when another was faster."""
    still_open = (approvals.c.id == approval_id) & (approvals.c.state == "pending")
    return conn.execute(update(approvals).where(still_open).values(**values)).rowcount == 1


def pending(conn: Connection, *, kinds: tuple[str, ...] | None = None, limit: int = 200) -> tuple[Approval, ...]:
    """What waits, oldest first."""
    asked = select(approvals).where(approvals.c.state == "pending")
    if kinds is not None:
        asked = asked.where(approvals.c.kind.in_(kinds))
    rows = conn.execute(asked.order_by(approvals.c.asked_at, approvals.c.id).limit(limit)).mappings()
    return tuple(Approval(**row) for row in rows)


def open_about(conn: Connection, *, kind: str, subject: str) -> tuple[Approval, ...]:
    """What waits about one subject."""
    asked = select(approvals).where(
        approvals.c.state == "pending", approvals.c.kind == kind, approvals.c.subject == subject
    )
    return tuple(Approval(**row) for row in conn.execute(asked).mappings())
