"""Reading statements of reasons: for the service that hands them on, and for the leads who see to them.

For the console's pages: `listed` (with paging, of a state), `one`, and, to keep one from going out or a case from being
told of, `delays.delay`, `delays.undelay` and `delays.mark_order`. All take who asks, and show nothing of a case that is
kept from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from rempart.cases.records import cases
from rempart.cases.work.queue import visible_among
from rempart.clock import iso
from rempart.errors import NotFoundError, NotPermittedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.reasons.records import delays as delay_records
from rempart.reports.reasons.records import statements as records
from rempart.reports.reasons.records.delays import Delay
from rempart.reports.reasons.records.statements import Named, Reason
from rempart.reports.reasons.values import State

MOST = 1_000
MOST_LISTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Statements, the youngest first; `next` is what to ask on with, None at the end."""

    rows: tuple[Named, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One statement as a lead sees it, and the delays of it and of its cases that nobody has ended."""

    named: Named
    delays: tuple[Delay, ...]


def after(conn: Connection, *, service: str, seq: int, most: int) -> tuple[Named, ...]:
    """What a service is told after a number, in order. Numbers rise and never come late."""
    return records.after(conn, service=service, seq=seq, most=min(most, MOST + 1))


def for_service(conn: Connection, reason_id: str, *, service: str) -> Named:
    """One statement that is out. NotFoundError for any other, and for those of other services."""
    found = records.named(conn, reason_id)
    if found is None or found.reason.service != service or found.reason.state != State.OUT:
        raise NotFoundError("There is no such statement.")
    return found


def listed(
    conn: Connection, who: Principal, *, before: str | None = None, state: State | None = None, most: int = 50
) -> Page:
    """Statements of all services, the youngest first, `before` the last one of the page that was seen; of a state where
    asked. A page may have fewer than `most`: what is kept from whoever asks is left out. For leads."""
    _lead(who)
    most = max(1, min(most, MOST_LISTED))
    found = records.page(conn, before=before, most=most + 1, state=None if state is None else state.value)
    shown = found[:most]
    rows = tuple(one for one in shown if _may_see(conn, one.reason, who))
    return Page(rows=rows, next=shown[-1].reason.id if len(found) > most else None)


def one(conn: Connection, reason_id: str, who: Principal) -> Shown:
    """One statement in any state, with what keeps it. NotFoundError also where it is kept from whoever asks."""
    _lead(who)
    found = records.named(conn, reason_id)
    if found is None or not _may_see(conn, found.reason, who):
        raise NotFoundError("There is no such statement.")
    names = _cases_of(conn, found.reason)
    return Shown(named=found, delays=delay_records.of(conn, cases=names, reasons=[reason_id]))


def told(found: Named) -> dict[str, Any]:
    """A statement as its service reads it: nothing of cases, lists, entries or notices, nor what a database is sent."""
    row = found.reason
    return {
        "seq": row.seq, "id": row.id, "subject": "item" if row.item is not None else "account",
        "item_id": found.item_id, "uploader": found.uploader, "language": row.language, "at": iso(row.at),
        **row.document,
    }  # fmt: skip


def _may_see(conn: Connection, row: Reason, who: Principal) -> bool:
    names = _cases_of(conn, row)
    return visible_among(conn, names, who) >= set(names)


def _cases_of(conn: Connection, row: Reason) -> tuple[str, ...]:
    own = () if row.item is None else cases.with_item(conn, row.item)
    return tuple(dict.fromkeys((*own, *((row.case_id,) if row.case_id else ()))))


def _lead(who: Principal) -> None:
    if not (who.may(Permission.NOTICES_LEAD) or who.kind == "system"):
        raise NotPermittedError("Only a lead may see this.")
