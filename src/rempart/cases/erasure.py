"""Forgetting what is known of an item, once neither its service nor a case needs it."""

from __future__ import annotations

from sqlalchemy import Connection

from rempart.cases.records import decisions
from rempart.evidence.ledger import erase
from rempart.items.records import checks, items, marks, replays


def forget_item(conn: Connection, item: int) -> None:
    """Erase an item's row, its checks and answers, how its service called it, and the ledger's salts of it.

    Its signals went when its service deleted it; evidence in the vault follows its own reasons. What a case holds of
    it is its internal number, which leads nowhere from then on.
    """
    replays.erase(conn, item)
    checks.erase(conn, item)
    items.erase(conn, item)
    marks.erase(conn, item)  # last: a job that reads the mark holds the item until it is written
    decisions.erase_item(conn, item)
    erase(conn, subject=f"item:{item}")
