"""Referrals by people: drafted from a case, asked, confirmed by a second person, taken back.

Content leaves only when two people agreed on just this: the digest covers every word, every content by its digest, and
the keys that it is sealed to. In immediate danger, or where nobody seconds within the team's limit, one named person
may confirm alone: that is marked *single*, and another person looks at it afterwards.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from rempart.cases.records.cases import Case
from rempart.cases.work.settings import current
from rempart.errors import ConflictError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Keyring
from rempart.people import approvals
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import approvals as asked_records
from rempart.people.records.approvals import Approval
from rempart.reports.orders.reading import of_case as orders_of
from rempart.reports.orders.values import Ground
from rempart.reports.referrals import sealing
from rempart.reports.referrals.authorities import find as find_authority
from rempart.reports.referrals.gathering import gather
from rempart.reports.referrals.recipients import Recipient, Sender
from rempart.reports.referrals.records import referrals as records
from rempart.reports.referrals.records.referrals import ReferralRow, owner
from rempart.reports.referrals.standing import authority_of, case_for, referral_for, route_of, task_of
from rempart.reports.referrals.values import LANGUAGES, NEEDS_TWO, Part, State, hold_back, may_receive
from rempart.store.ids import new_id

KIND = "referral"
MOST_NOTE = 4_000
MOST_WORDS = 300
KEEP = timedelta(days=365)
"""How long what a referral said, or why it was taken back, stays readable after its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to hand over. `parts` None: all that the recipients may be given, but for content. `order` is
    the order or request about the case that it answers, from the register of orders."""

    case_id: str
    to: Sequence[str]
    content: bool = False
    parts: Collection[Part] | None = None
    ground: Ground = Ground.VOLUNTARY
    order: str = ""
    language: str = "en"
    note: str = ""


def draft(
    conn: Connection, wanted: Wanted, who: Principal, *, sender: Sender, keyring: Keyring, at: datetime
) -> ReferralRow:
    """Freeze what a case comes to for these recipients; nothing leaves by it.

    Raises NotPermittedError, NotFoundError, ConflictError, and RefusedError for a part that a recipient may not be
    given, for content of which nothing is kept, and for what is no language or too long a note.
    """
    case = case_for(conn, wanted.case_id, who, Permission.REPORTS_PREPARE, lock=True)
    recipients = sender.chosen(wanted.to)
    parts = _parts(wanted, recipients)
    if wanted.language not in LANGUAGES:
        raise RefusedError("A cover is written in English or French.")
    if len(wanted.note) > MOST_NOTE:
        raise RefusedError(f"A note has at most {MOST_NOTE} characters.", hint="Shorten it.")
    if wanted.order and wanted.order not in {one.id for one in orders_of(conn, case.id, who)}:
        raise RefusedError("There is no such order about this case.", hint="Enter it in the register of orders first.")
    found = route_of(conn, case, sender)
    authority = authority_of(found, recipients)
    row, task = find_authority(authority), task_of(conn, case, found, authority)
    referral = new_id("referral")
    frame = {
        "language": wanted.language, "ground": wanted.ground.value, "note": wanted.note.strip(),
        "authority": authority, "authority_name": row.name[wanted.language] if row else "",
        "source": row.source[wanted.language] if row else "",
    }  # fmt: skip
    frozen = gather(
        conn, case, referral=referral, sender=sender, recipients=recipients, parts=parts, frame=frame, at=at
    )  # fmt: skip
    if Part.CONTENT in parts and not frozen["contents"]:
        raise RefusedError(
            "Nothing of this case's content is kept any more.", hint="Hand over the locations without content."
        )
    made = ReferralRow(
        id=referral, case_id=case.id, task_id=None if task is None else task.id, authority=authority,
        regime=row.regime if row else "", classes=" ".join(sorted({one.kind.value for one in recipients})),
        parts=" ".join(frozen["parts"]), content=bool(NEEDS_TWO & parts), ground=wanted.ground.value,
        order=wanted.order or None, danger=case.danger or bool(task is not None and task.facts.get("single")),
        language=wanted.language,
        state=State.DRAFT, created=at, created_by=who.pseudonym,
        frozen=sealing.sealed(frozen, owner=owner(referral, "frozen"), keyring=keyring), digest=digest_of(frozen),
        asked_at=None, asked_by=None, confirmed_at=None, confirmed_by=None, single=False, reviewed_at=None,
        reviewed_by=None, ended_at=None, ended_by=None, outcome=None, keep_until=None,
    )  # fmt: skip
    records.add(conn, made)
    _tell(conn, "drafted", made, who, at=at, facts={"items": len(frozen["locations"]), "parts": frozen["parts"]})
    return made


def ask(conn: Connection, referral: str, who: Principal, *, at: datetime) -> str:
    """Ask a second person to confirm what was drafted; gives the approval's id. What holds no content needs nobody else
    and is confirmed at once: the id is empty then.

    Raises NotPermittedError, also for content where whoever asks is no person, NotFoundError, ConflictError where it
    stands elsewhere.
    """
    row, _ = referral_for(conn, referral, who, Permission.REPORTS_PREPARE, lock=True)
    _hold(row, State.DRAFT)
    if not row.content:
        _confirm(conn, row, who, at=at, single=False)
        return ""
    if who.kind != "person":  # else whoever has the console would be two
        raise NotPermittedError("A person asks for content to leave.", hint="In a command, name one: --as NAME.")
    asked = approvals.ask(
        conn, kind=KIND, subject=_subject(row.id), digest=row.digest, by=who, at=at
    )  # fmt: skip
    records.change(conn, row.id, state=State.ASKED.value, asked_at=at, asked_by=who.pseudonym)
    _tell(conn, "asked", row, who, at=at)
    return asked


def decide(
    conn: Connection,
    approval: Approval,
    who: Principal,
    *,
    approve: bool,
    reason: str,
    sender: Sender,
    keyring: Keyring,
    at: datetime,
    alone_after: timedelta | None = None,
) -> None:
    """Confirm or refuse what another asked; refused, it is a draft again. What was asked is compared with what would be
    packed now, for whom the settings name now.

    Raises what `approvals.decide` raises, and NotFoundError also where the second person has still to answer.
    """
    row, _ = referral_for(
        conn, approval.subject.partition(":")[2], who, Permission.REPORTS_APPROVE, lock=True
    )  # fmt: skip
    _hold(row, State.ASKED)
    if approve:
        held_good(frozen_of(row, keyring=keyring), sender)
    approvals.decide(
        conn, approval.id, who, approve, reason, digest=digest_of(frozen_of(row, keyring=keyring)), at=at,
        alone_after=alone_after,
    )  # fmt: skip
    if approve:
        _confirm(conn, row, who, at=at, single=who.id in (approval.asked_by, approval.asked_behind))
    else:
        records.change(conn, row.id, state=State.DRAFT.value, asked_at=None, asked_by=None)


def confirm_alone(conn: Connection, referral: str, who: Principal, *, reason: str, at: datetime) -> None:
    """Confirm alone: where somebody is in immediate danger, where the decision itself was marked *single*, or where a
    second person was asked and nobody answered within the team's limit.

    Raises RefusedError where none of it is so, or without a reason; NotPermittedError for whoever is no person.
    """
    row, case = referral_for(conn, referral, who, Permission.REPORTS_APPROVE, lock=True)
    if who.kind != "person":
        raise NotPermittedError("A named person confirms this.", hint="Sign in.")
    if row.state is not State.ASKED:
        _hold(row, State.DRAFT)
    if not may_be_alone(conn, row, case, at=at):
        raise RefusedError("This needs a second person.", hint="Ask another person to confirm it.")
    if not reason.strip():
        raise RefusedError("A reason is missing.", hint="Say in a sentence why it cannot wait.")
    _withdraw_questions(conn, row, who, at=at)
    _confirm(conn, row, who, at=at, single=True, sealed={"reason": reason.strip()[:2000]})


def may_be_alone(conn: Connection, row: ReferralRow, case: Case, *, at: datetime) -> bool:
    """Whether one named person may confirm a referral now."""
    _, rules = current(conn)
    limit = timedelta(minutes=rules.second_within_minutes)
    waited = row.state is State.ASKED and row.asked_at is not None and at >= row.asked_at + limit
    return row.danger or case.danger or waited


def review(conn: Connection, referral: str, who: Principal, *, at: datetime) -> None:
    """Note that another person looked at what one had confirmed alone. Raises RefusedError for that person."""
    row, _ = referral_for(conn, referral, who, Permission.REPORTS_APPROVE, lock=True)
    if not row.single or row.reviewed_at is not None:
        raise ConflictError("There is nothing to look at afterwards.")
    if who.kind != "person" or who.pseudonym == row.confirmed_by:
        raise RefusedError("Whoever confirmed it alone cannot look at it afterwards.", hint="Another person does.")
    records.change(conn, row.id, reviewed_at=at, reviewed_by=who.pseudonym)
    _tell(conn, "reviewed", row, who, at=at)


def withdraw(conn: Connection, referral: str, who: Principal, *, why: str, keyring: Keyring, at: datetime) -> None:
    """Take a referral back that was not handed over; what was frozen is forgotten.

    A package that was made of it cannot be called back: whether one was is on its page. Raises ConflictError.
    """
    row, _ = referral_for(conn, referral, who, Permission.REPORTS_PREPARE, lock=True)
    _hold(row, State.DRAFT, State.ASKED, State.CONFIRMED)
    _withdraw_questions(conn, row, who, at=at)
    outcome = sealing.sealed({"why": why.strip()[:MOST_WORDS]}, owner=owner(row.id, "outcome"), keyring=keyring)
    records.change(
        conn, row.id, state=State.WITHDRAWN.value, frozen=None, outcome=outcome, ended_at=at, ended_by=who.pseudonym,
        keep_until=at + KEEP,
    )  # fmt: skip
    sealed = {"why": why.strip()[:MOST_WORDS]} if why.strip() else {}
    _tell(conn, "withdrawn", row, who, at=at, sealed=sealed)


def frozen_of(row: ReferralRow, *, keyring: Keyring) -> dict[str, Any]:
    """What was frozen of a referral. Raises ConflictError when it was forgotten, TamperedError."""
    if row.frozen is None:
        raise ConflictError("What this referral said is not kept any more.")
    return sealing.opened(row.frozen, owner=owner(row.id, "frozen"), keyring=keyring)


def digest_of(frozen: Mapping[str, Any]) -> bytes:
    """The SHA-256 of a frozen document, its recipients' keys included."""
    return hashlib.sha256(json.dumps(frozen, sort_keys=True, separators=(",", ":")).encode()).digest()


def held_good(frozen: Mapping[str, Any], sender: Sender) -> None:
    """Refuse what was frozen for recipients that the settings name otherwise by now. Raises ConflictError."""
    known = {one.id: one for one in sender.recipients}
    for one in frozen["to"]:
        now = known.get(one["id"])
        if now is None or (now.kind.value, list(now.keys)) != (one["class"], one["keys"]):
            raise ConflictError(
                "A recipient's keys or class have changed in the settings since.", hint="Draft the referral anew."
            )


def _parts(wanted: Wanted, recipients: tuple[Recipient, ...]) -> frozenset[Part]:
    classes = [one.kind for one in recipients]
    allowed = may_receive(classes)
    chosen = allowed - NEEDS_TWO if wanted.parts is None else frozenset(wanted.parts)
    chosen |= {Part.LOCATIONS} | ({Part.CONTENT} if wanted.content else set())
    hold_back(chosen, classes)
    return chosen


def _confirm(
    conn: Connection, row: ReferralRow, who: Principal, *, at: datetime, single: bool, sealed: Mapping[str, str] = {}
) -> None:
    records.change(
        conn, row.id, state=State.CONFIRMED.value, confirmed_at=at, confirmed_by=who.pseudonym, single=single
    )  # fmt: skip
    _tell(conn, "confirmed", row, who, at=at, facts={"single": single}, sealed=sealed)


def _withdraw_questions(conn: Connection, row: ReferralRow, who: Principal, *, at: datetime) -> None:
    for one in asked_records.open_about(conn, kind=KIND, subject=_subject(row.id)):
        approvals.withdraw(conn, one.id, by=who, at=at)


def _hold(row: ReferralRow, *states: State) -> None:
    if row.state not in states:
        raise ConflictError(f"This referral stands otherwise by now: {row.state}.", hint="Open its page again.")


def _subject(referral: str) -> str:
    return f"referral:{referral}"


def _tell(
    conn: Connection,
    step: str,
    row: ReferralRow,
    who: Principal,
    *,
    at: datetime,
    facts: Mapping[str, Any] = {},
    sealed: Mapping[str, str | bytes] = {},
) -> None:
    told = {"to": row.classes.split(), "authority": row.authority, "content": row.content} | dict(facts)
    leaf = Leaf(
        action=f"referral.{step}", actor=who.pseudonym, facts=told, sealed=sealed, subject=_subject(row.id)
    )  # fmt: skip
    append(conn, leaf, at=at)
