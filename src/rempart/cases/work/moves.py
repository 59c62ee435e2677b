"""What people do with a case besides assessing it: hold, escalate, reopen, danger, notes, and who is kept from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from rempart.cases.clusters import account_cluster, cluster_of
from rempart.cases.records import cases as records
from rempart.cases.records import work
from rempart.cases.records.cases import Case
from rempart.cases.work.claims import HELD, LEAD, SETTLING, drop
from rempart.cases.work.lease import lease_of
from rempart.cases.work.queue import queues, visible
from rempart.cases.work.settings import PRIORITIES, current
from rempart.errors import ConflictError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.items.records import items
from rempart.items.records.items import COUNTER
from rempart.people.permissions import Permission
from rempart.people.principal import SYSTEM, Principal
from rempart.people.records import persons
from rempart.store.counters import locked_number

Alarm = Callable[[Connection, Case], None]
"""Tells the operator of a case in the transaction of what is the matter; `server.alarms.Alarms.danger` is one."""
MOST_REASON = 2_000
MOST_NOTE = 10_000
MOST_ID = 40
LONGEST_HOLD = timedelta(days=90)


def hold(conn: Connection, case_id: str, who: Principal, *, until: datetime, reason: str, at: datetime) -> None:
    """Lay a case aside until a time; it comes back by itself, to where it was. Its due time stays.

    Raises RefusedError for a time that is past or too far, or without a reason, ConflictError while somebody else has
    the case.
    """
    case, why = _movable(conn, case_id, who, at=at), _reason(reason)
    if not at < until <= at + LONGEST_HOLD:
        raise RefusedError("A case is held until a time to come, 90 days from now at the latest.")
    before = case.held_from if case.stage == HELD else case.stage
    if before == LEAD:
        _lead(who)
    drop(conn, case, stage=HELD, held_until=until, held_from=before)
    minutes = int((until - at).total_seconds()) // 60
    _write(conn, case, "case.held", by=who, at=at, facts={"minutes": minutes}, why=why)


def unhold(conn: Connection, case_id: str, who: Principal, *, at: datetime) -> None:
    """End the hold on a case; nothing where there is none."""
    case = _movable(conn, case_id, who, at=at)
    if case.stage == HELD:
        records.change(conn, case_id, stage=case.held_from or "first", held_until=None, held_from=None)
        _write(conn, case, "case.resumed", by=who, at=at)


def wake(conn: Connection, *, at: datetime) -> int:
    """Bring back the cases whose hold is over; gives how many there were. Until then they count as back already."""
    found = records.held_until(conn, at)
    for case in found:
        records.change(conn, case.id, stage=case.held_from or "first", held_until=None, held_from=None)
        _write(conn, case, "case.resumed", by=SYSTEM, at=at)
    return len(found)


def escalate(conn: Connection, case_id: str, who: Principal, *, reason: str, at: datetime) -> None:
    """Give a case to the leads, with a reason. Raises ConflictError where it waits for one already."""
    case, why = _movable(conn, case_id, who, at=at), _reason(reason)
    if case.stage == LEAD:
        raise ConflictError("This case waits for a lead already.")
    drop(conn, case, stage=LEAD, held_until=None, held_from=None, assigned_to=None)
    _write(conn, case, "case.escalated", by=who, at=at, why=why)


def reopen(conn: Connection, case_id: str, who: Principal, *, reason: str, at: datetime) -> None:
    """Open a decided case for another round, which is assessed afresh; what was decided stands until then.

    Raises NotPermittedError for whoever is no lead, ConflictError while the case is open, where nothing of it is there
    any more, and where another open case is about the same.
    """
    _lead(who)
    why = _reason(reason)
    locked_number(conn, COUNTER)  # no item of it is checked or deleted meanwhile
    case = visible(conn, case_id, who, lock=True)
    if case.state == "open":
        raise ConflictError("This case is open.")
    _, rules = current(conn)
    values: dict[str, Any] = {
        "state": "open", "stage": "first", "round": case.round + 1, "cluster": _cluster_again(conn, case),
        "due": at + timedelta(minutes=rules.queue(case.queue).due_minutes), "decision": None, "decided": None,
        "decided_by": None, "decided_why": None, "look": "look", "claimed_by": None, "claim_token": None,
        "claimed_until": None, "assigned_to": None, "held_until": None, "held_from": None,
    }  # fmt: skip
    try:
        with conn.begin_nested():
            records.change(conn, case_id, **values)
    except IntegrityError as err:
        raise ConflictError("Another open case is about the same.", hint="Work on that one.") from err
    facts = {"round": case.round + 1, "before": case.decision}
    _write(conn, case, "case.reopened", by=who, at=at, facts=facts, why=why)


def set_priority(conn: Connection, case_id: str, who: Principal, priority: int, *, at: datetime) -> None:
    """Make a case more urgent, or, as a lead, less so. That takes back an immediate danger that was no danger.

    `priority` is 1 (high) to 3 (low); immediate danger is a step of its own.
    """
    if priority not in PRIORITIES.values() or priority == PRIORITIES["danger"]:
        raise RefusedError("A priority is high, normal or low.")
    case = _open(visible(conn, case_id, who, lock=True))
    if priority > case.priority:
        _lead(who)
    if priority != case.priority:
        records.change(conn, case_id, priority=priority, danger=False)
        facts = {"priority": priority, "before": case.priority}
        _write(conn, case, "case.prioritised", by=who, at=at, facts=facts)


def to_queue(conn: Connection, case_id: str, who: Principal, queue: str, *, at: datetime) -> None:
    """As a lead, put a case into another queue, where other people may see it; a claim ends, and so does a hand-over.

    Its due time stays. Raises RefusedError for a queue that is none, ConflictError for a case that is settling.
    """
    _lead(who)
    case = _movable(conn, case_id, who, at=at)
    if queue not in queues(conn, who):
        raise RefusedError("There is no such queue.", hint="Choose from the list.")
    if queue != case.queue:
        drop(conn, case, queue=queue, assigned_to=None)
        _write(conn, case, "case.moved", by=who, at=at, facts={"to": queue, "before": case.queue})


def danger(conn: Connection, case_id: str, who: Principal, *, reason: str, at: datetime, alarm: Alarm) -> None:
    """Say that somebody is in immediate danger: the case goes to the top of its queue at once, out of any hold, the
    operator is told, and one person may act on it alone. Said twice it changes nothing more.

    Anybody who sees the case may say so, whoever has claimed it.
    """
    case, why = _open(visible(conn, case_id, who, lock=True)), _reason(reason)
    if case.danger:
        return
    values: dict[str, Any] = {"danger": True, "priority": PRIORITIES["danger"], "due": at}
    if case.stage == HELD:
        values |= {"stage": case.held_from or "first", "held_until": None, "held_from": None}
    records.change(conn, case_id, **values)
    _write(conn, case, "case.danger", by=who, at=at, why=why)
    alarm(conn, case)


def note(conn: Connection, case_id: str, who: Principal, text: str, *, at: datetime) -> int:
    """Write an internal note on a case, open or decided; gives its number."""
    case = visible(conn, case_id, who, lock=True)
    text = text.strip()
    if not 0 < len(text) <= MOST_NOTE:
        raise RefusedError(f"A note has 1 to {MOST_NOTE:,} characters.")
    number = work.add_note(conn, case_id=case_id, by=who.pseudonym, at=at, text=text)
    _write(conn, case, "case.noted", by=who, at=at, facts={"note": number})
    return number


def bar(conn: Connection, case_id: str, who: Principal, person: str, *, at: datetime) -> None:
    """Keep a person from a case, who from then on finds no trace of it; a claim of theirs ends. Leads do so, and anyone
    for themselves. Raises RefusedError where nobody would be left to assess it."""
    if person != who.id:
        _lead(who)
    if not 0 < len(person) <= MOST_ID:
        raise RefusedError("There is no such person.")
    case = visible(conn, case_id, who, lock=True)
    _bar(conn, case, {person}, by=who, at=at)


def keep_from(conn: Connection, case_id: str, people: Iterable[str], *, at: datetime) -> None:
    """Keep persons from a case because they had a part in what it is about; they find no trace of it."""
    case = visible(conn, case_id, SYSTEM, lock=True)
    if people := set(people):
        _bar(conn, case, people, by=SYSTEM, at=at)


def restrict_insider(conn: Connection, case_id: str, who: Principal, persons_: frozenset[str], *, at: datetime) -> None:
    """Somebody on the team may be involved: the case is for leads alone, and for whom a lead hands it to. These
    persons, leads or not, are kept from it and not told; nobody needs to be named.
    """
    if who.kind != "system":
        _lead(who)
    case = visible(conn, case_id, who, lock=True)
    if not case.insider:
        lead = case.claimed_by is not None and case.claimed_by == who.id
        records.change(conn, case_id, insider=True, assigned_to=None)
        if not lead:
            drop(conn, case)
    _bar(conn, case, set(persons_), by=who, at=at)


def _bar(conn: Connection, case: Case, people: set[str], *, by: Principal, at: datetime) -> None:
    barred = work.barred_from(conn, case.id) | people
    if by.kind == "person" and not persons.holders_of(conn, Permission.CASES_ASSESS) - barred:
        raise RefusedError("Then nobody could assess this case.", hint="Give somebody else a role first.")
    work.bar(conn, case.id, people)
    if case.claimed_by in people:
        drop(conn, case)
    if case.assigned_to in people:
        records.change(conn, case.id, assigned_to=None)
    # Whoever reads the ledger learns that a case was restricted, not who is kept from it.
    _write(conn, case, "case.restricted", by=by, at=at, sealed={"persons": " ".join(sorted(people))})


def _cluster_again(conn: Connection, case: Case) -> bytes:
    """What makes the items of a decided case alike: of those that are still there with the bytes that were judged."""
    if case.uploader is not None and case.service is not None:
        return account_cluster(case.service, case.uploader)
    hosted = [items.hosted(conn, one) for one in records.items_of(conn, case.id)]
    judged = [one for one in hosted if one is not None and one.gone is None and one.decided is not None]
    if not judged:
        raise ConflictError("Nothing that this case was about is there any more.")
    return Counter(cluster_of(one.id, one.sha256) for one in judged).most_common(1)[0][0]


def _movable(conn: Connection, case_id: str, who: Principal, *, at: datetime) -> Case:
    """An open case, locked, that nobody else is working on; leads may move it all the same."""
    case = _open(visible(conn, case_id, who, lock=True))
    if case.stage == SETTLING:
        raise ConflictError("This case has been assessed, and is settled in a moment.")
    lease = lease_of(case, at)
    if lease is not None and lease.person != who.id and not who.may(Permission.CASES_LEAD):
        name = persons.pseudonyms(conn, [lease.person]).get(lease.person, "Somebody else")
        raise ConflictError(f"{name} has this case now.")
    return case


def _open(case: Case) -> Case:
    if case.state != "open":
        raise ConflictError(f"This case was decided already: {case.decision}.", hint="Look at the case again.")
    return case


def _lead(who: Principal) -> None:
    if not who.may(Permission.CASES_LEAD):
        raise NotPermittedError("Only a lead may do this.")


def _reason(reason: str) -> str:
    if not reason.strip():
        raise RefusedError("A reason is needed.", hint="A few words are enough.")
    return reason.strip()[:MOST_REASON]


def _write(
    conn: Connection,
    case: Case,
    action: str,
    *,
    by: Principal,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
    why: str = "",
    sealed: Mapping[str, str] | None = None,
) -> None:
    """The leaf of a step; its reason is kept as a note, and sealed in the ledger."""
    number = work.add_note(conn, case_id=case.id, by=by.pseudonym, at=at, text=why) if why else None
    shown = {"round": case.round} | dict(facts or {}) | ({"note": number} if number is not None else {})
    hidden = dict(sealed or {}) | ({"reason": why} if why else {})
    append(conn, Leaf(action=action, actor=by.pseudonym, facts=shown, sealed=hidden, subject=f"case:{case.id}"), at=at)
