"""What is known of a case's items, read at once: others wait while it is frozen."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from rempart.cases.records.cases import case_items
from rempart.items.records.items import Item, item_of, items


def items_of_case(conn: Connection, case_id: str, *, most: int) -> tuple[Item, ...]:
    """A case's items that were not erased, the first one first."""
    query = select(items).join(case_items, case_items.c.item == items.c.id).where(case_items.c.case_id == case_id)
    return tuple(
        item_of(row) for row in conn.execute(query.order_by(case_items.c.added, case_items.c.item).limit(most))
    )


def count_of_case(conn: Connection, case_id: str) -> int:
    """How many items a case has, erased ones too."""
    query = select(func.count()).select_from(case_items).where(case_items.c.case_id == case_id)
    return int(conn.execute(query).scalar_one())
