"""What a client gets to see, as typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from rempart.errors import ServerAnswerError


class Verdict(StrEnum):
    """What to do with an item."""

    ALLOW = "allow"
    HOLD = "hold"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An entry that was found; only for keys with the scope `analyst`. `facts` has all that the server told."""

    list: str
    entry: str
    signal: str
    distance: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a file says of where it comes from; anybody can write that into a file, and no verdict follows from it.

    `declaration` is `ai_made`, `ai_edited`, `camera`, `conflicting` or `none`, which is no sign either way. `state` is
    that of signed credentials: `trusted`, `valid` (of a signer whom nobody knows), `invalid`, or None without any.
    """

    declaration: str
    state: str | None = None
    generator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A verdict. `checked` is False when Rempart could not be asked and `verdict` is the client's own, see `problem`.

    An unknown verdict of a later server reads as `hold`. `case` and `matches` need the scope `analyst`.
    `origin` is None where there were no bytes to look at.
    """

    item_id: str
    verdict: Verdict
    outcome: str
    request_id: str | None = None
    checked: bool = True
    problem: str | None = None
    case: str | None = None
    matches: tuple[Match, ...] = ()
    origin: Origin | None = None

    @property
    def allowed(self) -> bool:
        """True when the item may be shown."""
        return self.verdict is Verdict.ALLOW

    @property
    def held(self) -> bool:
        """True when it waits for people, or for Rempart to be there again."""
        return self.verdict is Verdict.HOLD

    @property
    def blocked(self) -> bool:
        """True when it must not be shown."""
        return self.verdict is Verdict.BLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What the server knows of an item now. `decided`: people have decided about these bytes."""

    item_id: str
    verdict: Verdict
    request_id: str
    checked: datetime
    decided: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A verdict that changed after the first answer. `item_id` is None once the item was erased.

    `url` is where an item is that you never asked about: a person gave notice of it there.
    With the `subject` account it is about an `uploader`, whose account people decided to have blocked for good; then
    there is no item.
    """

    seq: int
    id: str
    item_id: str | None
    verdict: Verdict
    previous: Verdict | None
    at: datetime | None = None
    subject: str = "item"
    uploader: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPage:
    """Decisions in order. Keep `next` and ask again after it; with `more` there are further ones already."""

    decisions: tuple[Decision, ...]
    next: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A statement of reasons to hand to an uploader: `text` in their `language`, or either text of `texts`.

    Its `kind` is `restriction`, or `lifted` when the restriction `about` is over. It is about an item, whose `item_id`
    is None once it was erased, or with the `subject` account about an `uploader`. `document` has all that was told.
    """

    seq: int
    id: str
    kind: str
    subject: str
    item_id: str | None
    uploader: str | None
    language: str
    at: datetime
    about: str | None
    texts: Mapping[str, str]
    document: Mapping[str, Any]

    @property
    def text(self) -> str:
        """What the uploader is to read, as plain text."""
        return self.texts.get(self.language) or self.texts["en"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonPage:
    """Statements of reasons in order. Keep `next` and ask again after it; with `more` there are further ones."""

    reasons: tuple[Reason, ...]
    next: int
    more: bool


def answer_of(told: Any) -> Answer:
    """A check's answer. Raises ServerAnswerError for what is none."""
    try:
        return Answer(
            item_id=str(told["item_id"]), verdict=verdict_of(told["verdict"]), outcome=str(told["outcome"]),
            request_id=str(told["request_id"]), case=told.get("case"),
            matches=tuple(
                Match(
                    list=one["list"], entry=one["entry"], signal=one["signal"], distance=one["distance"], facts=one
                )
                for one in told.get("matches") or ()
            ),
            origin=_origin_of(told.get("origin")),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as err:
        raise ServerAnswerError from err


def _origin_of(told: Any) -> Origin | None:
    """None of an earlier server, which tells none."""
    if told is None:
        return None
    return Origin(declaration=str(told["declaration"]), state=told["c2pa"]["state"], generator=told["generator"])


def item_of(told: Any) -> Item:
    """An item. Raises ServerAnswerError for what is none."""
    try:
        return Item(
            item_id=str(told["item_id"]), verdict=verdict_of(told["verdict"]), request_id=str(told["request_id"]),
            checked=datetime.fromisoformat(told["checked"]), decided=bool(told["decided"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as err:
        raise ServerAnswerError from err


def decision_of(told: Any, *, at: str | None = None) -> Decision:
    """A decision of the feed, or of a webhook (which tells the time apart). Raises ServerAnswerError."""
    try:
        time = told.get("at") or at
        return Decision(
            seq=int(told["seq"]), id=str(told["id"]), item_id=told["item_id"], verdict=verdict_of(told["verdict"]),
            subject=str(told.get("subject", "item")), uploader=told.get("uploader"),
            url=told.get("url"),
            previous=None if told.get("previous") is None else verdict_of(told["previous"]),
            at=None if time is None else datetime.fromisoformat(time),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise ServerAnswerError from err


def page_of(told: Any) -> DecisionPage:
    """A page of the feed. Raises ServerAnswerError."""
    try:
        found: Sequence[Any] = told["decisions"]
        return DecisionPage(
            decisions=tuple(decision_of(one) for one in found), next=int(told["next"]), more=bool(told["more"])
        )
    except (KeyError, TypeError, ValueError) as err:
        raise ServerAnswerError from err


def confirmed_of(told: Any) -> datetime | None:
    """Since when a decision is known to be carried out. Raises ServerAnswerError."""
    try:
        return None if told["confirmed"] is None else datetime.fromisoformat(told["confirmed"])
    except (KeyError, TypeError, ValueError) as err:
        raise ServerAnswerError from err


def reason_of(told: Any) -> Reason:
    """A statement of reasons. Raises ServerAnswerError for what is none."""
    try:
        return Reason(
            seq=int(told["seq"]), id=str(told["id"]), kind=str(told["kind"]), subject=str(told["subject"]),
            item_id=told["item_id"], uploader=told["uploader"], language=str(told["language"]),
            at=datetime.fromisoformat(told["at"]), about=told["about"], document=told,
            texts={str(name): str(text) for name, text in told["text"].items()},
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise ServerAnswerError from err


def reason_page_of(told: Any) -> ReasonPage:
    """A page of statements. Raises ServerAnswerError."""
    try:
        found: Sequence[Any] = told["statements"]
        return ReasonPage(
            reasons=tuple(reason_of(one) for one in found), next=int(told["next"]), more=bool(told["more"])
        )
    except (KeyError, TypeError, ValueError) as err:
        raise ServerAnswerError from err


def verdict_of(text: object) -> Verdict:
    """A verdict; what is not known is `hold`, never `allow`."""
    try:
        return Verdict(str(text))
    except ValueError:
        return Verdict.HOLD
