"""The queue as one person sees it. What is kept from them is in no row, no count and no date of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.records import queue as records
from rempart.cases.records.cases import Case
from rempart.cases.records.queue import Count, Nearest, Sight
from rempart.cases.records.work import EVERYBODY
from rempart.cases.work.lease import latest_end, lease_of
from rempart.cases.work.settings import Queue, WorkRules, current
from rempart.errors import NotFoundError, RefusedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import persons
from rempart.store.schema import from_micros, to_micros

MOST_ROWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One case in a queue: facts, no picture. `items` are byte-identical ones. `claimed_by` and `assigned_to` are
    pseudonyms, `mine` says that the claim is the asker's, `answered` that they have answered in this round; who has not
    is shown a case that waits for a second answer as one that waits for the first. `nearest` is None where nothing
    matched."""

    case: Case
    items: int
    nearest: Nearest | None
    claimed_by: str | None
    claimed_until: datetime | None
    assigned_to: str | None
    mine: bool
    overdue: bool
    answered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCount:
    """How many open cases a queue has, exactly. `open` counts all, those on hold too."""

    queue: str
    title: str
    open: int
    no_look: int
    held: int
    lead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """A page of a queue. `next` is asked for as `after`; None on the last page. `counts` are of all queues that the
    asker sees, `oldest` is when the case that waits longest was opened."""

    rows: tuple[QueueRow, ...]
    next: str | None
    counts: tuple[QueueCount, ...]
    oldest: datetime | None

    @property
    def total(self) -> int:
        """Open cases over all queues."""
        return sum(one.open for one in self.counts)


def sight_of(who: Principal, rules: WorkRules) -> Sight:
    """What a principal may see of cases, by role, by queue and by name; after a restore leads alone see any, until one
    of them puts the team's settings in force again."""
    if who.kind == "system":
        return records.EVERYTHING
    ids = frozenset(one for one in (EVERYBODY, who.id if who.kind == "person" else None, who.behind) if one)
    if who.kind == "service":
        return Sight(persons=ids)
    lead = who.may(Permission.CASES_LEAD)
    denied = frozenset() if lead else frozenset(one.name for one in rules.queues if not _admits(one, who))
    return Sight(persons=ids, insiders=lead, denied=denied, closed=rules.restored and not lead)


def _admits(queue: Queue, who: Principal) -> bool:
    if not queue.roles and not queue.persons:
        return True
    return bool(queue.roles & who.roles) or who.pseudonym in queue.persons


def page(
    conn: Connection,
    who: Principal,
    *,
    at: datetime,
    queue: str | None = None,
    look: str | None = None,
    held: bool = False,
    after: str | None = None,
    most: int = 50,
) -> QueuePage:
    """Open cases in their order, of a queue or of all: immediate danger first, then by priority, then by due time.

    `look`: only those that can be decided without a look (`none`), or that need one (`look`). `held`: those on hold,
    which otherwise are not in it. Raises RefusedError for an `after` that no page gave.
    """
    _, rules = current(conn)
    sight = sight_of(who, rules)
    most = max(1, min(most, MOST_ROWS))
    asked = records.Page(
        queue=queue, look=look, held=held, after=None if after is None else _place(after), most=most + 1, at=at
    )
    found = records.page(conn, asked, sight)
    shown = found[:most]
    return QueuePage(
        rows=_rows(conn, shown, who, at=at),
        next=_cursor(shown[-1]) if len(found) > most else None,
        counts=_counts(records.counts(conn, sight), rules),
        oldest=records.oldest(conn, sight, queue=queue),
    )


def counts(conn: Connection, who: Principal) -> tuple[QueueCount, ...]:
    """Exact numbers of the open cases of every queue that a principal sees."""
    _, rules = current(conn)
    return _counts(records.counts(conn, sight_of(who, rules)), rules)


def queues(conn: Connection, who: Principal) -> Mapping[str, str]:
    """The queues that a principal sees, with their titles: those that the team described, and those with cases."""
    _, rules = current(conn)
    sight = sight_of(who, rules)
    found = {one.name: one.title for one in rules.queues if one.name not in sight.denied}
    return found | {one.queue: one.title for one in _counts(records.counts(conn, sight), rules)}


def next_for(conn: Connection, who: Principal, queue: str | None = None, *, at: datetime) -> str | None:
    """The case that a person should take next, of a queue or of all; None when nothing waits for them."""
    _, rules = current(conn)
    return records.next_of(
        conn, sight_of(who, rules), person=who.id, queue=queue, lead=who.may(Permission.CASES_LEAD), at=at,
        latest=latest_end(at),
    )  # fmt: skip


def visible(conn: Connection, case_id: str, who: Principal, *, lock: bool = False) -> Case:
    """The case, in any state, its row locked where asked. Raises NotFoundError also where it is kept from them, as if
    it were not there."""
    _, rules = current(conn)
    found = records.seen(conn, case_id, sight_of(who, rules), lock=lock)
    if found is None:
        raise NotFoundError("There is no such case.")
    return found


def visible_among(conn: Connection, case_ids: Iterable[str], who: Principal) -> frozenset[str]:
    """Those of these cases that a principal may see: for lists of other things that name cases."""
    _, rules = current(conn)
    return records.seen_among(conn, case_ids, sight_of(who, rules))


def hidden_among(conn: Connection, case_ids: Iterable[str], who: Principal) -> frozenset[str]:
    """Those of these cases that are kept from a principal by name, or are for leads alone: what is shown to others
    than those who work on cases leaves out all that leads to them."""
    _, rules = current(conn)
    return records.hidden_among(conn, case_ids, sight_of(who, rules))


def hidden_items(conn: Connection, items: Iterable[int], who: Principal) -> frozenset[int]:
    """Those of these items that are in a case that is kept from a principal: what lists items leaves them out."""
    _, rules = current(conn)
    return records.hidden_items(conn, items, sight_of(who, rules))


def _rows(conn: Connection, cases: Iterable[Case], who: Principal, *, at: datetime) -> tuple[QueueRow, ...]:
    cases = tuple(cases)
    ids = [case.id for case in cases]
    sizes, nearest = records.sizes(conn, ids), records.nearest(conn, ids)
    answered = records.answered_among(conn, ids, who.id)
    holders = {one for case in cases for one in (case.claimed_by, case.assigned_to) if one}
    names: Mapping[str, str] = persons.pseudonyms(conn, holders) if holders else {}
    rows = []
    for case in cases:
        lease = lease_of(case, at)
        blind = case.stage == "second" and case.id not in answered and who.kind != "system"
        rows.append(
            QueueRow(
                case=replace(case, stage="first") if blind else case,
                answered=case.id in answered,
                items=sizes.get(case.id, 0),
                nearest=nearest.get(case.id),
                claimed_by=names.get(lease.person) if lease else None,
                claimed_until=lease.until if lease else None,
                assigned_to=names.get(case.assigned_to) if case.assigned_to else None,
                mine=lease is not None and lease.person == who.id,
                overdue=case.due is not None and case.due <= at,
            )
        )
    return tuple(rows)


def _counts(found: Iterable[Count], rules: WorkRules) -> tuple[QueueCount, ...]:
    by_queue: dict[str, list[Count]] = {}
    for one in found:
        by_queue.setdefault(one.queue, []).append(one)
    order = {one.name: place for place, one in enumerate(rules.queues)}
    return tuple(
        QueueCount(
            queue=name, title=rules.queue(name).title, open=sum(one.count for one in alike),
            no_look=sum(one.count for one in alike if one.look == "none" and one.stage != "held"),
            held=sum(one.count for one in alike if one.stage == "held"),
            lead=sum(one.count for one in alike if one.stage == "lead"),
        )
        for name, alike in sorted(by_queue.items(), key=lambda pair: (order.get(pair[0], len(order)), pair[0]))
    )  # fmt: skip


def _cursor(case: Case) -> str:
    due = 0 if case.due is None else to_micros(case.due)
    return f"{case.priority}.{due}.{case.id}"


def _place(after: str) -> records.Place:
    priority, _, rest = after.partition(".")
    due, _, case_id = rest.partition(".")
    if not (priority.isascii() and priority.isdigit() and len(priority) <= 2 and due.isascii() and due.isdigit()):
        raise RefusedError("There is no such page.", hint="Start again at the first one.")
    if len(due) > 17 or not case_id or len(case_id) > 40:
        raise RefusedError("There is no such page.", hint="Start again at the first one.")
    return int(priority), from_micros(int(due)), case_id
