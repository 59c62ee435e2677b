"""Referrals as people see them: those of cases that they may know all of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.assessing.values import Decision
from rempart.cases.assessing.viewing import is_blind
from rempart.cases.records import cases, tasks
from rempart.cases.work.queue import visible_among
from rempart.errors import NotPermittedError
from rempart.evidence.vault import Keyring
from rempart.items.records import items
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.referrals import gathering, sealing
from rempart.reports.referrals.recipients import Sender
from rempart.reports.referrals.records import referrals as records
from rempart.reports.referrals.records.referrals import PackageRow, ReferralRow, owner
from rempart.reports.referrals.routing import Route
from rempart.reports.referrals.standing import case_for, referral_for, route_of
from rempart.reports.referrals.values import ENDED, State

MOST = 50
_LOOKED_AT = 400
_MOST_WAITING = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One referral. `frozen` is what it says, None once that is forgotten; `outcome` what came of it."""

    row: ReferralRow
    frozen: Mapping[str, Any] | None = field(repr=False)
    outcome: Mapping[str, str]
    packages: tuple[PackageRow, ...]

    @property
    def unreviewed(self) -> bool:
        """Whether one person confirmed it alone and nobody has looked at it since."""
        return self.row.single and self.row.reviewed_at is None

    @property
    def without_address(self) -> int:
        """Of how many items a recipient that looks at addresses alone learns none."""
        return 0 if self.frozen is None else gathering.without_address(self.frozen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of referrals, the youngest first. `next` is asked for as `before`; None on the last page."""

    rows: tuple[ReferralRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A decision to refer that nobody has carried out."""

    case_id: str
    since: datetime
    danger: bool


def one(conn: Connection, referral: str, who: Principal, *, keyring: Keyring) -> Shown:
    """A referral, whole. Raises NotPermittedError, and NotFoundError also for whoever has still to answer."""
    row, _ = referral_for(conn, referral, who, Permission.REPORTS_READ)
    frozen = None if row.frozen is None else sealing.opened(row.frozen, owner=owner(row.id, "frozen"), keyring=keyring)
    outcome: Mapping[str, str] = {}
    if row.outcome is not None:
        outcome = sealing.opened(row.outcome, owner=owner(row.id, "outcome"), keyring=keyring)
    return Shown(row=row, frozen=frozen, outcome=outcome, packages=records.packages_of(conn, row.id))


def listed(
    conn: Connection, who: Principal, *, states: Collection[State] = (), before: str | None = None, most: int = MOST
) -> Page:
    """Referrals of cases that a person may know all of. Raises NotPermittedError."""
    _may_read(who)
    found: list[ReferralRow] = []
    looked = 0
    while looked < _LOOKED_AT:
        some = records.page(conn, before=before, states=states, most=most)
        known = _known(conn, who, [row.case_id for row in some])
        for row in some:
            before = row.id
            if row.case_id in known:
                found.append(row)
            if len(found) == most:
                return Page(rows=tuple(found), next=before)
        looked += len(some)
        if len(some) < most:
            return Page(rows=tuple(found), next=None)
    return Page(rows=tuple(found), next=before)


def of_case(conn: Connection, case_id: str, who: Principal) -> tuple[ReferralRow, ...]:
    """The referrals of a case, the oldest first; none for whoever may not know of them."""
    if not who.may(Permission.REPORTS_READ) or case_id not in _known(conn, who, [case_id]):
        return ()
    return records.of_cases(conn, [case_id])


def waiting(conn: Connection, who: Principal) -> tuple[Waiting, ...]:
    """Decisions to refer that wait, the oldest first, in cases that a person may know all of."""
    _may_read(who)
    rows = tasks.waiting(conn, kind=Decision.REFER.value, most=_MOST_WAITING)
    known = _known(conn, who, [row.case_id for row in rows])
    busy = {row.case_id for row in records.of_cases(conn, known) if row.state not in ENDED}
    return tuple(
        Waiting(case_id=row.case_id, since=row.created, danger=bool(row.facts.get("danger")))
        for row in rows
        if row.case_id in known and row.case_id not in busy
    )


def route(conn: Connection, case_id: str, who: Principal, *, sender: Sender) -> Route:
    """Where a case goes. Raises NotPermittedError, NotFoundError, ConflictError for whoever has still to answer."""
    return route_of(conn, case_for(conn, case_id, who, Permission.REPORTS_READ), sender)


def without_address(conn: Connection, case_id: str, who: Principal) -> int:
    """How many items of a case have no address that a hotline could look at. Raises as `route`."""
    case = case_for(conn, case_id, who, Permission.REPORTS_READ)
    found = (items.hosted(conn, number) for number in cases.items_of(conn, case.id))
    return sum(1 for one in found if one is not None and not one.url)


def _known(conn: Connection, who: Principal, names: Sequence[str]) -> frozenset[str]:
    seen = visible_among(conn, set(names), who)
    found = {name: cases.find(conn, name) for name in seen}
    return frozenset(name for name, case in found.items() if case is not None and not is_blind(conn, case, who))


def _may_read(who: Principal) -> None:
    if not who.may(Permission.REPORTS_READ):
        raise NotPermittedError(
            "Your roles do not allow this.", hint="Ask an administrator for a role that may, or a colleague who has it."
        )
