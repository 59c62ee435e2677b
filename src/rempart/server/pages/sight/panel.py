"""The pictures of a case as a part of its page: nothing is shown before it was asked for, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from rempart.cases.care.meter import Exposure, Limits, exposure
from rempart.cases.care.teams import Team, team
from rempart.cases.records import care
from rempart.cases.records import grants as records
from rempart.cases.records.cases import Case
from rempart.cases.records.grants import GrantRow, PictureRow
from rempart.cases.sight.evidence import sealed_in
from rempart.cases.sight.grants import FOR_REPORT, PURPOSES, has, seconds_for
from rempart.cases.work.queue import hidden_items
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.service import Service
from rempart.signals.derivatives import Step

MOST_PANES = 12
_MOST_ITEMS = 1_000
_NEAR = 0.8
DERIVATIVES = (Step.SKETCH.value, Step.SMALL.value, Step.BLURRED.value, Step.GREY.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture that is shown now, by a grant that this very page was opened with."""

    grant: str
    step: str
    address: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pane:
    """One picture of a case and its byte-identical copies, or one beside it that looks alike: `name` is its service's
    id for it then. `hindrance` says why it cannot be shown."""

    number: int
    item: int
    copies: int
    hindrance: str
    shown: Shown | None
    name: str = ""
    distance: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The pictures of a case for one person. `root` is the case's address, `place` the page they stand on; `holds`: the
    case is theirs now."""

    root: str
    place: str
    may_look: bool
    holds: bool
    panes: tuple[Pane, ...]
    more: int
    care: Care
    derivative_seconds: int
    reveal_seconds: int
    steps: tuple[str, ...] = DERIVATIVES
    purposes: tuple[str, ...] = PURPOSES

    @property
    def look(self) -> str:
        """The grant of a picture that is shown now, if one is."""
        return next((pane.shown.grant for pane in self.panes if pane.shown), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """What whoever looks is told of their own day: a budget that is used up or nearly so, a pause that is due."""

    reached: bool
    near: bool
    pause: bool
    minutes: int


AT_EASE = Care(reached=False, near=False, pause=False, minutes=0)
"""Nothing has to be said."""


def panel(service: Service, who: Principal, case: Case, *, look: str = "", place: str = "case") -> Panel:
    """The pictures of a case that was read before. `look` is the query value of that name: the grant whose picture this
    page shows. Another tab, which has no such value, shows nothing. Blocks."""
    with service.store.read() as conn:
        return panel_in(conn, service, who, case, look=look, place=place)


def panel_in(
    conn: Connection, service: Service, who: Principal, case: Case, *, look: str = "", place: str = "case"
) -> Panel:
    """The same on a connection."""
    at, rules = service.clock(), team(conn)
    holds = has(conn, case, who=who, at=at, purpose=FOR_REPORT if place == "reveal" else "")
    grant = records.find(conn, look) if look else None
    usable = grant is not None and holds and grant.open(at) and _is_for(grant, case, who)
    outcomes = records.last_outcomes(conn, case.id, who.id)
    groups = _groups(records.pictures_of(conn, case.id, most=_MOST_ITEMS))
    beside = records.pictures_near(conn, case.id, most=MOST_PANES)
    hidden = hidden_items(conn, [row.item for row in beside], who) if beside else frozenset()
    drawn = groups[:MOST_PANES] + [(row, 1) for row in beside if row.item not in hidden]
    panes = tuple(
        Pane(
            number=number, item=row.item, copies=copies,
            hindrance=_hindrance(conn, service, row, outcomes.get(row.item)),
            shown=_shown(grant, case) if usable and grant and grant.item == row.item else None,
            name=row.item_id if row.distance is not None else "", distance=row.distance or 0,
        )
        for number, (row, copies) in enumerate(drawn, 1)
    )  # fmt: skip
    return Panel(
        root=f"/cases/{case.id}", place=place, may_look=who.may(Permission.EVIDENCE_VIEW), holds=holds, panes=panes,
        more=max(0, len(groups) - MOST_PANES), care=_care(conn, who, rules, service),
        derivative_seconds=seconds_for(Step.SKETCH, rules.reveal_seconds), reveal_seconds=rules.reveal_seconds,
    )  # fmt: skip


def care_of(seen: Exposure, limits: Limits) -> Care:
    """What to tell somebody of what they saw."""
    near = seen.reveals >= _NEAR * limits.reveals_per_day or seen.seconds >= _NEAR * limits.seconds_per_day
    return Care(
        reached=seen.is_over(limits), near=near, pause=seen.needs_break(limits),
        minutes=int(seen.working.total_seconds() // 60),
    )  # fmt: skip


def _care(conn: Connection, who: Principal, rules: Team, service: Service) -> Care:
    limits = rules.limits.narrowed(care.own(conn, who.id))
    return care_of(exposure(conn, who.id, at=service.clock()), limits)


def _groups(rows: Sequence[PictureRow]) -> list[tuple[PictureRow, int]]:
    """Byte-identical items together, each group with one of them that has its bytes kept, if any has."""
    found: dict[bytes | int, list[PictureRow]] = {}
    for row in rows:
        found.setdefault(row.sha256 or row.item, []).append(row)
    return [(next((one for one in rows if one.object), rows[0]), len(rows)) for rows in found.values()]


def _hindrance(conn: Connection, service: Service, row: PictureRow, outcome: str | None) -> str:
    found = sealed_in(conn, row.object, media_type=row.media_type, vault=service.vault)
    return found.hindrance.value if found.hindrance else outcome or ""


def _is_for(grant: GrantRow, case: Case, who: Principal) -> bool:
    return (grant.case_id, grant.person, grant.session) == (case.id, who.id, who.session)


def _shown(grant: GrantRow, case: Case) -> Shown:
    address = f"/cases/{case.id}/pictures/{grant.id}"
    return Shown(grant=grant.id, step=grant.step, address=address, seconds=grant.seconds)
