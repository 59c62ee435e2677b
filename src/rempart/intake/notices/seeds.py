"""The guard of a notice: signals that a person made of their own copy, planted as an investigation seed.

A seed opens cases and nothing else: people decide before anything is removed. Only where a rule of the policy names
that opinion with the verdict `hold` is what matches hidden meanwhile; no rule makes it block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from rempart.cases.records import cases, work
from rempart.cases.records.cases import Case
from rempart.cases.work.moves import restrict_insider
from rempart.errors import RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.intake.notices.records import locations, signals
from rempart.intake.notices.records import seeds as records
from rempart.intake.notices.records.seeds import SeedRow
from rempart.intake.notices.values import Track
from rempart.lists import seeds as lists
from rempart.lists.entry import Disposition, EntrySignal
from rempart.lists.own import NOTICES, is_own
from rempart.lists.records import answers
from rempart.people.principal import SYSTEM, Principal
from rempart.signals.values import SIGNAL_TYPES, SignalKind

MOST_SIGNALS = 401
"""Of one notice: a photo has two, a video one or two for each of its frames."""


class Matched(Protocol):
    """What is asked of a match here; `lists.lookup.ListMatch` is one."""

    @property
    def list(self) -> str: ...
    @property
    def entry_id(self) -> int | None: ...


def plant(
    conn: Connection,
    notice_id: str,
    signals: Sequence[EntrySignal],
    *,
    track: Track,
    at: datetime,
    due: datetime | None = None,
) -> int | None:
    """Guard what is like a notice's signals from the end of this transaction on; gives the entry's number.

    None where nothing is guarded: on any track but the adults', and when every signal says too little (PDQ of low
    quality). Copies that are hosted already are found by a job. What the seed leads to is due with the notice.
    Call it last in the transaction. Raises RefusedError for too many signals.
    """
    if len(signals) > MOST_SIGNALS:
        raise RefusedError(f"A notice has at most {MOST_SIGNALS} signals.")
    if track is not Track.ADULT or not any(answers(one, Disposition.MATCH) for one in signals):
        return None
    facts = {"signals": len(signals)}
    append(conn, Leaf(action="seed.planted", actor=SYSTEM.pseudonym, facts=facts, subject=f"notice:{notice_id}"), at=at)
    entry = lists.plant(conn, NOTICES, signals, at=at)
    records.add(conn, SeedRow(entry=entry, notice=notice_id, due=due, planted=at, pulled=None))
    return entry


def pull(conn: Connection, notice_id: str, *, at: datetime, by: Principal = SYSTEM) -> int:
    """End the guard of a notice: nothing is found by it from the end of this transaction on; how many seeds went.

    Other notices about the same picture keep theirs. What was held for this one alone is let go by a job. Call it last
    in the transaction; done twice it changes nothing more.
    """
    entries = [one.entry for one in records.live_of(conn, notice_id)]
    if entries:
        facts = {"entries": entries}
        append(conn, Leaf(action="seed.pulled", actor=by.pseudonym, facts=facts, subject=f"notice:{notice_id}"), at=at)
        records.pull(conn, entries, at=at)
        lists.pull(conn, entries, at=at)
    return len(entries)


def settle(conn: Connection, notice_id: str, *, guards: bool, at: datetime) -> None:
    """End the guard of a notice whose pictures people let stay, or begin it again where a complaint was right.

    What a person took back, or was forgotten, is never planted again. Call it last in the transaction.
    """
    live = records.live_of(conn, notice_id)
    if live and not guards:
        pull(conn, notice_id, at=at)
    before = records.last_of(conn, notice_id)
    if guards and not live and before is not None:
        kept = [one for one in signals.of(conn, notice_id) if one.withdrawn is None]
        again = [
            EntrySignal(signal=SIGNAL_TYPES[SignalKind(one.kind)](one.value), recipe=one.recipe, quality=one.quality)
            for one in kept
        ]
        if again:
            plant(conn, notice_id, again, track=Track.ADULT, at=at, due=before.due)


def pull_again(conn: Connection, entries: Sequence[int], *, at: datetime) -> bool:
    """After a restore: seeds that were pulled later are pulled again; False when none of them is there."""
    records.pull(conn, entries, at=at)
    return lists.pull(conn, entries, at=at) > 0


def linked(conn: Connection, case_id: str) -> tuple[str, ...]:
    """The notices whose live seeds a case's items match, by their internal ids, the first that came first."""
    return records.notices_of(conn, case_id)


def told(conn: Connection, case_id: str, matches: Iterable[Matched], at: datetime) -> None:
    """As `link`, in the form in which look-back tells of the cases that it opens."""
    link(conn, case_id, matches, at=at)


def link(conn: Connection, case_id: str, matches: Iterable[Matched], *, at: datetime) -> None:
    """Make a case due with the notices that led to it; `matches` are those that opened it or came to it.

    The case is locked by the caller. It is never put off. Where somebody of the team may be involved in one of these
    notices, the case is for leads alone, and for those of them who may see the notice's own.
    """
    entries = [one.entry_id for one in matches if is_own(one.list) and one.entry_id is not None]
    if not entries:
        return
    due, case = records.earliest_due(conn, entries, after=at), cases.find(conn, case_id)
    if case is None or case.state != "open":
        return
    if due is not None and (case.due is None or due < case.due):
        cases.change(conn, case_id, due=due)
    _keep_from_insiders(conn, case, records.of_insiders(conn, entries), at=at)


def _keep_from_insiders(conn: Connection, case: Case, notices: Sequence[str], *, at: datetime) -> None:
    about = {one.case_id for one in locations.of(conn, notices)} if notices else set()
    kept = frozenset(person for one in sorted(about) for person in work.barred_from(conn, one))
    if about and not (case.insider and kept <= work.barred_from(conn, case.id)):
        restrict_insider(conn, case.id, SYSTEM, kept, at=at)
