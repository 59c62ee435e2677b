"""Numbers that are given out in the order of commits.

A reader that remembers the last number it saw misses nothing: whoever takes a number keeps the counter's row until its
transaction ends, so a smaller number is never committed after a larger one. That makes takers wait for each other; the
number is therefore taken late in a short transaction.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, String, Table, bindparam, select, update

from rempart.store.schema import metadata

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
NAMES = ("decisions", "items", "keys", "lists", "policy")

_NEXT = (
    update(counters)
    .where(counters.c.name == bindparam("counter"))
    .values(value=counters.c.value + bindparam("step"))
    .returning(counters.c.value)
)
_CURRENT = select(counters.c.value).where(counters.c.name == bindparam("counter"))
_LOCKED = _CURRENT.with_for_update()


def next_number(conn: Connection, name: str, *, step: int = 1) -> int:
    """The next number of a counter (the last of `step` numbers), and the row's lock until the transaction ends.

    KeyError for a name that no migration made.
    """
    value = conn.execute(_NEXT, {"counter": name, "step": step}).scalar_one_or_none()
    if value is None:
        raise KeyError(name)
    return int(value)


def current_number(conn: Connection, name: str) -> int:
    """The last number that was committed (or taken by this very transaction)."""
    return int(conn.execute(_CURRENT, {"counter": name}).scalar_one())


def locked_number(conn: Connection, name: str) -> int:
    """As `current_number`, and no one takes the next before this transaction ends: all before it are committed."""
    return int(conn.execute(_LOCKED, {"counter": name}).scalar_one())
