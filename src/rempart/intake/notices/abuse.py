"""Who sends very many notices is slowed, and who sends notices without ground again and again is looked at later, after
a warning. A notice that says where a picture is is never refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.records import cases
from rempart.cases.work.settings import PRIORITIES
from rempart.errors import ConflictError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Keyring
from rempart.intake.notices.letters import WARNED_DAYS, LetterKind
from rempart.intake.notices.reading import visible
from rempart.intake.notices.records import complaints as records
from rempart.intake.notices.records import locations, notices
from rempart.intake.notices.records.complaints import WarningRow
from rempart.intake.notices.sealing import box_of, network_of
from rempart.intake.notices.values import NoticeState, Outcome
from rempart.intake.notices.writing import Writer
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import sessions
from rempart.store.engine import Store

FREE = 5
"""Notices in an hour from one network that are taken at once."""
LONGEST = timedelta(seconds=20)
"""How long an answer is kept back at most."""
BEFORE_WARNING = 2
"""Notices without ground before a sender may be warned."""
AFTER_WARNING = 2
"""Notices without ground after a warning, from which on further ones are looked at later."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a sender stands: notices without ground (since the last warning), until when a warning stands, and whether
    their notices are looked at later."""

    unfounded: int
    warned_at: datetime | None
    until: datetime | None
    later: bool


def pause(store: Store, *, keyring: Keyring, address: str, at: datetime) -> timedelta:
    """For how long the answer to a notice that was just sent from this address is to be kept back, counting it.

    The first few of an hour not at all, then for longer each time, at most twenty seconds. It counts in the database,
    for all processes, whatever comes of the notice.
    """
    network = network_of(address) or "unknown"
    with store.write() as conn:
        subject = box_of(keyring).mark(f"notices sent {network}")
        count = sessions.count_attempt(conn, subject, at=at, since=at - _HOUR)
    return timedelta(0) if count <= FREE else min(LONGEST, timedelta(seconds=2 ** min(count - FREE, 10)))


def standing(conn: Connection, sender: bytes | None, *, at: datetime) -> Standing:
    """How a sender stands now."""
    row = None if sender is None else records.warning_of(conn, sender)
    if row is None:
        return Standing(unfounded=0, warned_at=None, until=None, later=False)
    stands = row.until is not None and at < row.until
    return Standing(
        unfounded=row.unfounded, warned_at=row.warned_at if stands else None, until=row.until if stands else None,
        later=stands and row.unfounded >= AFTER_WARNING,
    )  # fmt: skip


def unfounded(conn: Connection, notice_id: str, who: Principal, *, at: datetime) -> Standing:
    """Say that a notice that was decided had no ground at all; gives how its sender stands then.

    That is more than that something stays: a person who was wrong in good faith is not meant. Raises NotFoundError,
    ConflictError for a notice that is open, was right, or was marked before, and RefusedError where nobody could tell
    one sender from another.
    """
    if not who.may(Permission.NOTICES_DECIDE):
        raise NotPermittedError("You may not decide about notices.")
    row = visible(conn, notice_id, who, lock=True)
    if row.sender is None:
        raise RefusedError("Nothing is kept of who sent this notice.", hint="There is nobody to be counted.")
    if row.state != NoticeState.DECIDED or row.outcome not in (Outcome.KEPT, Outcome.NOT_FOUND):
        raise ConflictError("Only a notice after which everything stayed can have been without ground.")
    if row.unfounded_at is not None:
        raise ConflictError("This notice was marked before.")
    before = records.warning_of(conn, row.sender, lock=True)
    notices.change(conn, row.id, unfounded_at=at)
    _put(conn, row.sender, before, at, unfounded=1 if before is None else before.unfounded + 1)
    append(conn, Leaf(action="notice.unfounded", actor=who.pseudonym, subject=f"notice:{row.id}"), at=at)
    return standing(conn, row.sender, at=at)


def warn(conn: Connection, notice_id: str, who: Principal, *, writer: Writer, at: datetime) -> Standing:
    """Warn the sender of a notice, by a letter on its page; it stands for some months.

    Leads do so. Raises ConflictError while there is too little to warn of, or a warning stands already.
    """
    if not who.may(Permission.NOTICES_LEAD):
        raise NotPermittedError("Only a lead may do this.")
    row = visible(conn, notice_id, who, lock=True)
    before = None if row.sender is None else records.warning_of(conn, row.sender, lock=True)
    if row.sender is None or before is None or before.unfounded < BEFORE_WARNING:
        raise ConflictError(f"A sender is warned after {BEFORE_WARNING} notices without ground, no sooner.")
    if before.until is not None and at < before.until:
        raise ConflictError("A warning stands already.")
    until = at + timedelta(days=WARNED_DAYS)
    _put(conn, row.sender, before, at, unfounded=0, warned_at=at, until=until, by=who.pseudonym)
    append(conn, Leaf(action="notice.warned", actor=who.pseudonym, subject=f"notice:{row.id}"), at=at)
    writer.write(conn, LetterKind.WARNING, row.id, at=at)
    return standing(conn, row.sender, at=at)


def look_later(conn: Connection, notice_id: str, *, at: datetime) -> None:
    """Take the cases that a notice has just opened after others' notices; when they are due stays as it was."""
    for case_id in {one.case_id for one in locations.of(conn, [notice_id])}:
        case = cases.find(conn, case_id)
        if case is not None and case.opened == at and case.priority == PRIORITIES["high"]:
            cases.change(conn, case_id, priority=PRIORITIES["normal"])


def _put(conn: Connection, sender: bytes, before: WarningRow | None, at: datetime, **values: object) -> None:
    usual: dict[str, object] = {"unfounded": 0, "warned_at": None, "until": None, "by": None}
    if before is not None:
        usual = {name: getattr(before, name) for name in usual}
    records.put_warning(conn, {**usual, **values, "sender": sender, "last": at})
