"""Forgetting, some time after a case was decided, who looked at what, what was noted, what was said of an account."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.records import cases
from rempart.cases.records import forgetting as records
from rempart.evidence.ledger import Leaf, append
from rempart.people.principal import SYSTEM
from rempart.store.engine import Store
from rempart.store.workers import Worker

_AT_ONCE = 200


def forget_decided(store: Store, worker: Worker, *, older: timedelta) -> int:
    """Forget what is beside cases that were decided longer ago, and that nothing needs; gives of how many.

    The case, its answers with their reasons, and the ledger's leaves stay; a leaf says how much was forgotten.
    """
    done, some = 0, 1
    while some:
        with store.read() as conn:  # nearly always there is nothing to do: look without stopping others
            found = records.unneeded(conn, before=store.clock() - older, most=_AT_ONCE)
        if not found:
            break
        with store.write() as conn:
            worker.guard(conn)
            at = store.clock()
            some = sum(_forget(conn, case_id, before=at - older, at=at) for case_id in found)
        done += some
    return done


def _forget(conn: Connection, case_id: str, *, before: datetime, at: datetime) -> bool:
    case = cases.find(conn, case_id, lock=True)  # nobody opens it again meanwhile
    if case is None or not records.unneeded(conn, before=before, most=1, case_id=case_id):
        return False
    facts = {"round": case.round} | dict(records.forget(conn, case_id))
    leaf = Leaf(action="case.forgotten", actor=SYSTEM.pseudonym, facts=facts, subject=f"case:{case_id}")
    append(conn, leaf, at=at)
    return True
