"""Reading notices: by number and secret, as the person who sent one; and on the console, as far as cases are seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.work.queue import visible_among
from rempart.deadlines import clocks as deadlines
from rempart.deadlines.regimes import Element, regimes
from rempart.errors import NotFoundError, RefusedError
from rempart.evidence.vault import Keyring
from rempart.intake.notices import attempts, seeds
from rempart.intake.notices.letters import letters_of
from rempart.intake.notices.records import clocks as clock_records
from rempart.intake.notices.records import complaints, letters, locations
from rempart.intake.notices.records import notices as records
from rempart.intake.notices.records import seeds as seed_records
from rempart.intake.notices.records import signals as signal_records
from rempart.intake.notices.records.clocks import ClockRow
from rempart.intake.notices.records.notices import NoticeRow
from rempart.intake.notices.sealing import opened
from rempart.intake.notices.tickets import number_of, opens
from rempart.intake.notices.values import (
    Answer,
    ComplaintState,
    LocationState,
    NoticeState,
    Outcome,
    Track,
)
from rempart.intake.notices.views import (
    ClockView,
    ComplaintView,
    NoticeFile,
    NoticeLine,
    NoticePage,
    NoticeView,
    PlaceView,
    RegimeView,
)
from rempart.people.principal import Principal
from rempart.store.engine import Store
from rempart.store.schema import from_micros, to_micros

MOST_LINES = 100
COMPLAINABLE = frozenset({LocationState.KEPT.value, LocationState.NOT_FOUND.value})
"""What a person may complain about: a place where something stays."""


def by_number(store: Store, number: str, secret: str, *, keyring: Keyring, address: str, at: datetime) -> NoticeView:
    """The notice of a number, for whoever has its secret.

    Raises NotFoundError alike, and after the same time, for a number that was never given out and for a secret that is
    not its own; TooManyRequestsError for too many tries.
    """
    number = number_of(number)
    tried = attempts.count(store, keyring=keyring, number=number, address=address, at=at)
    with store.read() as conn:
        row = records.by_number(conn, number)
        if not opens(secret, None if row is None else row.secret_hash) or row is None:
            if tried:
                attempts.refuse()
            raise NotFoundError("This number and this secret do not belong together.", hint="Type both once more.")
        shown = _shown(conn, row, keyring=keyring, at=at)
    attempts.forgive(store, keyring=keyring, number=number, address=address)
    return shown


def open_notices(
    conn: Connection,
    who: Principal,
    *,
    at: datetime,
    state: NoticeState | None = NoticeState.OPEN,
    after: str | None = None,
    most: int = 50,
) -> NoticePage:
    """Notices whose cases somebody may see: open ones in the order in which they are due, others the youngest first.

    Raises RefusedError for an `after` that no page gave.
    """
    most = max(1, min(most, MOST_LINES))
    place = None if after is None else _place(after)
    found: list[NoticeRow] = []
    while len(found) <= most:
        some = records.page(conn, state=None if state is None else state.value, after=place, most=most + 1)
        seen = seen_among(conn, [row.id for row in some], who)
        found += [one for one in some if one.id in seen]
        if len(some) <= most:
            break
        place = (some[-1].due if state is NoticeState.OPEN else some[-1].received, some[-1].id)
    shown = found[:most]
    last = shown[-1] if len(found) > most else None
    moment = None if last is None else (last.due if state is NoticeState.OPEN else last.received)
    following = None if last is None or moment is None else f"{to_micros(moment)}.{last.id}"
    return NoticePage(lines=_lines(conn, shown, at=at), next=following)


def notice(conn: Connection, notice_id: str, who: Principal, *, keyring: Keyring, at: datetime) -> NoticeFile:
    """All of a notice that reviewers see. Raises NotFoundError also where one of its cases is kept from them."""
    row = visible(conn, notice_id, who)
    said = complaints.of(conn, [row.id])
    texts = opened(conn, row.id, ["explanation", *(one.id for one in said)], keyring=keyring)
    return NoticeFile(
        notice=row, synthetic=None if row.synthetic is None else Answer(row.synthetic), regimes=stands(row),
        clocks=tuple(_clock(one, at) for one in clock_records.of(conn, [row.id])),
        places=locations.of(conn, [row.id]), letters=letters.of(conn, [row.id]), complaints=said,
        complaint_texts={one.id: texts[one.id] for one in said if one.id in texts},
        explanation=texts.get("explanation", ""), sealed=tuple(sorted(records.sealed_of(conn, row.id))),
        signals=len(signal_records.of(conn, row.id)) if seed_records.guards(conn, row.id) else 0,
        warning=None if row.sender is None else complaints.warning_of(conn, row.sender),
    )  # fmt: skip


def visible(conn: Connection, notice_id: str, who: Principal, *, lock: bool = False) -> NoticeRow:
    """The notice, its row locked where asked. Raises NotFoundError also where one of its cases is kept from them."""
    row = records.find(conn, notice_id, lock=lock)
    if row is None or row.id not in seen_among(conn, [row.id], who):
        raise NotFoundError("There is no such notice.")
    return row


def of_case(conn: Connection, case_id: str) -> tuple[NoticeRow, ...]:
    """The notices that a case is about, for a page that shows the case."""
    ids = dict.fromkeys(one.notice for one in locations.of_case(conn, case_id))
    return tuple(row for row in (records.find(conn, one) for one in ids) if row is not None)


def seen_of_case(conn: Connection, case_id: str, who: Principal) -> tuple[NoticeRow, ...]:
    """The notices that named what a case is about, or whose signals led to it, as far as somebody may see them."""
    ids = dict.fromkeys([one.notice for one in locations.of_case(conn, case_id)] + list(seeds.linked(conn, case_id)))
    seen = seen_among(conn, ids, who)
    return tuple(row for row in (records.find(conn, one) for one in ids if one in seen) if row is not None)


def stands(row: NoticeRow) -> tuple[RegimeView, ...]:
    """How each law stands to a notice, as it was found when it came."""
    known = regimes()
    return tuple(
        RegimeView(
            regime=known[name],
            valid_at=None if told["valid_at"] is None else datetime.fromisoformat(told["valid_at"]),
            missing=tuple(map(Element, told["missing"])),
            barred=told["barred"],
        )
        for name, told in _in_order(row.regimes)
    )


def _in_order(found: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    return ((name, found[name]) for name in regimes() if name in found)


def seen_among(conn: Connection, notices: Iterable[str], who: Principal) -> frozenset[str]:
    """Those of these notices of which every case may be seen, that of a complaint that waits too."""
    about: dict[str, set[str]] = {}
    for place in locations.of(conn, notices := list(notices)):
        about.setdefault(place.notice, set()).add(place.case_id)
    for one in complaints.of(conn, notices):
        if one.state == ComplaintState.WAITING.value:
            about.setdefault(one.notice, set()).add(one.case_id)
    cases = visible_among(conn, {case_id for some in about.values() for case_id in some}, who)
    return frozenset(name for name, some in about.items() if some <= cases)


def _shown(conn: Connection, row: NoticeRow, *, keyring: Keyring, at: datetime) -> NoticeView:
    places = locations.of(conn, [row.id])
    said = complaints.of(conn, [row.id])
    return NoticeView(
        id=row.id, number=row.number, language=row.language, track=Track(row.track), received=row.received,
        due=row.due, state=NoticeState(row.state), outcome=None if row.outcome is None else Outcome(row.outcome),
        decided_at=row.decided_at, withdrawn_at=row.withdrawn_at,
        places=tuple(
            PlaceView(
                place=one.place, url=one.url, state=LocationState(one.state), decided_at=one.decided_at,
                removed_at=one.removed_at, why=one.why,
            )
            for one in places
        ),
        regimes=stands(row),
        letters=letters_of(conn, row.id, keyring=keyring),
        complaints=tuple(
            ComplaintView(at=one.at, state=ComplaintState(one.state), decided_at=one.decided_at) for one in said
        ),
        complaint_until=row.complaint_until, may_complain=may_complain(conn, row, at=at),
        may_withdraw=row.withdrawn_at is None,
        guarded=seed_records.guards(conn, row.id),
    )  # fmt: skip


def may_complain(conn: Connection, row: NoticeRow, *, at: datetime) -> bool:
    """Whether somebody may complain now: about what stays, within the time, and not twice at once."""
    if row.state != NoticeState.DECIDED.value or row.complaint_until is None or at > row.complaint_until:
        return False
    if any(one.state == ComplaintState.WAITING.value for one in complaints.of(conn, [row.id])):
        return False
    return any(one.state in COMPLAINABLE for one in locations.of(conn, [row.id]))


def _lines(conn: Connection, rows: Iterable[NoticeRow], *, at: datetime) -> tuple[NoticeLine, ...]:
    rows = tuple(rows)
    ids = [row.id for row in rows]
    running: dict[str, ClockRow] = {}
    for one in clock_records.of(conn, ids):
        if one.met is None:
            running.setdefault(one.notice, one)
    states: dict[str, list[str]] = {}
    for place in locations.of(conn, ids):
        states.setdefault(place.notice, []).append(place.state)
    waiting = {one.notice for one in complaints.of(conn, ids) if one.state == ComplaintState.WAITING.value}
    return tuple(
        NoticeLine(
            notice=row, clock=_clock(running[row.id], at) if row.id in running else None,
            places=len(states.get(row.id, ())),
            decided=sum(one != LocationState.WAITING.value for one in states.get(row.id, ())),
            complaint=row.id in waiting,
        )
        for row in rows
    )  # fmt: skip


def _clock(row: ClockRow, at: datetime) -> ClockView:
    regime = regimes()[row.regime]
    running = deadlines.RunningClock(
        trigger=row.trigger, due=row.due, warnings=deadlines.warnings(row.trigger, regime), met=row.met
    )
    return ClockView(
        regime=regime, trigger=row.trigger, due=row.due, met=row.met, warned=row.warned, alarmed=row.alarmed,
        state=running.state(at),
    )  # fmt: skip


def _place(after: str) -> tuple[datetime, str]:
    moment, _, notice_id = after.partition(".")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 17 and 0 < len(notice_id) <= 40):
        raise RefusedError("There is no such page.", hint="Start again at the first one.")
    return from_micros(int(moment)), notice_id
