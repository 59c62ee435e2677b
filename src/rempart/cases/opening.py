"""Opening a case: one open case for items that are byte-identical, whoever hosts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from rempart.cases.clusters import cluster_of
from rempart.cases.marks import look_for
from rempart.cases.records import cases as records
from rempart.cases.work.routing import LOOK, Routed, look_of, route
from rempart.cases.work.settings import current
from rempart.evidence.ledger import Leaf, append
from rempart.items.records.items import Item
from rempart.lists.own import is_own
from rempart.people.principal import Principal
from rempart.policy.facts import FoundMatch
from rempart.store.ids import new_id

MOST_MATCHES = 100
"""Matches that are kept of one item, the nearest first; thousands of entries may share the hash of one picture."""


class CaseMatch(FoundMatch, Protocol):
    """What a case keeps of a match; `lists.lookup.ListMatch` is one."""

    @property
    def list_id(self) -> str | None: ...
    @property
    def entry_id(self) -> int | None: ...
    @property
    def ref(self) -> str: ...
    @property
    def facet(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseItem:
    """An item as a case sees it: its internal id, the service that hosts it, its bytes' SHA-256 if known, and the
    sealed object that holds them, if there is one already."""

    id: int
    service: str
    sha256: bytes | None
    object: str | None = None

    @classmethod
    def of(cls, item: Item) -> CaseItem:
        """Of an item that was checked before."""
        return cls(id=item.id, service=item.service, sha256=item.sha256, object=item.object)


def open_case(
    conn: Connection,
    *,
    kind: str,
    queue: str,
    assessors: int,
    item: CaseItem,
    matches: Sequence[CaseMatch],
    reason: str,
    policy_version: int,
    by: Principal,
    at: datetime,
    due: datetime | None = None,
) -> str:
    """Put an item into the open case of its bytes, or open one; gives the case's id.

    `kind` is match, unchecked, lookback or notice; `reason` is the rule that asked for it. A second item of the same
    bytes joins the case that is open: people judge bytes once. What merely looks alike gets a case of its own. The
    team's routes may send it to another queue than the policy's `queue`. `due`, where a law says so, is when the case
    is due unless the team wants it sooner.
    """
    _, rules = current(conn)
    routed = route(rules, kind=kind, queue=queue, service=item.service, matches=matches, at=at, due=due)
    row = {
        "kind": kind, "queue": routed.queue, "assessors": assessors, "reason": reason[:80],
        "policy_version": policy_version, "opened": at, "opened_by": by.pseudonym, "priority": routed.priority,
        "due": routed.due, "look": look_of(matches),
    }  # fmt: skip
    found, new = found_or_opened(conn, cluster_of(item.id, item.sha256), row, by=by, at=at)
    records.add_item(conn, case_id=found.id, item=item.id, service=item.service, added=at)
    add_matches(conn, found.id, item.id, matches)
    if not new:
        join(conn, found, routed, look=look_of(matches))
    if item.object is not None:
        look_for(conn, item.id, at=at)
    return found.id


def found_or_opened(
    conn: Connection, cluster: bytes, row: Mapping[str, Any], *, by: Principal, at: datetime
) -> tuple[records.Case, bool]:
    """The open case of a cluster, locked, and whether it was opened now, with the values of `row`."""
    found = records.open_of(conn, cluster)
    while found is None:
        case_id = new_id("case")
        records.add_unless_open(conn, {**row, "id": case_id, "state": "open", "cluster": cluster})
        found = records.open_of(conn, cluster)
        if found is not None and found.id == case_id:
            append(conn, _opened(found, by=by), at=at)
            return found, True
    return found, False


def bytes_known(conn: Connection, case_id: str, item: int, sha256: bytes) -> None:
    """The bytes of the one item of a case came to be known: what people decide reaches its copies from now on, unless
    another open case is about these bytes already."""
    if records.cluster_of(conn, case_id) == cluster_of(item, None) and records.open_of(conn, sha256) is None:
        records.change(conn, case_id, cluster=sha256)


def join(conn: Connection, case: records.Case, routed: Routed, *, look: str) -> None:
    """What comes to an open case may make it more urgent, or mean that somebody has to look; never the other way."""
    values: dict[str, Any] = {}
    if routed.priority < case.priority:
        values["priority"] = routed.priority
    if case.due is None or routed.due < case.due:
        values["due"] = routed.due
    if look == LOOK and case.look != LOOK:
        values["look"] = LOOK
    if values:
        records.change(conn, case.id, **values)


def add_matches(conn: Connection, case_id: str, item: int, matches: Sequence[CaseMatch]) -> None:
    """Add the matches of an item that its case does not hold yet: those with notices, then the nearest ones."""
    known = records.known_entries(conn, case_id, item)
    fresh = [match for match in matches if (match.entry_id, str(match.signal_kind)) not in known]
    first = sorted(fresh, key=lambda match: (not is_own(match.list), match.distance))
    nearest = first[: max(0, MOST_MATCHES - len(known))]
    rows = [{name: getattr(match, name) for name in records.MATCH_COLUMNS} for match in nearest]
    records.add_matches(conn, [row | {"case_id": case_id, "item": item} for row in rows])


def _opened(case: records.Case, *, by: Principal) -> Leaf:
    facts = {
        "kind": case.kind, "queue": case.queue, "rule": case.reason, "policy": case.policy_version,
        "assessors": case.assessors,
    }  # fmt: skip
    return Leaf(action="case.opened", actor=by.pseudonym, facts=facts, subject=f"case:{case.id}")
