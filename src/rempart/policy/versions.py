"""Which policy is in force: one person proposes, a second one puts in force, and the ledger keeps both."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.errors import RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people import approvals
from rempart.people.principal import SYSTEM, Principal
from rempart.policy import records
from rempart.policy.reading import default_text, parse
from rempart.policy.records import PolicyRow
from rempart.policy.rules import Policy
from rempart.store.counters import current_number, next_number
from rempart.store.ids import new_id

APPROVAL = "policy"
_FRESH_SECONDS = 0.5


class PolicyStore:
    """The policy in force, as this process last saw it, at most half a second ago. Safe from several threads."""

    def __init__(self, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._seen: tuple[float, int, Policy] | None = None

    def current(self, conn: Connection) -> tuple[int, Policy]:
        """The version and the policy in force; version 0 is the default policy, before any was put in force.

        Raises PolicyError when the version in force was written by a later Rempart and cannot be read.
        """
        now = self._steady()
        seen = self._seen
        if seen is not None and 0 <= now - seen[0] < _FRESH_SECONDS:
            return seen[1], seen[2]
        number = current_number(conn, "policy")
        if seen is None or seen[1] != number:
            row = records.of_version(conn, number)
            seen = (now, number, parse(default_text() if row is None else row.text, in_force=True))
        self._seen = (now, seen[1], seen[2])
        return seen[1], seen[2]

    def forget(self) -> None:
        """Look again at the next call: something was just put in force here."""
        self._seen = None


def ensure_first(conn: Connection, *, at: datetime) -> None:
    """Put the default policy in force where there is none yet, so that an update of Rempart never changes it."""
    if records.newest_put(conn) is None:
        _put(conn, _added(conn, default_text(), by=SYSTEM, at=at), by=SYSTEM, at=at)


def propose(conn: Connection, text: str, *, by: Principal, at: datetime) -> PolicyRow:
    """Propose a policy; it waits for a second person. Raises PolicyError for what cannot be read.

    RefusedError when it is the one that is in force already.
    """
    in_force = records.newest_put(conn)
    if in_force is not None and in_force.sha256 == _digest(text):
        raise RefusedError(f"This is version {in_force.version}, which is in force.", hint="Change it first.")
    row = _added(conn, text, by=by, at=at)
    told = {"rules": len(parse(text).rules)}
    approval = approvals.ask(conn, kind=APPROVAL, subject=row.id, digest=row.sha256, by=by, at=at, facts=told)
    records.change(conn, row.id, approval=approval)
    append(conn, Leaf(action="policy.proposed", actor=by.pseudonym, facts=told, subject=row.id), at=at)
    found = records.find(conn, row.id)
    assert found is not None
    return found


def decide(
    conn: Connection,
    policy_id: str,
    *,
    by: Principal,
    approve: bool,
    reason: str,
    at: datetime,
    alone_after: timedelta | None = None,
) -> PolicyRow:
    """Put a proposed policy in force, or refuse it, as the second person; gives what became of it.

    `alone_after` as for `approvals.decide`. Raises RefusedError, and then nothing has changed.
    """
    row = records.find(conn, policy_id, lock=True)
    if row is None or row.approval is None:
        raise RefusedError("There is no such proposed policy.", hint="Look at the list of policies.")
    parse(row.text, in_force=not approve)
    approvals.decide(conn, row.approval, by, approve, reason, digest=row.sha256, at=at, alone_after=alone_after)
    if approve:
        _put(conn, row, by=by, at=at)
    else:
        records.change(conn, row.id, state="refused")
    found = records.find(conn, policy_id)
    assert found is not None
    return found


def _added(conn: Connection, text: str, *, by: Principal, at: datetime) -> PolicyRow:
    row = PolicyRow(
        id=new_id("policy"), version=None, name=parse(text).name, text=text, sha256=_digest(text), state="proposed",
        approval=None, proposed_by=by.id, proposed=at, put_by=None, put=None,
    )  # fmt: skip
    records.add(conn, row)
    return row


def _put(conn: Connection, row: PolicyRow, *, by: Principal, at: datetime) -> None:
    version = next_number(conn, "policy")
    records.change(conn, row.id, version=version, state="put", put_by=by.id, put=at)
    append(
        conn,
        Leaf(
            action="policy.put_in_force",
            actor=by.pseudonym,
            facts={"version": version, "rules": len(parse(row.text).rules)},
            sealed={"name": row.name, "policy": row.sha256},
            subject=row.id,
        ),
        at=at,
    )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
