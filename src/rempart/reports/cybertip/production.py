"""Filing for real: only where the operator set it, two people said so, and the service itself knows the credentials.

Three things must hold at once, and each alone keeps the switch off: the setting says production; the last turn of the
switch is on, and was asked and seconded for the very place and name that the settings have now; and the credentials
were accepted before each of the two said so. Whoever leads may switch it off alone and at once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Protocol, Self

from sqlalchemy import Connection

from rempart.errors import ConflictError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people import approvals
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import approvals as approval_records
from rempart.people.records.approvals import Approval
from rempart.reports.cybertip.records import switches
from rempart.reports.cybertip.records.switches import SwitchRow

KIND = "report.production"
"""The kind of approval."""
SUBJECT = "cybertip:production"
OFF = "report.production_off"
"""What the ledger calls switching it off, which is done again after a restore."""
MOST_WHY = 2_000
PRODUCTION = "production"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where reports would go for real, as whom, and in whose name; `setting` is what the operator set."""

    setting: str
    address: str
    user: str
    reporter: str
    email: str

    @property
    def digest(self) -> bytes:
        """What two people say yes to: any change of it switches off."""
        told = [self.address, self.user, self.reporter, self.email]
        return sha256(json.dumps(["cybertip production v1", *told], ensure_ascii=False).encode()).digest()


class SwitchState(StrEnum):
    """How the switch stands."""

    NOT_SET = "not_set"
    OFF = "off"
    ASKED = "asked"
    CHANGED = "changed"
    ON = "on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """How the switch stands for a target, by its last turn and the question that waits."""

    state: SwitchState
    turn: SwitchRow | None = None
    question: Approval | None = None

    @property
    def on(self) -> bool:
        """Whether reports go out for real."""
        return self.state is SwitchState.ON


class _Answer(Protocol):
    @property
    def kind(self) -> str: ...


class _Service(Protocol):
    def status(self) -> _Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The service knew the credentials of this target at that time."""

    target: bytes
    at: datetime

    @classmethod
    def by_asking(cls, service: _Service, target: Target, *, at: datetime) -> Self:
        """Ask the service. Raises RefusedError when it does not know them, UnavailableError when it does not answer."""
        answer = service.status()
        if answer.kind != "ok":
            raise RefusedError(
                "The reporting service does not accept these credentials.",
                hint="Look at the user and password in the settings of this deployment; nothing was switched on.",
            )
        return cls(target=target.digest, at=at)


def switch(conn: Connection, target: Target) -> Switch:
    """How the switch stands now."""
    turn = switches.newest(conn)
    question = next(iter(approval_records.open_about(conn, kind=KIND, subject=SUBJECT)), None)
    if target.setting != PRODUCTION:
        state = SwitchState.NOT_SET
    elif turn is not None and turn.enabled:
        state = SwitchState.ON if turn.target == target.digest else SwitchState.CHANGED
    else:
        state = SwitchState.OFF
    if question is not None and state in (SwitchState.OFF, SwitchState.CHANGED):
        state = SwitchState.ASKED
    return Switch(state=state, turn=turn, question=question)


def require(conn: Connection, target: Target) -> None:
    """Raise RefusedError unless reports go out for real now; whatever sends asks this each time."""
    if not switch(conn, target).on:
        raise RefusedError(
            "Filing for real is not switched on.", hint="A lead asks for it on the page of reports, another confirms."
        )


def ask(conn: Connection, who: Principal, target: Target, *, checked: Checked, at: datetime) -> str:
    """Ask to file for real; gives the id of the approval.

    Raises NotPermittedError for whoever is no lead, RefusedError where the settings do not say production or the
    credentials were not checked, ConflictError when it is on already.
    """
    _lead(who)
    _valid(target, checked, at=at)
    if switch(conn, target).on:
        raise ConflictError("Filing for real is switched on already.", hint="Nothing has to be done.")
    return approvals.ask(
        conn, kind=KIND, subject=SUBJECT, digest=target.digest, by=who, at=at, facts={"environment": PRODUCTION}
    )


def decide(
    conn: Connection,
    approval_id: str,
    who: Principal,
    approve: bool,
    reason: str,
    *,
    target: Target,
    checked: Checked | None,
    at: datetime,
    alone_after: timedelta | None = None,
) -> None:
    """Second it, or not. `checked` is needed to say yes. Raises RefusedError, and then nothing has changed."""
    if approve:
        if checked is None:
            raise RefusedError("The credentials were not checked.", hint="Try again; nothing was switched on.")
        _valid(target, checked, at=at)
    found = approvals.decide(
        conn, approval_id, who, approve, reason, digest=target.digest, at=at, alone_after=alone_after
    )
    if found.kind != KIND:
        raise RefusedError("This is another question.", hint="Open it from the page of approvals.")
    if not approve:
        return
    switches.add(conn, enabled=True, target=target.digest, approval=approval_id, why=reason, by=who.pseudonym, at=at)
    told = Leaf(action="report.production_on", actor=who.pseudonym, facts={"approval": approval_id}, subject=SUBJECT)
    append(conn, told, at=at)


def switch_off(conn: Connection, who: Principal, *, why: str, at: datetime) -> None:
    """Stop filing for real, at once; a question that waits is taken back.

    Raises NotPermittedError for whoever is no lead, RefusedError without a reason, ConflictError when it is off.
    """
    _lead(who)
    why = why.strip()
    if not why or len(why) > MOST_WHY:
        raise RefusedError("A reason is missing, or is too long.", hint="Write in a sentence why.")
    waiting = approval_records.open_about(conn, kind=KIND, subject=SUBJECT)
    turn = switches.newest(conn)
    if not waiting and (turn is None or not turn.enabled):
        raise ConflictError("Filing for real is switched off already.", hint="Nothing has to be done.")
    for one in waiting:
        approvals.withdraw(conn, one.id, by=who, at=at)
    _off(conn, by=who.pseudonym, why=why, at=at)
    append(conn, Leaf(action=OFF, actor=who.pseudonym, sealed={"why": why}, subject=SUBJECT), at=at)


def off_again(conn: Connection, *, at: datetime) -> bool:
    """Switched off after the backup that was restored: so it is off. False when it was off in it."""
    turn = switches.newest(conn)
    if turn is None or not turn.enabled:
        return False
    _off(conn, by="restore", why="it was switched off before a restore", at=at)
    return True


def _off(conn: Connection, *, by: str, why: str, at: datetime) -> None:
    switches.add(conn, enabled=False, target=b"", why=why, by=by, at=at)


def _lead(who: Principal) -> None:
    if who.kind != "person" or not who.may(Permission.REPORTS_LEAD):
        raise NotPermittedError("Only a lead may do this.", hint="Ask a lead.")


def _valid(target: Target, checked: Checked, *, at: datetime) -> None:
    if target.setting != PRODUCTION:
        raise RefusedError(
            "The settings do not say production.", hint="Set [cybertip] environment to production, and start again."
        )
    if not target.user or not target.email:
        raise RefusedError(
            "User or reporter are missing in the settings.", hint="See the table [cybertip] in docs/settings.md."
        )
    if checked.target != target.digest or not timedelta(0) <= at - checked.at <= _FRESH:
        raise RefusedError("The credentials were not checked.", hint="Try again; nothing was switched on.")


_FRESH = timedelta(minutes=5)
