"""Numbers that are given out in the order of commits.

A reader that remembers the last number it saw misses nothing: whoever takes a number keeps the counter's row until its
transaction ends, so a smaller number is never committed after a larger one. That makes takers wait for each other; the
number is therefore taken late in a short transaction.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, String, Table, bindparam, select, update

from rempart.store.prepared import Prepared
from rempart.store.schema import metadata

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
NAMES = ("decisions", "items", "keys", "lists", "policy", "protected", "reasons")

_NEXT = Prepared(
    update(counters)
    .where(counters.c.name == bindparam("counter"))
    .values(value=counters.c.value + bindparam("step"))
    .returning(counters.c.value)
)
_SELECT = select(counters.c.value).where(counters.c.name == bindparam("counter"))
_CURRENT, _LOCKED = Prepared(_SELECT), Prepared(_SELECT.with_for_update())


def next_number(conn: Connection, name: str, *, step: int = 1) -> int:
    """The next number of a counter (the last of `step` numbers), and the row's lock until the transaction ends.

    KeyError for a name that no migration made.
    """
    rows = _NEXT.rows(conn, {"counter": name, "step": step})
    if not rows:
        raise KeyError(name)
    return int(rows[0][0])


def current_number(conn: Connection, name: str) -> int:
    """The last number that was committed (or taken by this very transaction)."""
    return int(_CURRENT.rows(conn, {"counter": name})[0][0])


def locked_number(conn: Connection, name: str) -> int:
    """As `current_number`, and no one takes the next before this transaction ends: all before it are committed."""
    return int(_LOCKED.rows(conn, {"counter": name})[0][0])
