"""Forgetting an item whose service hosts it no more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.erasure import forget_item
from rempart.cases.records import judged
from rempart.errors import NotFoundError
from rempart.evidence.ledger import Leaf, append
from rempart.intake.notices import removals
from rempart.items.records import items, replays, signals
from rempart.people.principal import Principal
from rempart.store.counters import next_number
from rempart.store.engine import Store


def erase_item(store: Store, service: str, name: str, *, by: Principal, at: datetime) -> None:
    """Take an item out of look-back at once and forget it: row, checks, answers, signals, and the ledger's salts.

    While a case about it is open, or a report or second look waits, what people need stays until that is over; evidence
    in the vault follows its own reasons. Raises NotFoundError for an item that is not there.
    """
    with store.write() as conn:
        number = next_number(conn, items.COUNTER)
        item = items.find(conn, service, name, lock=True)
        if item is None:
            raise NotFoundError("There is no such item.", hint="It was never checked by this service, or deleted.")
        waits = bool(judged.needed(conn, [item.id]))
        facts = {"item": item.id, "case_open": waits}
        append(conn, Leaf(action="item.deleted", actor=by.pseudonym, facts=facts, subject=f"item:{item.id}"), at=at)
        removals.gone(conn, item.id, by=by, at=at)
        _forget(conn, item.id, number=number, waits=waits, at=at)


def erase_again(conn: Connection, item: int, *, at: datetime) -> bool:
    """After a restore: an item that was deleted later is deleted again; False when it is not there.

    Nothing is written to the ledger: it has that step already.
    """
    number = next_number(conn, items.COUNTER)
    if items.hosted(conn, item) is None:
        return False
    _forget(conn, item, number=number, waits=bool(judged.needed(conn, [item])), at=at)
    return True


def _forget(conn: Connection, item: int, *, number: int, waits: bool, at: datetime) -> None:
    signals.remove(conn, [item], number=number)
    if waits:
        replays.erase(conn, item)
        items.change(conn, item, gone=at)
        return
    forget_item(conn, item)
