"""Rempart's own lists: entries enter and leave at once, with nobody's approval; no curator sees or changes them.

What stands on them are investigation seeds, which never block (`policy.rules`): that is why nobody has to agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from rempart.evidence.ledger import Leaf, append
from rempart.lists import records
from rempart.lists.entry import Category, Entry, EntrySignal, Opinion
from rempart.lists.own import is_own
from rempart.lists.records import Mode, lists
from rempart.lists.schemes import built_in
from rempart.people.principal import SYSTEM
from rempart.store.counters import next_number
from rempart.store.ids import new_id
from rempart.store.jobs import enqueue
from rempart.store.upsert import insert_or_ignore

_LISTED = Category(scheme="listed", code="listed")
_LOOKBACK = "lookback"


def plant(conn: Connection, name: str, signals: Sequence[EntrySignal], *, at: datetime) -> int:
    """Put one seed on an own list; gives the entry's number. Whatever is hosted already is looked through at once.

    It takes a number of the lists, for which others wait: call it last in the transaction.
    """
    number = _number(conn, name, at=at)
    entry = Entry(id=new_id("seed"), signals=tuple(signals), category=_LISTED, opinion=Opinion.SEED)
    change = next_number(conn, records.COUNTER)
    (made,) = records.insert_entries(
        conn, [entry], list_number=number, schemes=built_in(), number=change, at=at
    )  # fmt: skip
    enqueue(conn, _LOOKBACK, {"after": change - 1, "upto": change}, now=at)
    return made


def pull(conn: Connection, entries: Sequence[int], *, at: datetime) -> int:
    """Take seeds off again: no lookup finds them any more, and what was held for them alone is let go. How many went.

    Their signals are forgotten: the cases that they led to say which items they were about. As with `plant`, call it
    last in the transaction.
    """
    if not entries:
        return 0
    change = next_number(conn, records.COUNTER)
    gone = records.withdraw_entries(conn, entries, number=change, at=at)
    if gone:
        records.forget_signals(conn, entries)
        enqueue(conn, _LOOKBACK, {"after": change - 1, "upto": change}, now=at)
    return gone


def _number(conn: Connection, name: str, *, at: datetime) -> int:
    """The number of an own list, which is made at its first seed."""
    if not is_own(name):
        raise ValueError(f"{name!r} is no list of our own")
    query = select(lists.c.number).where(lists.c.name == name, lists.c.system, lists.c.ended.is_(None))
    number = conn.execute(query).scalar_one_or_none()
    if number is not None:
        return int(number)
    row = {
        "id": new_id("list"), "name": name, "mode": Mode.BLOCKING.value, "shared": False, "owner": "", "facts": {},
        "created": at, "ended": None, "system": True,
    }  # fmt: skip
    if conn.execute(insert_or_ignore(conn, lists), row).rowcount == 1:
        facts = {"list": row["id"], "mode": row["mode"], "shared": False, "own": True}
        append(
            conn, Leaf(action="list.created", actor=SYSTEM.pseudonym, facts=facts, subject=f"list:{row['id']}"), at=at
        )
    return int(conn.execute(query).scalar_one())
