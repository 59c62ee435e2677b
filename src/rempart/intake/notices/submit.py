"""Taking a notice: everything that follows from it at once stands in one transaction, or nothing does."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.work.moves import restrict_insider
from rempart.cases.work.notifier import seal_notifier
from rempart.clock import iso
from rempart.deadlines import clocks
from rempart.deadlines.regimes import Applied, applying, goes_first
from rempart.errors import RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Keyring
from rempart.intake.notices import abuse, seeds
from rempart.intake.notices.hashes import OwnHashes, read_hashes
from rempart.intake.notices.letters import LetterKind
from rempart.intake.notices.locating import Arrival, locate
from rempart.intake.notices.records import clocks as clock_records
from rempart.intake.notices.records import notices as records
from rempart.intake.notices.records import signals as signal_records
from rempart.intake.notices.records.locations import LocationRow
from rempart.intake.notices.sealing import seal, sender_of
from rempart.intake.notices.tickets import RandomBytes, hash_of, new_number, new_secret
from rempart.intake.notices.values import NoticeForm, NoticeState, Role, Submitted, Track, Via
from rempart.intake.notices.withdrawal import TOLD_TO_LEADS
from rempart.intake.notices.writing import Writer
from rempart.items.records.items import COUNTER
from rempart.lists.entry import EntrySignal
from rempart.people.principal import SYSTEM, Principal
from rempart.store.counters import next_number
from rempart.store.ids import new_id


def submit(
    conn: Connection,
    form: NoticeForm,
    *,
    service: str,
    regimes: Sequence[str],
    writer: Writer,
    at: datetime,
    received: datetime | None = None,
    via: Via = Via.PAGE,
    by: Principal = SYSTEM,
    address: str = "",
    random: RandomBytes = secrets.token_bytes,
) -> Submitted:
    """Take a notice in the caller's transaction; gives the number, the secret, and what the sender is to know.

    1. What the form says is read; of a child's notice nothing but its locations. 2. Every location is an item, in the
    open case about it. 3. The notice, what is sealed of it, its signals and clocks. 4. The ledger's leaf and the
    acknowledgement. 5. The guard, if there are signals.

    `service` hosts what is not known yet; `regimes` are the laws in force here; `received` is when it came, where it
    is entered later; `address` is the sender's, of which a keyed mark alone is kept. Raises RefusedError for a text of
    signals that the page did not make, and for a time of receipt that is still to come.
    """
    received = at if received is None else received
    if received > at:
        raise RefusedError("A notice cannot have come later than now.", hint="Look at the date and the zone.")
    child, keyring = form.track is Track.CHILD, writer.keyring
    hashes = None if child or form.role is Role.BYSTANDER else read_hashes(form.signals)
    applied = applying(regimes, form.elements(), form.role, child=child)
    running = _clocks(applied, received)
    due = min(clock.due for _, clock in running)
    number = next_number(conn, COUNTER)
    ticket, notice = _ticket(conn, random), new_id("notice")
    arrival = Arrival(
        notice=notice, service=service, track=form.track, digest=None if hashes is None else hashes.sha256,
        number=number, by=by, at=at, due=_case_due(form, applied, due, received=received, via=via),
    )  # fmt: skip
    row = _row(form, applied, arrival, ticket, received=received, due=due, via=via)
    row["sender"] = sender = None if child else sender_of(keyring, contact=form.contact, address=address, at=at)
    records.add(conn, row)
    located = locate(conn, form.locations, arrival)
    if abuse.standing(conn, sender, at=at).later:
        abuse.look_later(conn, notice, at=at)
    _keep_from_insiders(conn, form, located, number=ticket[0], keyring=keyring, at=at)
    seal(conn, notice, form.told(), keyring=keyring)
    clock_records.add(conn, [_clock_row(notice, one.regime.id, clock) for one, clock in running])
    append(conn, _leaf(form, applied, notice, number=ticket[0], by=by, via=via, guarded=hashes is not None), at=at)
    writer.write(conn, LetterKind.ACKNOWLEDGEMENT, notice, at=at)
    guarded = _guard(conn, notice, hashes, due=due, at=at)
    return Submitted(
        notice=notice, number=ticket[0], secret=ticket[1], track=form.track, received=received, due=due,
        regimes=applied, guarded=guarded,
    )  # fmt: skip


def _ticket(conn: Connection, random: RandomBytes) -> tuple[str, str]:
    """A number that was not given out before, and a secret."""
    while True:
        number, secret = new_number(random), new_secret(random)
        if records.by_number(conn, number) is None:
            return number, secret


def _clocks(applied: Sequence[Applied], received: datetime) -> list[tuple[Applied, clocks.RunningClock]]:
    """The clocks that run: of each law that applies and has an hour. One is always among them, the service's own."""
    found = []
    for one in applied:
        start = one.valid_at(received)
        clock = None if start is None else clocks.clock(start, one.regime)
        if clock is not None:
            found.append((one, clock))
    return found


def _case_due(form: NoticeForm, applied: Sequence[Applied], due: datetime, *, received: datetime, via: Via) -> datetime:
    """When people should have decided. Whose notices go before others' are taken as halfway through their time; on the
    public page anybody could say to be one of them."""
    if via is not Via.PAGE and goes_first(applied, form.role):
        return received + (due - received) / 2
    return due


def _row(
    form: NoticeForm,
    applied: Sequence[Applied],
    arrival: Arrival,
    ticket: tuple[str, str],
    *,
    received: datetime,
    due: datetime,
    via: Via,
) -> dict[str, object]:
    child = arrival.track is Track.CHILD
    number, secret = ticket
    return {
        "id": arrival.notice, "number": number, "secret_hash": hash_of(secret), "service": arrival.service,
        "received": received, "entered": arrival.at, "via": via.value, "by": arrival.by.pseudonym,
        "language": form.language, "role": None if child and form.role is not Role.AUTHORITY else form.role.value,
        "track": form.track.value, "minor": form.minor.value,
        "synthetic": None if child or form.synthetic is None else form.synthetic.value,
        "declared": [one.value for one in form.elements()],
        "regimes": {one.regime.id: _stands(one, received) for one in applied}, "insider": form.insider, "sender": None,
        "state": NoticeState.OPEN.value, "outcome": None, "decided_at": None, "withdrawn_at": None, "due": due,
        "complaint_until": None, "unfounded_at": None, "forgotten_at": None, "swept_at": None,
    }  # fmt: skip


def _stands(one: Applied, received: datetime) -> dict[str, object]:
    valid = one.valid_at(received)
    return {
        "valid_at": None if valid is None else iso(valid), "missing": [part.value for part in one.missing],
        "barred": one.barred,
    }  # fmt: skip


def _keep_from_insiders(
    conn: Connection,
    form: NoticeForm,
    located: Sequence[LocationRow],
    *,
    number: str,
    keyring: Keyring,
    at: datetime,
) -> None:
    """Who told us is for leads alone; a case in which somebody of the team may be involved is so altogether."""
    told = {f"{name} {number}": text for name, text in form.told().items() if name in TOLD_TO_LEADS}
    for case_id in dict.fromkeys(one.case_id for one in located):
        if form.insider:
            restrict_insider(conn, case_id, SYSTEM, frozenset(), at=at)
        if told:
            seal_notifier(conn, case_id, told, keyring=keyring)


def _clock_row(notice: str, regime: str, clock: clocks.RunningClock) -> dict[str, object]:
    return {
        "notice": notice, "regime": regime, "trigger": clock.trigger, "due": clock.due, "next": clock.next_word(None),
        "warned": None, "alarmed": None, "met": None,
    }  # fmt: skip


def _guard(conn: Connection, notice: str, hashes: OwnHashes | None, *, due: datetime, at: datetime) -> bool:
    """Signals that look for copies, until somebody takes them back; whether any of them says enough for that.

    It takes numbers that others wait for: last.
    """
    if hashes is None:
        return False
    signals = [EntrySignal(signal=one.pdq, recipe=hashes.recipe, quality=one.quality) for one in hashes.guarding]
    if hashes.sha256 is not None:
        signals.append(EntrySignal(signal=hashes.sha256))
    usual = {"notice": notice, "recipe": hashes.recipe, "withdrawn": None}
    told = [{"kind": one.signal.kind.value, "value": bytes(one.signal), "quality": one.quality} for one in signals]
    signal_records.add(conn, [usual | one for one in told])
    return seeds.plant(conn, notice, signals, track=Track.ADULT, at=at, due=due) is not None


def _leaf(
    form: NoticeForm,
    applied: Sequence[Applied],
    notice: str,
    *,
    number: str,
    by: Principal,
    via: Via,
    guarded: bool,
) -> Leaf:
    facts: dict[str, object] = {
        "track": form.track.value, "via": via.value, "locations": len(form.locations), "guarded": guarded,
        "regimes": [one.regime.id for one in applied if one.applies],
    }  # fmt: skip
    if form.track is Track.ADULT:
        facts["role"] = form.role.value
    return Leaf(
        action="notice.received", actor=by.pseudonym, facts=facts, sealed={"number": number},
        subject=f"notice:{notice}",
    )  # fmt: skip
