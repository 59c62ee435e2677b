"""Forgetting an item whose service hosts it no more."""

from __future__ import annotations

from datetime import datetime

from rempart.cases.records import cases, decisions
from rempart.errors import NotFoundError
from rempart.evidence.ledger import Leaf, append, erase
from rempart.items.records import checks, items, replays, signals
from rempart.people.principal import Principal
from rempart.store.counters import next_number
from rempart.store.engine import Store


def erase_item(store: Store, service: str, name: str, *, by: Principal, at: datetime) -> None:
    """Take an item out of look-back at once and forget it: row, checks, answers, signals, and the ledger's salts.

    While a case about it is open, what people need to decide and report stays until the case is over; evidence in the
    vault follows its own reasons. Raises NotFoundError for an item that is not there.
    """
    with store.write() as conn:
        number = next_number(conn, items.COUNTER)
        item = items.find(conn, service, name, lock=True)
        if item is None:
            raise NotFoundError("There is no such item.", hint="It was never checked by this service, or deleted.")
        signals.remove(conn, [item.id], number=number)
        replays.erase(conn, item.id)
        subject = f"item:{item.id}"
        waits = bool(cases.open_with(conn, [item.id]))
        append(
            conn, Leaf(action="item.deleted", actor=by.pseudonym, facts={"case_open": waits}, subject=subject), at=at
        )
        if waits:
            items.change(conn, item.id, gone=at)
            return
        checks.erase(conn, item.id)
        items.erase(conn, item.id)
        decisions.erase_item(conn, item.id)
        erase(conn, subject=subject)
