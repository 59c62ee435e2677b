"""Claims: who works on a case now, visible to all, until a time that everyone knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.records import cases as records
from rempart.cases.records import work
from rempart.cases.records.cases import Case
from rempart.cases.records.queue import answered_among
from rempart.cases.work.lease import lease_of
from rempart.cases.work.queue import sight_of, visible
from rempart.cases.work.settings import WorkRules, current
from rempart.errors import ConflictError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import persons
from rempart.store.ids import new_id

MOST_NOTE = 10_000
LEAD, HELD, SETTLING = "lead", "held", "settling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim: the token goes with every step that is taken on it, and shows that nobody took the case in between."""

    case: str
    token: str = field(repr=False)
    until: datetime


def claim(conn: Connection, case_id: str, who: Principal, *, at: datetime) -> Claim:
    """Take a case to work on, in the caller's transaction; one's own claim is made longer and keeps its token.

    Raises NotFoundError, NotPermittedError for a case that waits for a lead, and ConflictError when somebody else has
    it or it is not open.
    """
    _, rules = current(conn)
    case = _workable(conn, case_id, who, at=at)
    lease = lease_of(case, at)
    if lease is not None and lease.person != who.id:
        raise _taken(conn, lease.person)
    until = at + rules.claim_time
    if lease is not None and case.claim_token is not None:
        records.change(conn, case_id, claimed_until=until)
        return Claim(case=case_id, token=case.claim_token, until=until)
    token = new_id("claim")
    records.change(conn, case_id, claimed_by=who.id, claim_token=token, claimed_until=until, **_awake(case))
    _write(conn, case, "case.claimed", by=who, at=at)
    return Claim(case=case_id, token=token, until=until)


def extend(conn: Connection, case_id: str, who: Principal, token: str, *, at: datetime) -> Claim:
    """Have a case for longer. Raises ConflictError when somebody else has it by now."""
    _, rules = current(conn)
    require(conn, case_id, who, token, at=at)
    until = at + rules.claim_time
    records.change(conn, case_id, claimed_until=until)
    return Claim(case=case_id, token=token, until=until)


def release(conn: Connection, case_id: str, who: Principal, *, at: datetime) -> None:
    """Give a case back to the queue; nothing where it is not one's own."""
    case = visible(conn, case_id, who, lock=True)
    if case.claimed_by == who.id and case.state == "open":
        drop(conn, case)
        _write(conn, case, "case.released", by=who, at=at)


def release_all(conn: Connection, person: str, *, by: Principal, at: datetime) -> tuple[str, ...]:
    """Give back all that a person has claimed, as for a break, the end of a session, or an account that is closed;
    gives the cases' ids."""
    found = records.claimed_by(conn, person)
    for case in found:
        drop(conn, case)
        _write(conn, case, "case.released", by=by, at=at)
    return tuple(case.id for case in found)


def hand_over(conn: Connection, case_id: str, who: Principal, to_person: str, *, note: str, at: datetime) -> None:
    """Hand a case to a named person, who finds it first in their queue; one's own claim ends.

    Who has claimed it may, and a lead. Raises RefusedError, always in the same words, where that person cannot take it.
    """
    case = _open(visible(conn, case_id, who, lock=True))
    lease = lease_of(case, at)
    if (lease is None or lease.person != who.id) and not who.may(Permission.CASES_LEAD):
        raise _taken(conn, lease.person) if lease else NotPermittedError("Claim the case first.")
    _, rules = current(conn)
    taker = _taker(conn, case, to_person, rules, by=who)
    if note.strip():
        work.add_note(conn, case_id=case_id, by=who.pseudonym, at=at, text=note.strip()[:MOST_NOTE])
    drop(conn, case, assigned_to=taker.id)
    _write(conn, case, "case.handed_over", by=who, at=at, facts={"to": taker.pseudonym})


def held_by(case: Case, who: Principal, *, at: datetime) -> bool:
    """Whether a person has claimed a case and the claim has not run out."""
    lease = lease_of(case, at)
    return lease is not None and lease.person == who.id


def require(conn: Connection, case_id: str, who: Principal, token: str, *, at: datetime) -> Case:
    """The case, its row locked, for a step that needs the claim with this token.

    A claim that ran out while its holder was typing still holds as long as nobody else took the case and nothing was
    done with it. Raises NotFoundError, and ConflictError, which names by pseudonym who has it.
    """
    case = _workable(conn, case_id, who, at=at)
    lease = lease_of(case, at)
    if lease is not None and lease.person != who.id:
        raise _taken(conn, lease.person)
    if case.claimed_by != who.id or case.claim_token is None or case.claim_token != token:
        raise ConflictError("You have not claimed this case, or not any more.", hint="Claim it, then send it again.")
    return case


def drop(conn: Connection, case: Case, **values: object) -> None:
    """End whatever claim there is on a case; for steps after which it is somebody else's turn."""
    records.change(conn, case.id, claimed_by=None, claim_token=None, claimed_until=None, **values)


def _workable(conn: Connection, case_id: str, who: Principal, *, at: datetime) -> Case:
    if who.kind != "person":
        raise NotPermittedError("Only a person works on a case.")
    case = _open(visible(conn, case_id, who, lock=True))
    if case.stage == HELD and (case.held_until is None or case.held_until > at):
        raise ConflictError("This case is on hold.", hint="End the hold first.")
    if case.stage == SETTLING:
        raise ConflictError("This case has been assessed, and is settled in a moment.", hint="Take the next one.")
    if (case.held_from if case.stage == HELD else case.stage) == LEAD and not who.may(Permission.CASES_LEAD):
        raise NotPermittedError("This case waits for a lead.")
    return case


def _open(case: Case) -> Case:
    if case.state != "open":
        raise ConflictError(f"This case was decided already: {case.decision}.", hint="Look at the case again.")
    return case


def _awake(case: Case) -> dict[str, object]:
    """What changes in a case whose hold is over."""
    return {"stage": case.held_from or "first", "held_until": None, "held_from": None} if case.stage == HELD else {}


def _taker(conn: Connection, case: Case, person: str, rules: WorkRules, *, by: Principal) -> Principal:
    found = persons.by_id(conn, person)
    cannot = RefusedError("This person cannot take this case.", hint="Choose somebody else.")
    if found is None or not found.active:
        raise cannot
    taker = Principal(kind="person", id=found.id, pseudonym=found.pseudonym, roles=found.roles)
    if taker.id == by.id or not taker.may(Permission.CASES_ASSESS):
        raise cannot
    sight = sight_of(taker, rules)
    if sight.closed or case.queue in sight.denied or taker.id in work.barred_from(conn, case.id):
        raise cannot
    if case.stage == LEAD and not taker.may(Permission.CASES_LEAD):
        raise cannot
    if case.stage != LEAD and answered_among(conn, [case.id], taker.id):
        raise cannot
    return taker


def _taken(conn: Connection, person: str) -> ConflictError:
    name = persons.pseudonyms(conn, [person]).get(person, "Somebody else")
    return ConflictError(f"{name} has this case now.", hint="Take the next one, or wait until it is free again.")


def _write(
    conn: Connection, case: Case, action: str, *, by: Principal, at: datetime, facts: dict[str, object] | None = None
) -> None:
    leaf = Leaf(
        action=action, actor=by.pseudonym, facts={"round": case.round} | (facts or {}), subject=f"case:{case.id}"
    )
    append(conn, leaf, at=at)
