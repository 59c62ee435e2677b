"""What a person tells on the public page, and what they are told: values, checked where they are made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rempart.deadlines.regimes import Applied, Element, applying
from rempart.errors import RefusedError

QUEUE, CHILD_QUEUE = "notices", "child-safety"
"""Where cases go that notices open; a team's routes may send them elsewhere."""
KIND = "notice"
"""The kind of those cases."""
MOST_LOCATIONS = 20
MOST_URL = 2_048
MOST_NOTE = 500
MOST_TEXT = 4_000
MOST_NAME = 200
MOST_CONTACT = 320
_ADDRESS = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#]\S*)?", re.IGNORECASE)
LANGUAGES = ("en", "fr")


class Role(StrEnum):
    """Who sends a notice. An authority's order is entered by the operator."""

    SELF = "self"
    PARENT = "parent"
    LAWYER = "lawyer"
    ADVOCATE = "advocate"
    FLAGGER = "flagger"
    BYSTANDER = "bystander"
    AUTHORITY = "authority"


class Answer(StrEnum):
    """An answer to a question that one may be unsure about."""

    YES = "yes"
    UNSURE = "unsure"
    NO = "no"


class Track(StrEnum):
    """Whether the person in the picture was a grown-up when it was made; whoever may not have been is a child."""

    ADULT = "adult"
    CHILD = "child"


class Via(StrEnum):
    """How a notice came in."""

    PAGE = "page"
    API = "api"
    TAKEN = "taken"


class NoticeState(StrEnum):
    """Where a notice is."""

    OPEN = "open"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


class LocationState(StrEnum):
    """What became of one place. Removed is what the service has confirmed; until then it is being removed."""

    WAITING = "waiting"
    REMOVING = "removing"
    REMOVED = "removed"
    KEPT = "kept"
    NOT_FOUND = "not_found"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """How a notice ended, over all its places."""

    REMOVED = "removed"
    KEPT = "kept"
    MIXED = "mixed"
    NOT_FOUND = "not_found"


class ComplaintState(StrEnum):
    """What became of a complaint."""

    WAITING = "waiting"
    UPHELD = "upheld"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a picture is: its address, and what helps to find it there. `item` is how the service calls it, where the
    service itself brings the notice."""

    url: str
    note: str = ""
    item: str | None = None

    def __post_init__(self) -> None:
        if not self.url.isprintable() or not _ADDRESS.fullmatch(self.url):
            raise RefusedError(
                "That is no address of a page or picture.", hint="Copy it whole; it begins with https:// or http://."
            )
        if len(self.url) > MOST_URL:
            raise RefusedError(f"An address has at most {MOST_URL:,} characters.")
        _short("What helps to find it", self.note, MOST_NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeForm:
    """All that a notice may say. Only a location is needed; whatever else is missing decides which laws apply too.

    `minor`: was the person in the picture under 18 when it was made? With yes or unsure, only the locations are used
    and kept. `intimate` declares that it is an intimate image (`uk_declaration`), `good_faith` that it is there without
    consent, `accurate` that all this is true to one's best knowledge. `signals` is the text that the page's own hashing
    made. `insider`: somebody who works at the service may be involved.
    """

    language: str = "en"
    role: Role = Role.SELF
    minor: Answer = Answer.NO
    locations: tuple[Location, ...]
    explanation: str = field(default="", repr=False)
    good_faith: bool = False
    accurate: bool = False
    intimate: bool = False
    signature: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    contact: str = field(default="", repr=False)
    synthetic: Answer | None = None
    insider: bool = False
    signals: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise RefusedError("That language is not known here.", hint="Known: en, fr.")
        if not self.locations:
            raise RefusedError("Where the picture is has to be said.", hint="Copy its address from the browser.")
        if len(self.locations) > MOST_LOCATIONS:
            raise RefusedError(
                f"At most {MOST_LOCATIONS} addresses at a time.", hint="Send the others in another notice."
            )
        if len({one.url for one in self.locations}) != len(self.locations):
            raise RefusedError("One address stands there twice.", hint="Leave out one of the two.")
        _short("The explanation", self.explanation, MOST_TEXT)
        for what, text in (("The signature", self.signature), ("The name", self.name)):
            _short(what, text, MOST_NAME)
        _short("The contact", self.contact, MOST_CONTACT)

    @property
    def track(self) -> Track:
        """A person who may have been under 18 is treated as one who was."""
        return Track.ADULT if self.minor is Answer.NO else Track.CHILD

    def elements(self) -> tuple[Element, ...]:
        """Which of the things that laws ask for it has. Of a child's notice, nothing but the locations counts."""
        found = {Element.LOCATION: True, Element.ORDER: self.role is Role.AUTHORITY}
        if self.track is Track.ADULT:
            found |= {
                Element.EXPLANATION: bool(self.explanation.strip()), Element.GOOD_FAITH: self.good_faith,
                Element.ACCURATE: self.accurate, Element.INTIMATE: self.intimate,
                Element.SIGNATURE: bool(self.signature.strip()), Element.NAME: bool(self.name.strip()),
                Element.CONTACT: bool(self.contact.strip()),
            }  # fmt: skip
        return tuple(one for one in Element if found.get(one))

    def told(self) -> dict[str, str]:
        """What identifies people or was written freely, by the name that it is sealed under."""
        if self.track is Track.CHILD:
            return {}
        texts = {
            "name": self.name, "contact": self.contact, "signature": self.signature, "explanation": self.explanation,
        }  # fmt: skip
        return {name: text.strip() for name, text in texts.items() if text.strip()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What the sender is shown, once: the number and the secret, by when at the latest, and which laws apply too.

    `guarded`: a signal was given and looks for copies. `notice` is the internal id.
    """

    notice: str
    number: str
    secret: str = field(repr=False)
    track: Track
    received: datetime
    due: datetime
    regimes: tuple[Applied, ...]
    guarded: bool


def preview(form: NoticeForm, regimes_on: Sequence[str]) -> tuple[Applied, ...]:
    """How each law would stand to this notice, to be said before it is sent."""
    return applying(regimes_on, form.elements(), form.role, child=form.track is Track.CHILD)


def _short(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise RefusedError(f"{what} has at most {most:,} characters.", hint="Shorten it.")
    if "\x00" in text:
        raise RefusedError(f"{what} holds a character that cannot be kept.", hint="Leave out the character NUL.")
