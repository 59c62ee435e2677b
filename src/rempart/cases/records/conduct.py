"""What looks and searches leave behind, as the rules of oversight read it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, String, cast, literal, or_, select

from rempart.cases.records.assessments import case_assessments
from rempart.cases.records.cases import cases
from rempart.cases.records.grants import case_grants
from rempart.cases.records.samples import case_samples
from rempart.cases.records.searches import lookback_searches
from rempart.cases.records.tasks import REPORTED, case_tasks
from rempart.cases.records.work import case_sealed
from rempart.evidence.ledger.records import leaves, salts
from rempart.people.records.tables import api_keys, persons

ORIGINAL = "original"
_AT_ONCE = 500


class Reveal(NamedTuple):
    """An original that was shown."""

    grant: str
    case_id: str
    person: str
    at: datetime


class Search(NamedTuple):
    """A search of hosted items."""

    id: str
    by: str
    purpose: str
    at: datetime


class Read(NamedTuple):
    """The reading of who told us of a case."""

    leaf: int
    case_id: str
    by: str
    at: datetime


_REVEAL = select(case_grants.c.id, case_grants.c.case_id, case_grants.c.person, case_grants.c.at).where(
    case_grants.c.step == ORIGINAL, case_grants.c.served.is_not(None)
)


def reveals(conn: Connection, *, since: datetime, before: datetime) -> tuple[Reveal, ...]:
    """The originals that were shown in a span, the oldest first."""
    query = _REVEAL.where(case_grants.c.at >= since, case_grants.c.at < before).order_by(case_grants.c.at)
    return tuple(Reveal(*row) for row in conn.execute(query))


def reveals_of(conn: Connection, person: str, *, since: datetime, before: datetime) -> tuple[Reveal, ...]:
    """The originals that one person was shown in a span, the oldest first."""
    query = _REVEAL.where(case_grants.c.person == person, case_grants.c.at >= since, case_grants.c.at < before)
    return tuple(Reveal(*row) for row in conn.execute(query.order_by(case_grants.c.at)))


def answered_after(conn: Connection, one: Reveal) -> bool:
    """Whether whoever looked answered about the case afterwards, also where the answer was taken back."""
    own = case_assessments.c.case_id == one.case_id, case_assessments.c.person == one.person
    query = select(case_assessments.c.id).where(*own, case_assessments.c.at >= one.at).limit(1)
    return conn.execute(query).first() is not None


def after_decision(conn: Connection, *, since: datetime, before: datetime) -> tuple[Reveal, ...]:
    """Originals that were shown of cases decided before, to somebody who had not the second look at it."""
    looks = select(case_samples.c.id).where(
        case_samples.c.case_id == case_grants.c.case_id, case_samples.c.person == case_grants.c.person
    )
    query = _REVEAL.join(cases, cases.c.id == case_grants.c.case_id).where(
        case_grants.c.at >= since, case_grants.c.at < before, cases.c.decided <= case_grants.c.at, ~looks.exists()
    )
    return tuple(Reveal(*row) for row in conn.execute(query.order_by(case_grants.c.at)))


def took_look(conn: Connection, one: Reveal) -> bool:
    """Whether whoever looked had taken the second look at the case."""
    own = case_samples.c.case_id == one.case_id, case_samples.c.person == one.person
    return conn.execute(select(case_samples.c.id).where(*own).limit(1)).first() is not None


def for_report(conn: Connection, one: Reveal) -> bool:
    """Whether it was looked at for a report or referral of the case that waited then."""
    t, g = case_tasks.c, case_grants.c
    waited = t.case_id == one.case_id, t.kind.in_(REPORTED), t.created <= one.at
    open_then = or_(t.settled.is_(None), t.settled >= one.at)
    meant = g.id == one.grant, or_(g.purpose == "report", g.purpose.startswith("report:"))
    query = select(g.id).where(*meant, select(t.id).where(*waited, open_then).exists())
    return conn.execute(query).first() is not None


def searches(conn: Connection, *, since: datetime) -> tuple[Search, ...]:
    """Searches of hosted items from a time on, the oldest first."""
    s = lookback_searches.c
    query = select(s.id, s.by, s.purpose, s.at).where(s.at >= since).order_by(s.id)
    return tuple(Search(*row) for row in conn.execute(query))


def notifier_reads(conn: Connection, *, since: datetime) -> tuple[Read, ...]:
    """Who read what identifies a notifier, from a time on, by what the ledger says of the cases that have one."""
    named = select(literal("case:", String).concat(cast(case_sealed.c.case_id, String))).distinct()
    query = select(leaves.c.id, leaves.c.at, leaves.c.body, salts.c.subject)
    query = query.join(salts, salts.c.leaf_id == leaves.c.id).where(salts.c.subject.in_(named), leaves.c.at >= since)
    found = []
    for row in conn.execute(query.where(leaves.c.body.contains('"notifier.read"')).order_by(leaves.c.id)):
        body = json.loads(row.body)
        if body["action"] == "notifier.read":
            found.append(Read(row.id, row.subject.removeprefix("case:"), body["actor"], row.at))
    return tuple(found)


def persons_behind(conn: Connection, pseudonyms: Sequence[str]) -> Mapping[str, str]:
    """The person's id of each of these pseudonyms; of a key's, that of who made it."""
    found: dict[str, str] = {}
    for start in range(0, len(pseudonyms), _AT_ONCE):
        some = list(pseudonyms[start : start + _AT_ONCE])
        own = select(persons.c.pseudonym, persons.c.id).where(persons.c.pseudonym.in_(some))
        made = select(api_keys.c.id, api_keys.c.made_by).where(api_keys.c.id.in_(some), api_keys.c.made_by.is_not(None))
        for query in (made, own):
            found |= {str(name): str(person) for name, person in conn.execute(query)}
    return found
