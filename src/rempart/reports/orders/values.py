"""What an authority may ask for, how that stands, and what a disclosure consists of: closed sets and values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rempart.deadlines.orders import OWN, order_regimes
from rempart.errors import RefusedError

MOST_PARTS = 200
MOST_LINE, MOST_TEXT = 300, 4_000
_COUNTRY = re.compile(r"[A-Z]{2}")
_ADDRESS = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#]\S*)?", re.IGNORECASE)


class RecipientClass(StrEnum):
    """What somebody is to whom something was handed; it decides what they may be given."""

    POLICE = "police"
    NCMEC = "ncmec"
    LEGAL_PROCESS = "legal_process"  # a court, or whoever came with its order
    REGULATOR = "regulator"
    HOTLINE = "hotline"
    OTHER = "other"


class Ground(StrEnum):
    """Why something was handed over."""

    DUTY = "duty"  # a law asks for it: a report
    ORDER = "order"
    WARRANT = "warrant"
    REQUEST = "request"  # asked for, without force
    DANGER = "danger"  # somebody's life or safety
    VOLUNTARY = "voluntary"


class What(StrEnum):
    """What was handed over."""

    CONTENT = "content"
    SIGNALS = "signals"
    ASSESSMENTS = "assessments"
    ACCOUNT = "account"
    REPORT = "report"
    LOCATIONS = "locations"  # where something is, as a referral says it
    PROOFS = "proofs"  # steps of the ledger with their proofs, and the chain of custody


CONTENT_FOR = frozenset({RecipientClass.POLICE, RecipientClass.NCMEC, RecipientClass.LEGAL_PROCESS})
"""Who may be given content at all."""


class OrderKind(StrEnum):
    """What is asked for."""

    REMOVAL = "removal"
    WARRANT = "warrant"
    INFORMATION = "information"
    PRESERVATION = "preservation"
    DESTRUCTION = "destruction"


class Topic(StrEnum):
    """What kind of thing an order is about, for the figures that are published."""

    CHILD_SAFETY = "child_safety"
    INTIMATE = "intimate"
    TERRORIST = "terrorist"
    OTHER = "other"


class OrderState(StrEnum):
    """How an order stands."""

    OPEN = "open"
    IN_FORCE = "in_force"  # done, and something is kept for as long as it says
    CLOSED = "closed"


class Outcome(StrEnum):
    """How an order ended."""

    DONE = "done"
    PARTLY = "partly"
    REFUSED = "refused"
    LIFTED = "lifted"  # the authority took it back, or a court did


FALLEN = frozenset({Outcome.REFUSED, Outcome.LIFTED})
"""Ends of an order after which it is no reason for anything."""


class PartKind(StrEnum):
    """How a part of an order was named."""

    CASE = "case"
    ITEM = "item"
    URL = "url"
    REPORT = "report"


class PartState(StrEnum):
    """How one thing stands that an order is about."""

    WAITING = "waiting"
    REMOVING = "removing"  # people decided; its service has still to confirm
    DONE = "done"
    KEPT = "kept"  # people decided that it stays
    HELD = "held"  # a legal hold stands on it
    NOTHING = "nothing"  # nothing of it is kept here
    NOT_FOUND = "not_found"


class Contest(StrEnum):
    """How a contest of an order stands."""

    WAITING = "waiting"
    UPHELD = "upheld"  # we were right: the order fell
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One thing that an order names: a case's or report's id, an address, or an item as its service calls it."""

    kind: PartKind
    name: str
    service: str = ""


def named(text: str, *, service: str = "") -> Named:
    """What a line names: an address, a case or report by its id, or an item as `service/its id`, of `service` where the
    line has none. Raises RefusedError."""
    text = text.strip()
    if text.lower().startswith(("http://", "https://")):
        found = Named(kind=PartKind.URL, name=text, service=service)
    elif text.startswith(("case_", "report_")):
        found = Named(kind=PartKind.CASE if text.startswith("case_") else PartKind.REPORT, name=text)
    else:
        own, _, name = text.partition("/")
        found = Named(kind=PartKind.ITEM, name=name, service=own) if name else _of(service, own)
    _check(found)
    return found


def _of(service: str, name: str) -> Named:
    return Named(kind=PartKind.ITEM, name=name, service=service)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderForm:
    """An order as it is entered. `received` has the zone that was given; `stated` is until when the order itself asks
    to be carried out. Raises RefusedError for what cannot be entered."""

    kind: OrderKind
    authority: str
    reference: str
    received: datetime
    country: str
    authority_class: RecipientClass
    topic: Topic
    about: tuple[Named, ...]
    regimes: tuple[str, ...] = ()
    stated: datetime | None = None
    contact: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        if self.received.tzinfo is None or (self.stated is not None and self.stated.tzinfo is None):
            raise RefusedError("The time has no zone.", hint="Add Z for UTC, or an offset such as +01:00.")
        if not self.authority.strip() or not self.reference.strip():
            raise RefusedError("An order has an authority and its reference.", hint="Write both as the order does.")
        if not _COUNTRY.fullmatch(self.country):
            raise RefusedError("A country has two capital letters.", hint="As FR, US, or EU for a body of the Union.")
        if not self.about or len(self.about) > MOST_PARTS:
            raise RefusedError(f"An order is about 1 to {MOST_PARTS} things.", hint="Name cases, items or addresses.")
        if self.stated is not None and self.stated <= self.received:
            raise RefusedError("The order's own time is over before it came.", hint="Look at both times.")
        long = [one for one in (self.authority, self.reference, self.contact) if len(one) > MOST_LINE]
        if long or len(self.text) > MOST_TEXT:
            raise RefusedError("That is too long.", hint=f"A line has {MOST_LINE} characters, the text {MOST_TEXT:,}.")
        for one in self.regimes:
            known = order_regimes().get(one)
            if known is None or self.kind not in known.times:
                raise RefusedError("This law knows no order of this kind.", hint="Choose another law, or none.")
        for named in self.about:
            _check(named)

    @property
    def laws(self) -> tuple[str, ...]:
        """The laws that it is given under, each once; the service's own time is none."""
        return tuple(dict.fromkeys(one for one in self.regimes if one != OWN))

    def told(self) -> Mapping[str, str]:
        """What names people and files of the authority, by name; what is empty is left out."""
        texts = {
            "authority": self.authority.strip(), "reference": self.reference.strip(), "contact": self.contact.strip(),
            "text": self.text.strip(),
        }  # fmt: skip
        return {name: text for name, text in texts.items() if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An order that was entered. `twins` are orders that bear the same reference: told, not refused."""

    order: str
    due: datetime
    twins: tuple[str, ...] = field(default=())


def _check(named: Named) -> None:
    if not 0 < len(named.name) <= 2_048:
        raise RefusedError("A thing that an order names has a name.", hint="A case, an item or an address.")
    if named.kind is PartKind.URL and not _ADDRESS.fullmatch(named.name):
        raise RefusedError("That is no address.", hint="Write it as https://forum.example/photos/17.")
    if named.kind is PartKind.ITEM and not named.service:
        raise RefusedError("An item is named with its service.", hint="Write it as forum/photo-17.")
