"""Two persons: one asks, another seconds exactly what was asked.

`ask` and `decide` are called in the transaction of the state change they serve. The caller gives `decide` the
digest of the content *as it is now*: when it changed since it was asked, nothing is decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from rempart.errors import RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people.permissions import APPROVED_WITH, Permission
from rempart.people.principal import Principal
from rempart.people.records import approvals as records
from rempart.people.records.approvals import Approval
from rempart.people.records.persons import holders_of
from rempart.store.ids import new_id


def ask(
    conn: Connection,
    *,
    kind: str,
    subject: str,
    digest: bytes,
    by: Principal,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
) -> str:
    """Ask for a second person; gives the id of the approval.

    `kind` is one of `APPROVED_WITH`; `subject` is a random internal reference ("list:…"); `digest` is the SHA-256
    of what shall happen; `facts` are shown to whoever decides and hold no digests, names or item ids. What still
    waits about the same subject and kind is withdrawn: only the newest question can be answered.
    """
    needed(kind)
    for old in records.open_about(conn, kind=kind, subject=subject):
        withdraw(conn, old.id, by=by, at=at)
    approval_id = new_id("approval")
    records.add(
        conn,
        {
            "id": approval_id,
            "kind": kind,
            "subject": subject,
            "digest": digest,
            "facts": dict(facts or {}),
            "asked_by": by.id,
            "asked_behind": by.behind,
            "asked_session": by.session,
            "asked_at": at,
        },
    )
    append(
        conn, Leaf(action="approval.asked", actor=by.pseudonym, facts=_told(approval_id, kind), subject=subject), at=at
    )
    return approval_id


def decide(
    conn: Connection,
    approval_id: str,
    by: Principal,
    approve: bool,
    reason: str,
    *,
    digest: bytes,
    at: datetime,
    alone_after: timedelta | None = None,
) -> Approval:
    """Approve or refuse what another asked; gives the approval as it was asked.

    1. `by` is a person who may second this kind.
    2. It still waits.
    3. `digest`, of the content as it is now, is the one that was asked.
    4. `by` is neither who asked nor who made the key that asked. A declared one-person deployment passes
       `alone_after`: there, while no other active person could decide, the asker confirms again in another
       session, that much later, and the approval is marked `single`.

    Raises RefusedError, and then nothing has changed.
    """
    found = records.find(conn, approval_id, lock=True)
    if found is None:
        raise RefusedError("There is no such approval.", hint="Look at the list of what waits for approval.")
    permission = needed(found.kind)
    if by.kind != "person" or not by.may(permission):
        raise RefusedError("You may not decide this.", hint="Ask a person with a role that may.")
    if found.state != "pending":
        raise RefusedError(
            "This was already decided or withdrawn.", hint="Look at the list of what waits for approval."
        )
    if found.digest != digest:
        raise RefusedError(
            "What was asked has changed since; nothing was decided.", hint="Ask for approval of what it is now."
        )
    own = by.id in (found.asked_by, found.asked_behind)
    if own and approve:
        _confirm_alone(conn, found, by=by, permission=permission, at=at, alone_after=alone_after)
    state = "approved" if approve else "refused"
    values = {"state": state, "decided_by": by.id, "decided_at": at, "reason": reason[:2000], "single": own and approve}
    if not records.settle(conn, approval_id, **values):
        raise RefusedError(
            "This was already decided or withdrawn.", hint="Look at the list of what waits for approval."
        )
    told = _told(approval_id, found.kind) | {"single": own and approve}
    action = f"approval.{'given' if approve else 'refused'}"
    sealed = {"reason": reason} if reason else {}
    append(conn, Leaf(action=action, actor=by.pseudonym, facts=told, sealed=sealed, subject=found.subject), at=at)
    return found


def withdraw(conn: Connection, approval_id: str, *, by: Principal, at: datetime) -> None:
    """Take a question back; nothing happens when it no longer waits."""
    found = records.find(conn, approval_id, lock=True)
    if found is None or not records.settle(conn, approval_id, state="withdrawn", decided_by=by.id, decided_at=at):
        return
    told = _told(approval_id, found.kind)
    append(conn, Leaf(action="approval.withdrawn", actor=by.pseudonym, facts=told, subject=found.subject), at=at)


def pending(conn: Connection, *, who: Principal | None = None) -> tuple[Approval, ...]:
    """What waits, oldest first; with `who`, what that person's roles may decide (own questions included)."""
    if who is None:
        return records.pending(conn)
    return records.pending(conn, kinds=tuple(kind for kind, needs in APPROVED_WITH.items() if who.may(needs)))


def needed(kind: str) -> Permission:
    """The permission that deciding this kind needs. RefusedError for a kind nobody declared."""
    if kind not in APPROVED_WITH:
        raise RefusedError(f"Nobody may approve “{kind}”: the kind is not known.", hint="Declare it in APPROVED_WITH.")
    return APPROVED_WITH[kind]


def _confirm_alone(
    conn: Connection,
    found: Approval,
    *,
    by: Principal,
    permission: Permission,
    at: datetime,
    alone_after: timedelta | None,
) -> None:
    if alone_after is None:
        raise RefusedError("Who asked cannot approve.", hint="Another person has to decide this.")
    if holders_of(conn, permission) - {by.id}:
        raise RefusedError("Who asked cannot approve: there is another person who may.", hint="Ask that person.")
    if by.session is None or by.session == found.asked_session:
        raise RefusedError(
            "You asked this in the same session.", hint="Sign out, come back later, and confirm it in a new session."
        )
    if at < found.asked_at + alone_after or by.signed_in is None or by.signed_in < found.asked_at:
        raise RefusedError(
            "It is too early to confirm this alone.", hint="Sign in again after the delay and confirm it."
        )


def _told(approval_id: str, kind: str) -> dict[str, Any]:
    return {"approval": approval_id, "kind": kind}
