"""What the pages about referrals show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from rempart.reports.orders.values import Ground
from rempart.reports.referrals.reading import Shown, Waiting
from rempart.reports.referrals.recipients import Recipient
from rempart.reports.referrals.records.referrals import ReferralRow
from rempart.reports.referrals.routing import Route
from rempart.reports.referrals.values import GROUNDS, LANGUAGES, Part, State, may_receive
from rempart.server.pages.contexts import Context

STYLES = ("desk.css", "notices.css")
MOST_ROWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralsPage(Context):
    """Decisions to refer that wait, and referrals, the youngest first; `state` is one of State or all."""

    template: ClassVar[str] = "referrals/list"
    styles: ClassVar[tuple[str, ...]] = STYLES
    wide: ClassVar[bool] = True
    waiting: tuple[Waiting, ...]
    rows: tuple[ReferralRow, ...]
    next: str
    state: str
    states: tuple[str, ...] = ("all", *(one.value for one in State))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReferralPage(Context):
    """Where a case goes, and the form for a package. `typed` is a form that came back, `to` who was chosen in it;
    `orders` are those about the case, each with its kind, for whoever reads orders; `bare`: how many of
    its items have no address."""

    template: ClassVar[str] = "referrals/new"
    styles: ClassVar[tuple[str, ...]] = STYLES
    case_id: str
    route: Route
    recipients: tuple[Recipient, ...]
    counted: bool
    bare: int
    orders: tuple[tuple[str, str], ...] = ()
    typed: dict[str, str] = field(default_factory=dict)
    to: tuple[str, ...] = ()
    grounds: tuple[Ground, ...] = GROUNDS
    languages: tuple[str, ...] = LANGUAGES

    def may_have(self, one: Recipient) -> tuple[Part, ...]:
        """What a recipient may be given, in a fixed order."""
        allowed = may_receive([one.kind])
        return tuple(part for part in Part if part in allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one item is: an address or the service's own name for it."""

    number: int
    address: str
    service: str
    first_seen: datetime
    stands: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one person answered, as the recipients read it."""

    by: str
    at: datetime
    decisions: tuple[str, ...]
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralPage(Context):
    """One referral: how it stands, and to the word what its package says. `approval` is the question that waits;
    `alone`: one person may confirm it now."""

    template: ClassVar[str] = "referrals/referral"
    styles: ClassVar[tuple[str, ...]] = STYLES
    shown: Shown
    approval: str
    own: bool
    may_prepare: bool
    may_approve: bool
    may_review: bool
    alone: bool
    typed: dict[str, str] = field(default_factory=dict)

    @property
    def says(self) -> dict[str, Any]:
        """The frozen document; empty once it is forgotten."""
        return dict(self.shown.frozen or {})

    @property
    def places(self) -> tuple[Place, ...]:
        """The first of its locations."""
        return tuple(
            Place(
                number=one["place"], address=one["address"] or one.get("item") or "", service=one["service"],
                first_seen=datetime.fromisoformat(one["first_seen"]), stands=one["stands"],
            )
            for one in self.says.get("locations", ())[:MOST_ROWS]
        )  # fmt: skip

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Its assessments."""
        return tuple(
            Answer(
                by=one["by"], at=datetime.fromisoformat(one["at"]), decisions=tuple(one["decisions"]),
                category=f"{one['scheme']} {one['code']}" if one["scheme"] and one["code"] else "",
            )
            for one in self.says.get("assessments", ())
        )  # fmt: skip
