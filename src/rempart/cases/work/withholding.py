"""What of the ledger is kept from somebody who works on cases: what a case or an item that is not theirs to see is
about, and what was answered in a case that they have still to answer by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from rempart.cases.assessing.viewing import blind_since
from rempart.cases.records import cases as records
from rempart.cases.records import leaves
from rempart.cases.work.queue import hidden_items, visible_among
from rempart.cases.work.timeline import untold_leaves
from rempart.people.permissions import Permission
from rempart.people.principal import Principal

_TOLD = "verdict.changed"
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What of a leaf decides who may know what it is about: its number and subject."""

    number: int
    subject: str


def withheld(conn: Connection, asked: Iterable[About], who: Principal) -> frozenset[int]:
    """The numbers of those of these leaves of which a person must not know what they are about."""
    if who.kind != "person":
        return frozenset()
    of_cases: dict[str, list[int]] = {}
    of_items: dict[int, list[int]] = {}
    for one in asked:
        kind, _, name = one.subject.partition(":")
        if kind == "case":
            of_cases.setdefault(name, []).append(one.number)
        elif kind == "item" and name.isascii() and name.isdigit() and len(name) <= _MOST_DIGITS:
            of_items.setdefault(int(name), []).append(one.number)
    found = _of_cases(conn, of_cases, who) if who.may(Permission.CASES_READ) else frozenset[int]()
    return found | _of_items(conn, of_items, who)


def _of_cases(conn: Connection, asked: dict[str, list[int]], who: Principal) -> frozenset[int]:
    seen = visible_among(conn, asked, who) if asked else frozenset()
    found: set[int] = set()
    for case_id, numbers in asked.items():
        case = records.find(conn, case_id) if case_id in seen else None
        found |= set(numbers) if case is None else untold_leaves(conn, case, who).intersection(numbers)
    return frozenset(found)


def _of_items(conn: Connection, asked: dict[int, list[int]], who: Principal) -> frozenset[int]:
    hidden = hidden_items(conn, asked, who) if asked else frozenset()
    found = {number for item in hidden for number in asked[item]}
    if not who.may(Permission.CASES_READ):
        return frozenset(found)
    for item in asked.keys() - hidden:
        since = blind_since(conn, item, who)
        if since is not None:
            told = leaves.numbers_about(conn, f"item:{item}", action=_TOLD, since=since)
            found |= told.intersection(asked[item])
    return frozenset(found)
