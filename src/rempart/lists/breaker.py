"""An entry or a rule that suddenly matches far more than usual is not believed until a person has looked.

Each process counts in memory. What stays rare is never written down; what is not goes to counts per window that all
processes share, in the transaction of the answers that it is about. Over its threshold the breaker trips: blocks that
rest on the entry or rule alone become holds, in every process, until a person resets it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from rempart.errors import RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.lists import breaker_records as records
from rempart.lists.breaker_records import Past, Trip
from rempart.lists.changes import seeds_among
from rempart.lists.own import is_own
from rempart.people.permissions import Permission
from rempart.people.principal import SYSTEM, Principal
from rempart.store.jobs import enqueue

ENTRY, RULE = "entry:", "rule:"
WRITTEN_FROM = 5
"""Within a window a process writes a count down from here on; what is seen less often can trip nothing."""
_MAX_PENDING = 10_000
_MAX_SUBJECT = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """When a count within `window` is far more than usual.

    More than `entry` (or `rule`) and more than `factor` times the mean window of the last `history`. A rule that is
    known for less than `learning` may match `factor` times `rule`, since nobody knows what is usual for it.
    """

    window: timedelta = timedelta(minutes=5)
    entry: int = 30
    rule: int = 300
    factor: int = 8
    learning: timedelta = timedelta(hours=1)
    history: timedelta = timedelta(days=7)


class Matched(Protocol):
    """What the breaker looks at in a match; a ListMatch is one."""

    @property
    def entry_id(self) -> int | None:
        """The entry's number; None in a list file, which is not counted."""

    @property
    def list(self) -> str:
        """The list's name."""

    @property
    def list_id(self) -> str | None:
        """The list's id."""

    @property
    def mode(self) -> str | None:
        """`observing` or `blocking`."""


Answered = tuple[Sequence[Matched], str | None]
"""The matches of one check, and the rule that ruled on it (None when no rule had anything to say)."""


@dataclass(frozen=True, slots=True)
class Open:
    """The breakers that are tripped, among those asked about."""

    subjects: frozenset[str] = frozenset()

    def covers(self, matches: Iterable[Matched], rule: str | None) -> bool:
        """True when a block must become a hold: its rule is tripped, or every blocking entry that it rests on is."""
        if not self.subjects:
            return False
        if rule is not None and rule_subject(rule) in self.subjects:
            return True
        entries = [
            entry_subject(one.entry_id)
            for one in matches
            if one.mode == "blocking" and one.entry_id is not None and not is_own(one.list)
        ]
        return bool(entries) and all(entry in self.subjects for entry in entries)

    def stopped(self, matches: Iterable[Matched]) -> frozenset[int]:
        """The entries of Rempart's own lists that are tripped: they open no more cases until a person has looked."""
        own = (one.entry_id for one in matches if one.entry_id is not None and is_own(one.list))
        return frozenset(entry for entry in own if self.subjects and entry_subject(entry) in self.subjects)


NOTHING_OPEN = Open()


def entry_subject(entry_id: int) -> str:
    """What an entry is called here."""
    return f"{ENTRY}{entry_id}"


def rule_subject(rule: str) -> str:
    """What a rule is called here."""
    return (RULE + rule)[:_MAX_SUBJECT]


def threshold(subject: str, past: Past, *, at: datetime, limits: BreakerLimits) -> int:
    """How often `subject` may match within one window without tripping."""
    is_rule = subject.startswith(RULE)
    floor = limits.rule if is_rule else limits.entry
    known = at - past.since if past.since is not None else timedelta(0)
    if is_rule and known < limits.learning:
        return floor * limits.factor
    windows = max(1, known // limits.window)
    return max(floor, limits.factor * past.total // windows)


class Breaker:
    """One process's share of the counting; call `note` in the transaction that answers the checks.

    `on_trip` is called in that transaction when a breaker trips, with its subject, the matches, and what is usual.
    """

    def __init__(
        self,
        limits: BreakerLimits | None = None,
        *,
        on_trip: Callable[[Connection, str, int, int], None] = lambda *_: None,
    ) -> None:
        self._limits, self._on_trip = limits or BreakerLimits(), on_trip
        self._lock = threading.Lock()
        self._window = _EPOCH
        self._seen: dict[str, int] = {}
        self._written: set[str] = set()

    def note(self, conn: Connection, answers: Iterable[Answered], *, at: datetime) -> Open:
        """Count the matches of some checks; gives the breakers that are open now for what they matched.

        Without a match it returns at once and asks the database nothing. Matches on observing lists are counted for
        their list only. Writes the ledger's leaf of what trips.
        """
        counts, lists = _counted(answers)
        if lists:
            records.count_lists(conn, lists, day=(at - _EPOCH) // _DAY)
        if not counts:
            return NOTHING_OPEN
        start = at - (at - _EPOCH) % self._limits.window
        with self._lock:
            due = self._due(counts, start)
        limits = records.limits_of(conn, counts)
        tripped = {subject for subject, one in limits.items() if one.is_open}
        for subject in sorted(due):  # in one order everywhere, so that no two processes wait for each other
            total = records.add_count(conn, subject, start, due[subject])
            if subject not in tripped and self._trips(conn, subject, total, start, limits.get(subject)):
                tripped.add(subject)
        return Open(frozenset(tripped)) if tripped else NOTHING_OPEN

    def _due(self, counts: Mapping[str, int], start: datetime) -> dict[str, int]:
        """What must be written now, with all that this process has seen of it in the window but not yet written."""
        if start != self._window or len(self._seen) > _MAX_PENDING:
            self._window, self._seen, self._written = start, {}, set()
        due: dict[str, int] = {}
        for subject, count in counts.items():
            if subject in self._written:
                due[subject] = count
                continue
            seen = self._seen.pop(subject, 0) + count
            if seen < WRITTEN_FROM:
                self._seen[subject] = seen
            else:
                due[subject] = seen
                self._written.add(subject)
        return due

    def _trips(self, conn: Connection, subject: str, total: int, start: datetime, known: Trip | None) -> bool:
        floor = self._limits.rule if subject.startswith(RULE) else self._limits.entry
        allowed = known.allowed if known is not None and known.allowed is not None else 0
        if total <= max(floor, allowed):
            return False
        past = records.past_of(conn, subject, since=start - self._limits.history, until=start)
        usual = max(allowed, threshold(subject, past, at=start, limits=self._limits))
        if total <= usual:
            return False
        if records.trip(conn, subject, count=total, usual=usual, at=start):
            _log(conn, "breaker.tripped", subject, {"count": total, "allowed": usual}, by=SYSTEM, at=start)
            self._on_trip(conn, subject, total, usual)
        return True


def _counted(answers: Iterable[Answered]) -> tuple[Counter[str], Counter[str]]:
    """How many checks matched each entry and rule, and each list."""
    counts: Counter[str] = Counter()
    lists: Counter[str] = Counter()
    for matches, rule in answers:
        if rule is not None:
            counts[rule_subject(rule)] += 1
        if matches:
            lists.update({one.list_id for one in matches if one.list_id is not None})
            blocking = (one.entry_id for one in matches if one.mode == "blocking")
            counts.update({entry_subject(entry) for entry in blocking if entry is not None})
    return counts, lists


def reset(
    conn: Connection, subject: str, *, by: Principal, at: datetime, reason: str, allowed: int | None = None
) -> Trip:
    """Believe a tripped entry or rule again, from now on up to `allowed` matches in a window if that is given.

    Raises RefusedError when it is not tripped, or `by` may not.
    """
    if not (by.may(Permission.LISTS_APPROVE) or by.kind == "system"):
        raise RefusedError("You may not reset a breaker.", hint="Ask a lead or a curator.")
    if not reason.strip():
        raise RefusedError("A reset needs a reason.", hint="Say in a few words what was looked at.")
    if allowed is not None and not 1 <= allowed <= 1_000_000_000:
        raise RefusedError("The number of matches to allow is from 1 to 1000000000.")
    found = records.reset(conn, subject, by=by.pseudonym, at=at, allowed=allowed)
    if found is None:
        raise RefusedError("This breaker is not tripped.", hint="Look at the breakers that are: GET /v1/breakers.")
    entry = subject.removeprefix(ENTRY)
    if subject.startswith(ENTRY) and entry.isdigit() and seeds_among(conn, [int(entry)]):
        # It opened no cases meanwhile: what came in that time is looked through now.
        enqueue(conn, "lookback", {"entry": int(entry)}, now=at, key=f"lookback:{entry}")
    _log(conn, "breaker.reset", subject, {"allowed": allowed}, by=by, at=at, reason=reason[:2000])
    return found


def _log(
    conn: Connection,
    action: str,
    subject: str,
    facts: Mapping[str, object],
    *,
    by: Principal,
    at: datetime,
    reason: str = "",
) -> None:
    what = "rule" if subject.startswith(RULE) else "entry"
    sealed = {"name": subject} | ({"reason": reason} if reason else {})
    append(conn, Leaf(action=action, actor=by.pseudonym, facts={"what": what, **facts}, sealed=sealed), at=at)
