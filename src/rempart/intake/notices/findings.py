"""Copies of what a notice is about: known identical ones, and those that a person found to be substantially the same.

Two laws ask for two different things; the file of a notice keeps them apart. The person who gave notice is told of
neither, nor how many there were.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from rempart.cases.records import cases
from rempart.cases.records.cases import Case
from rempart.evidence.ledger import Leaf, append
from rempart.intake.notices.records import findings as records
from rempart.intake.notices.records import locations
from rempart.intake.notices.records.findings import FindingRow as FindingRow
from rempart.intake.notices.records.findings import of as of
from rempart.intake.notices.records.locations import LocationRow
from rempart.items.records import items
from rempart.items.records.items import Item
from rempart.policy.facts import Verdict


class Kind(StrEnum):
    """How an item is the same."""

    IDENTICAL = "identical"
    SIMILAR = "similar"


def record(conn: Connection, case: Case, notices: Sequence[str], *, at: datetime) -> int:
    """Note what a case in which people said that it goes has found for the notices behind it; gives how many are new.

    Byte for byte the same as at a place of the notice, or by the digest of the person's own copy: identical. All else
    that people removed with it is similar, by their word. What a notice itself points to is no finding.
    """
    if case.state != "decided" or case.decided_by is None:
        return 0
    hosted = (items.hosted(conn, one) for one in cases.items_of(conn, case.id))
    gone = [one for one in hosted if one is not None and one.decided not in (None, Verdict.ALLOW)]
    matched = records.seeds_matched(conn, case.id, [one.id for one in gone])
    made = 0
    for notice in notices:
        places = locations.of(conn, [notice])
        for item in gone:
            exact, nearest = matched.get((notice, item.id), (False, None))
            row = _row(conn, notice, places, item, case, exact=exact, distance=nearest, at=at)
            if row is not None and records.add(conn, row):
                made += 1
                facts = {"kind": row.kind}
                leaf = Leaf(action="finding.recorded", actor=row.by, facts=facts, subject=f"notice:{notice}")
                append(conn, leaf, at=at)
    return made


def _row(
    conn: Connection,
    notice: str,
    places: Sequence[LocationRow],
    item: Item,
    case: Case,
    *,
    exact: bool,
    distance: int | None,
    at: datetime,
) -> FindingRow | None:
    if any(place.item == item.id for place in places):
        return None
    there = ((place, items.hosted(conn, place.item)) for place in places)
    same = [place for place, one in there if one is not None and item.sha256 is not None and one.sha256 == item.sha256]
    kind = Kind.IDENTICAL if same or exact else Kind.SIMILAR
    here = same or [place for place in places if place.case_id == case.id]
    return FindingRow(
        notice=notice, item=item.id, location=here[0].id if here else None, kind=kind.value, case_id=case.id,
        distance=distance if kind is Kind.SIMILAR else None, by=case.decided_by or "", at=at,
    )  # fmt: skip
