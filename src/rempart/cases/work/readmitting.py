"""Letting a case be seen again that is kept from everybody, because a restore lost from whom it was kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.records import cases as records
from rempart.cases.records import work
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import persons


def readmit(conn: Connection, case_id: str, who: Principal, *, keep_from: frozenset[str], at: datetime) -> None:
    """Let the leads see a case again, but for these persons, who are not told.

    The console may, and an administrator, who is then kept from the case as well: nobody lets themselves in. Raises
    NotPermittedError, NotFoundError, ConflictError where it is not kept from everybody, and RefusedError where no lead
    would be left to see it.
    """
    if not who.may(Permission.PEOPLE_MANAGE):
        raise NotPermittedError("Only an administrator may do this.", hint="Ask one.")
    case = records.find(conn, case_id, lock=True)
    if case is None:
        raise NotFoundError("There is no such case.")
    if not work.end_kept_from_all(conn, case_id):
        raise ConflictError("This case is not kept from everybody.", hint="A lead keeps people from it on its page.")
    people = keep_from | ({who.id} if who.kind == "person" else frozenset())
    work.bar(conn, case_id, people)
    if not persons.holders_of(conn, Permission.CASES_LEAD) - work.barred_from(conn, case_id):
        raise RefusedError("Then no lead could see this case.", hint="Make somebody else a lead first.")
    sealed = {"persons": " ".join(sorted(people))}
    facts = {"round": case.round}
    leaf = Leaf(action="case.readmitted", actor=who.pseudonym, facts=facts, sealed=sealed, subject=f"case:{case_id}")
    append(conn, leaf, at=at)
