"""What services are told after the first answer, numbered in the order of commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, String, Table, Text, case, func, insert, select

from rempart.items.records.items import items
from rempart.store.schema import UtcTime, metadata

_JUDGED = "case"  # the reason of what people judged; look-back speaks of cases too
decisions = Table(
    "decisions",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(40), nullable=False, unique=True),
    Column("service", String(200), nullable=False),
    Column("subject", String(10), nullable=False, server_default="item"),  # item, account
    Column("item", BigInteger),
    Column("item_id", Text),  # as the service calls it; gone once the item is erased
    Column("uploader", Text),  # of an account
    Column("verdict", String(10), nullable=False),
    Column("previous", String(10)),
    Column("reason", String(20), nullable=False),
    Column("case_id", String(40)),
    Column("at", UtcTime, nullable=False),
    Index("ix_decisions_service_seq", "service", "seq"),
    Index("ix_decisions_item", "item"),
    Index("ix_decisions_case", "case_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One thing a service is told, of an item or of an uploader's account. `previous` is the verdict it was told last;
    `block` is the only one that an account gets. `url` is where an item is that its service never asked about: a person
    gave notice of it there."""

    seq: int
    id: str
    service: str
    subject: str = "item"
    item: int | None
    item_id: str | None
    uploader: str | None = None
    verdict: str
    previous: str | None
    reason: str
    case_id: str | None
    at: datetime
    url: str | None = None

    @property
    def erased(self) -> bool:
        """Whether the item that it is about was erased: then there is nobody to tell of it."""
        return self.subject == "item" and self.item_id is None


_NOTICED = "notice:"
"""How the id of an item begins that a notice alone told of (`intake.notices.locating.OWN_ITEM`)."""
_WITH_URL = select(
    decisions, case((items.c.item_id.startswith(_NOTICED, autoescape=True), items.c.url)).label("url")
).select_from(decisions.outerjoin(items, items.c.id == decisions.c.item))


def add(conn: Connection, row: Mapping[str, Any]) -> None:
    """Write a decision."""
    conn.execute(insert(decisions), row)


def after(conn: Connection, *, service: str, seq: int, most: int) -> tuple[DecisionRow, ...]:
    """A service's decisions after a number, in order."""
    query = _WITH_URL.where(decisions.c.service == service, decisions.c.seq > seq)
    return tuple(DecisionRow(**row._mapping) for row in conn.execute(query.order_by(decisions.c.seq).limit(most)))


def of_item(conn: Connection, item: int, *, most: int) -> tuple[DecisionRow, ...]:
    """What a service was told of an item, the youngest first."""
    own = decisions.c.item == item
    query = select(decisions).where(own).order_by(decisions.c.seq.desc()).limit(most)
    return tuple(DecisionRow(**row._mapping) for row in conn.execute(query))


def find(conn: Connection, decision_id: str) -> DecisionRow | None:
    """The decision with this id."""
    found = conn.execute(_WITH_URL.where(decisions.c.id == decision_id)).first()
    return None if found is None else DecisionRow(**found._mapping)


def erase_item(conn: Connection, item: int) -> None:
    """Forget how a service calls an item that was erased."""
    conn.execute(decisions.update().where(decisions.c.item == item).values(item_id=None))


def before_case(conn: Connection, case_id: str, *, since: datetime) -> dict[int, str | None]:
    """Of each item that a case has changed since a moment: the verdict that its service had been told before."""
    own = decisions.c.case_id == case_id, decisions.c.reason == _JUDGED, decisions.c.item.is_not(None)
    query = select(decisions.c.item, decisions.c.previous).where(*own, decisions.c.at >= since)
    query = query.order_by(decisions.c.seq.desc())
    return {row.item: row.previous for row in conn.execute(query)}


def account_block(conn: Connection, *, case_id: str, service: str, uploader: str) -> DecisionRow | None:
    """The decision of a case about an account, if there is one."""
    own = decisions.c.case_id == case_id, decisions.c.service == service, decisions.c.subject == "account"
    found = conn.execute(select(decisions).where(*own, decisions.c.uploader == uploader)).first()
    return None if found is None else DecisionRow(**found._mapping)


def told_by(conn: Connection, case_id: str, items: Iterable[int]) -> frozenset[int]:
    """Those of these items about which their service was told what people judged in a case."""
    own = decisions.c.case_id == case_id, decisions.c.reason == _JUDGED, decisions.c.item.in_(list(items))
    return frozenset(conn.execute(select(decisions.c.item).where(*own)).scalars())


def last_about(conn: Connection, item: int) -> DecisionRow | None:
    """The last thing that was told about an item."""
    query = select(decisions).where(decisions.c.item == item).order_by(decisions.c.seq.desc()).limit(1)
    found = conn.execute(query).first()
    return None if found is None else DecisionRow(**found._mapping)


def counts_of(conn: Connection, case_ids: Sequence[str]) -> dict[str, int]:
    """Of how many items each of these cases has told something."""
    own = decisions.c.case_id.in_(list(case_ids)), decisions.c.reason == _JUDGED, decisions.c.item.is_not(None)
    query = select(decisions.c.case_id, func.count(func.distinct(decisions.c.item))).where(*own)
    return {row[0]: int(row[1]) for row in conn.execute(query.group_by(decisions.c.case_id))}
