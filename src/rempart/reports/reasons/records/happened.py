"""What the rooms below have answered and decided, as statements of reasons follow it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, literal_column, or_, select

from rempart.cases.records.cases import case_items, cases
from rempart.cases.records.decisions import DecisionRow, decisions
from rempart.items.records.checks import checks
from rempart.items.records.items import items
from rempart.policy.facts import Verdict
from rempart.reports.reasons.history import CASE, CHECK, DECISION, Happened
from rempart.reports.reasons.records.statements import reasons

_RESTRICTED = checks.c.verdict != literal_column("'allow'")  # as the partial index spells it
_DECIDED = "decided"  # the rule of an answer that people gave before
_JUDGED, _RESTRICT = "case", "restrict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restricted:
    """A check whose answer was not `allow`."""

    at: datetime
    request: str
    item: int


def decisions_after(conn: Connection, seq: int, *, most: int) -> tuple[DecisionRow, ...]:
    """The decisions of all services after a number, in order."""
    query = select(decisions).where(decisions.c.seq > seq).order_by(decisions.c.seq).limit(most)
    return tuple(DecisionRow(**row._mapping) for row in conn.execute(query))


def restricted_after(conn: Connection, at: datetime, request: str, *, most: int) -> tuple[Restricted, ...]:
    """Checks that restricted something, after one in the order of their times."""
    columns = checks.c.at, checks.c.request, checks.c.item
    later: ColumnElement[bool] = or_(checks.c.at > at, and_(checks.c.at == at, checks.c.request > request))
    query = select(*columns).where(_RESTRICTED, checks.c.at >= at, later).order_by(*columns[:2]).limit(most)
    return tuple(Restricted(**row._mapping) for row in conn.execute(query))


def restricted_untold(conn: Connection, since: datetime, *, after: int, most: int) -> tuple[int, ...]:
    """Items that are restricted and were checked since a moment, of which no statement stands; after one, in order."""
    stands = select(reasons.c.id).where(reasons.c.item == items.c.id, reasons.c.standing == literal_column("1"))
    mine = items.c.verdict != literal_column("'allow'"), items.c.checked > since, items.c.id > after
    query = select(items.c.id).where(*mine, ~stands.exists()).order_by(items.c.id).limit(most)
    return tuple(conn.execute(query).scalars())


def of_item(conn: Connection, item: int, *, most: int) -> tuple[tuple[Happened, ...], bool]:
    """What was answered and decided about an item, and whether there was more before that."""
    asked = select(checks.c.at, checks.c.request, checks.c.verdict, checks.c.rule).where(checks.c.item == item)
    told = select(decisions.c.at, decisions.c.id, decisions.c.verdict, decisions.c.reason)
    told = told.where(decisions.c.item == item)
    answered = conn.execute(asked.order_by(checks.c.at.desc()).limit(most)).all()
    decided = conn.execute(told.order_by(decisions.c.seq.desc()).limit(most)).all()
    found = [_happened(row.at, row.verdict, row.rule == _DECIDED, f"{CHECK}{row.request}") for row in answered]
    found += [_happened(row.at, row.verdict, row.reason == _JUDGED, f"{DECISION}{row.id}") for row in decided]
    found += _restricting(conn, item)
    cut = len(answered) == most or len(decided) == most
    found.sort(key=lambda one: one.at)
    return (tuple(found[-most:]), True) if cut else (tuple(found), False)


def joined_before(conn: Connection, case_id: str, item: int, moment: datetime) -> bool:
    """Whether an item was in a case before a moment, and not only brought into it by what was decided then."""
    own = case_items.c.case_id == case_id, case_items.c.item == item, case_items.c.added < moment
    return conn.execute(select(case_items.c.item).where(*own)).first() is not None


def _restricting(conn: Connection, item: int) -> list[Happened]:
    """The ends of cases that restricted an item: where it was held before, no decision tells of it."""
    own = case_items.c.item == item, cases.c.state == "decided", cases.c.decision == _RESTRICT
    query = select(cases.c.id, cases.c.decided).join(case_items, case_items.c.case_id == cases.c.id).where(*own)
    return [_happened(row.decided, Verdict.HOLD, True, f"{CASE}{row.id}") for row in conn.execute(query)]


def _happened(at: datetime, verdict: str, people: bool, origin: str) -> Happened:
    return Happened(at=at, verdict=Verdict(verdict), people=people, origin=origin)
