"""What people are written about their notices: composed from the state of the notice, sealed, and mailed where they
gave an address for that.

A letter names no address of a picture, no copy and no other place, and its subject says nothing: others may read over
a shoulder. What it lists by number, the page of the case shows in full.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib import resources

from babel.dates import format_date, format_datetime
from sqlalchemy import Connection

from rempart.deadlines import clocks
from rempart.deadlines.regimes import Element, in_force, regimes
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Keyring
from rempart.intake.notices.records import letters as records
from rempart.intake.notices.records.locations import LocationRow
from rempart.intake.notices.records.notices import NoticeRow
from rempart.intake.notices.sealing import box_of, letter_owner, opened
from rempart.intake.notices.values import LocationState
from rempart.people.principal import SYSTEM
from rempart.store.ids import new_id

CONTACT = "contact"
WARNED_DAYS = 90
_UNKNOWN = "other"


class LetterKind(StrEnum):
    """What letters there are."""

    ACKNOWLEDGEMENT = "acknowledgement"
    REMOVED = "removed"
    KEPT = "kept"
    COMPLAINT_RECEIVED = "complaint_received"
    COMPLAINT_UPHELD = "complaint_upheld"
    COMPLAINT_REJECTED = "complaint_rejected"
    WITHDRAWN = "withdrawn"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter as it was written. `text` is empty once it was erased; `mailed` is when it was put into the post."""

    id: str
    kind: LetterKind
    language: str
    at: datetime
    subject: str
    text: str = field(repr=False)
    mailed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who writes: the address of the public page, the authority that watches, and where help is, a line each.

    `regulator` and `help` are by language.
    """

    page: str
    regulator: Mapping[str, str] = field(default_factory=dict)
    help: Mapping[str, Sequence[str]] = field(default_factory=dict)


Post = Callable[[Connection, str, Letter], bool]
"""Puts a letter to an address into the post, in the caller's transaction; False where no mail can be sent there."""


def nothing_posted(conn: Connection, address: str, letter: Letter) -> bool:
    """The post of a service without mail."""
    return False


def compose(
    kind: LetterKind,
    notice: NoticeRow,
    locations: Sequence[LocationRow],
    *,
    sender: Sender,
    at: datetime,
    language: str | None = None,
) -> Letter:
    """The letter as it would be written now; nothing is stored. Times are in UTC."""
    lang = language or notice.language
    words = texts(lang)
    values = {
        "number": notice.number, "received": _moment(notice.received, lang), "due": _moment(notice.due, lang),
        "count": str(len(locations)), "page": sender.page, "days": str(WARNED_DAYS),
        "regimes": _regimes(notice, words, lang), "outcome": _outcome(locations, words, lang),
        "why": _why(locations, words), "redress": _redress(notice, sender, words, lang),
        "help": _help(sender, words, lang), "erased": words["erased"]["later" if notice.under_law else "now"],
    }  # fmt: skip
    own = words[kind.value]
    text = own["text"].format_map(values)
    return Letter(
        id=new_id("letter"), kind=kind, language=lang, at=at, subject=own["subject"].format_map(values),
        text="\n\n".join(part.strip("\n") for part in text.split("\n\n") if part.strip()),
    )  # fmt: skip


def write(
    conn: Connection,
    kind: LetterKind,
    notice: NoticeRow,
    locations: Sequence[LocationRow],
    *,
    sender: Sender,
    keyring: Keyring,
    at: datetime,
    post: Post = nothing_posted,
) -> Letter:
    """Write a letter in the caller's transaction: sealed, with its leaf, posted where the person gave an address."""
    letter = compose(kind, notice, locations, sender=sender, at=at)
    body = json.dumps({"subject": letter.subject, "text": letter.text}, ensure_ascii=False)
    address = opened(conn, notice.id, [CONTACT], keyring=keyring).get(CONTACT, "")
    mailed = at if address and post(conn, address, letter) else None
    row = {
        "id": letter.id, "notice": notice.id, "kind": kind.value, "language": letter.language, "at": at,
        "sealed": box_of(keyring).seal(body, owner=letter_owner(letter.id)), "mailed": mailed,
    }  # fmt: skip
    records.add(conn, row)
    facts = {"kind": kind.value, "language": letter.language, "mailed": mailed is not None}
    append(
        conn, Leaf(action="letter.written", actor=SYSTEM.pseudonym, facts=facts, subject=f"notice:{notice.id}"), at=at
    )
    return letter


def letters_of(conn: Connection, notice: str, *, keyring: Keyring) -> tuple[Letter, ...]:
    """The letters about a notice, the oldest first. Raises TamperedError."""
    box, found = box_of(keyring), []
    for row in records.of(conn, [notice]):
        sealed = row.sealed
        body = {} if sealed is None else json.loads(box.open(sealed, owner=letter_owner(row.id)))
        found.append(
            Letter(
                id=row.id, kind=LetterKind(row.kind), language=row.language, at=row.at, mailed=row.mailed,
                subject=body.get("subject", ""), text=body.get("text", ""),
            )
        )  # fmt: skip
    return tuple(found)


@cache
def texts(language: str) -> Mapping[str, Mapping[str, str]]:
    """The words of letters in a language; KeyError where there are none."""
    if language not in LANGUAGES:
        raise KeyError(language)
    file = resources.files("rempart.intake.notices") / "lettertexts" / f"{language}.json"
    found: Mapping[str, Mapping[str, str]] = json.loads(file.read_text("utf-8"))
    return found


LANGUAGES = ("en", "fr")


def _regimes(notice: NoticeRow, words: Mapping[str, Mapping[str, str]], lang: str) -> str:
    lines = []
    for one in in_force(set(notice.regimes) & set(regimes())):
        stands = notice.regimes.get(one.id)
        if stands is None or stands.get("barred"):
            continue
        if stands["missing"]:
            missing = ", ".join(words["element"][Element(part)] for part in stands["missing"])
            lines.append(words["regime"]["lacks"].format(title=one.title(lang), missing=missing))
        else:
            clock = clocks.clock(notice.received, one)
            due = words["regime"]["no_hour"] if clock is None else _moment(clock.due, lang)
            lines.append(words["regime"]["applies"].format(title=one.title(lang), due=due))
    return "\n".join(lines)


def _outcome(locations: Sequence[LocationRow], words: Mapping[str, Mapping[str, str]], lang: str) -> str:
    lines = []
    for one in locations:
        when = "" if one.removed_at is None else _moment(one.removed_at, lang)
        lines.append(words["line"][one.state].format(place=one.place, when=when))
    return "\n".join(lines)


def _why(locations: Sequence[LocationRow], words: Mapping[str, Mapping[str, str]]) -> str:
    """One sentence for each reason why something stays; reviewers' categories without words of their own share one."""
    kept = [one for one in locations if one.state == LocationState.KEPT]
    known = words["why"]
    return "\n".join(dict.fromkeys(known.get(one.why or _UNKNOWN, known[_UNKNOWN]) for one in kept))


def _redress(notice: NoticeRow, sender: Sender, words: Mapping[str, Mapping[str, str]], lang: str) -> str:
    own, lines = words["redress"], []
    if notice.complaint_until is not None:
        until = format_date(notice.complaint_until, "d MMMM y", locale=lang)
        lines.append(own["complaint"].format(until=until, page=sender.page))
    lines.append(own["outside"])
    if regulator := sender.regulator.get(lang):
        lines.append(own["regulator"].format(regulator=regulator))
    return "\n".join(lines)


def _help(sender: Sender, words: Mapping[str, Mapping[str, str]], lang: str) -> str:
    lines = sender.help.get(lang, ())
    return "\n".join([words["help"]["heading"], *lines]) if lines else ""


def _moment(at: datetime, lang: str) -> str:
    shown = format_datetime(at, "d MMMM y, HH:mm", locale=lang)
    return f"{shown} UTC"
