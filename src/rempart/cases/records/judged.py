"""Which items a judgement of bytes is about, and which of them it has not reached yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select

from rempart.cases.records.cases import case_items, cases
from rempart.cases.records.decisions import decisions
from rempart.cases.records.samples import case_samples
from rempart.cases.records.tasks import case_tasks
from rempart.items.records.items import items
from rempart.policy.facts import Verdict

_SHA256_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What shall get a verdict: items of these bytes, and single items whose bytes were not known.

    `everywhere`: also those of the same bytes that are not in the case; else only the case's own, and those that it
    reached before. `joining`: what it reached shall be in the case.
    """

    case_id: str
    digests: tuple[bytes, ...]
    singles: tuple[int, ...]
    verdict: Verdict
    everywhere: bool
    joining: bool = False


def of_clusters(clusters: Iterable[bytes]) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
    """Clusters as digests of bytes and as numbers of single items."""
    digests, singles = [], []
    for one in clusters:
        if len(one) == _SHA256_BYTES:
            digests.append(one)
        elif one.startswith(b"item:"):
            singles.append(int(one[len(b"item:") :]))
    return tuple(digests), tuple(singles)


def left(conn: Connection, target: Target, *, after: int, most: int) -> tuple[int, ...]:
    """Numbers of hosted items that the verdict has not reached, after one, in order; with `joining` also those that it
    reached through this case and that are not in the case yet."""
    v = target.verdict.value
    reached = and_(items.c.verdict == v, items.c.decided.is_not(None), items.c.decided == v)
    in_case = items.c.id.in_(select(case_items.c.item).where(case_items.c.case_id == target.case_id))
    told = select(decisions.c.seq).where(decisions.c.item == items.c.id, decisions.c.case_id == target.case_id).exists()
    if target.joining:
        reached = and_(reached, or_(in_case, ~told))
    meant: ColumnElement[bool] = or_(
        items.c.sha256.in_(target.digests) if target.digests else false(),
        items.c.id.in_(target.singles) if target.singles else false(),
    )
    if not target.everywhere:
        meant = and_(meant, or_(in_case, told))
    query = select(items.c.id).where(meant, items.c.gone.is_(None), ~reached, items.c.id > after)
    return tuple(conn.execute(query.order_by(items.c.id).limit(most)).scalars())


def gone(conn: Connection, case_id: str, *, after: int, most: int) -> tuple[int, ...]:
    """Numbers of a case's items that their service has deleted, after one, in order."""
    own = case_items.c.case_id == case_id, items.c.gone.is_not(None), items.c.id > after
    query = select(items.c.id).join(case_items, case_items.c.item == items.c.id).where(*own)
    return tuple(conn.execute(query.order_by(items.c.id).limit(most)).scalars())


def needed(conn: Connection, numbers: Iterable[int]) -> frozenset[int]:
    """Those of these items that an open case, or a report or second look that waits, still needs."""
    wanted = list(numbers)
    waits = select(case_tasks.c.id).where(case_tasks.c.case_id == cases.c.id, case_tasks.c.state == "waiting").exists()
    looks = select(case_samples.c.id).where(case_samples.c.case_id == cases.c.id, case_samples.c.state == "waiting")
    query = select(case_items.c.item).join(cases, cases.c.id == case_items.c.case_id)
    query = query.where(case_items.c.item.in_(wanted), or_(cases.c.state == "open", waits, looks.exists()))
    found = conn.execute(query)
    return frozenset(found.scalars())


def decided_since(conn: Connection, item: int, moment: datetime, *, but: str) -> bool:
    """Whether people decided about an item in another case since a moment."""
    own = case_items.c.item == item, cases.c.id != but, cases.c.state == "decided", cases.c.decided >= moment
    query = select(cases.c.id).join(case_items, case_items.c.case_id == cases.c.id)
    return conn.execute(query.where(*own, cases.c.decision != "merged").limit(1)).first() is not None


def of_bytes(conn: Connection, cluster: bytes, *, most: int) -> tuple[Any, ...]:
    """Numbers of the hosted items of a cluster."""
    digests, singles = of_clusters([cluster])
    meant = items.c.sha256.in_(digests) if digests else items.c.id.in_(singles)
    query = select(items.c.id).where(meant, items.c.gone.is_(None)).order_by(items.c.id).limit(most)
    return tuple(conn.execute(query).scalars())
