"""Asking for our own mark to be looked for in the sealed bytes of an item whose case was opened."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from rempart.store.jobs import enqueue

MARK = "mark"
"""The kind of job: {"item": n}."""


def look_for(conn: Connection, item: int, *, at: datetime) -> None:
    """Have the mark of an item read soon, in the caller's transaction; nothing of a case waits for it."""
    enqueue(conn, MARK, {"item": item}, now=at, key=f"mark:{item}")
