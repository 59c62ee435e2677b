"""Entries that look-back did not act on, because they lead to very many items: shown to people, and decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.lookback import LOOKBACK, STOPS
from rempart.errors import ConflictError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.ledger.lookup import about
from rempart.items.records.items import COUNTER
from rempart.people.principal import Principal
from rempart.store.counters import locked_number
from rempart.store.jobs import enqueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An entry that leads to more items than are acted on unasked: how many, and since when nobody has decided."""

    entry: int
    items: int
    most: int
    at: datetime


def waiting(conn: Connection) -> tuple[Stop, ...]:
    """The entries about which nobody has decided since they were last stopped, the youngest first."""
    found: dict[int, Stop] = {}
    decided: set[int] = set()
    for leaf in about(conn, STOPS):
        entry = int(leaf.facts["entry"])
        if entry in decided or entry in found:
            continue
        if leaf.action == "lookback.stopped":
            found[entry] = Stop(entry=entry, items=leaf.facts["items"], most=leaf.facts["most"], at=leaf.at)
        else:
            decided.add(entry)
    return tuple(found.values())


def decide(conn: Connection, entry: int, *, act: bool, reason: str, by: Principal, at: datetime) -> None:
    """Believe a stopped entry, so that look-back acts on all its items, or leave it; `reason` is kept sealed.

    Raises ConflictError when nobody has to decide about it (any more).
    """
    locked_number(conn, COUNTER)  # of two who decide at the same time, the second sees what the first did
    stop = next((one for one in waiting(conn) if one.entry == entry), None)
    if stop is None:
        raise ConflictError("Nothing has to be decided about this entry.", hint="Look at the list again.")
    action = "lookback.believed" if act else "lookback.left"
    facts = {"entry": entry, "items": stop.items}
    sealed = {"reason": reason} if reason else {}
    append(conn, Leaf(action=action, actor=by.pseudonym, facts=facts, sealed=sealed, subject=STOPS), at=at)
    if act:
        enqueue(conn, LOOKBACK, {"entry": entry}, now=at, key=f"lookback:{entry}")
