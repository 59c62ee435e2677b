"""Looks and searches that a second lead should see. The rules are plain, the same for everybody, and written down in
docs/howto/quality.md:

 1. `unanswered`: an original was shown, and whoever saw it gave no answer about the case within a day.
 2. `many`: 30 originals or more in one hour; or 10 or more, and three times what is usual for this very person.
 3. `outside`: an original was shown while the ledger does not say that its viewer had the case.
 4. `decided`: an original was shown of a case that had been decided, and it was no second look.
 5. `searches`: 20 searches of hosted items or more within a day, or 5 or more for one and the same purpose.
 6. `notifier`: somebody read who told us of a case; always.

1, 3 and 4 leave out what was looked at for a report or referral of the case that waited then.

A flag says that somebody should ask, never that something was wrong. People are compared with nobody but themselves.
Whoever a flag is about never sees it, and nobody who is kept from a case sees a flag about it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Connection

from rempart.cases.records import conduct, leaves
from rempart.cases.records import flags as records
from rempart.cases.records.conduct import Reveal, Search
from rempart.cases.records.flags import Flag
from rempart.cases.work.queue import visible_among
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people.permissions import Permission
from rempart.people.principal import SYSTEM, Principal
from rempart.people.records.persons import pseudonyms
from rempart.store.ids import new_id

ANSWER_WITHIN = timedelta(days=1)
MOST_IN_HOUR = 30
MANY_IN_HOUR, TIMES_USUAL, HOURS_KNOWN = 10, 3, 8
MOST_SEARCHES, SAME_PURPOSE = 20, 5
SHORTEST, LONGEST = 10, 2_000
"""Characters of the sentence with which a flag is acknowledged."""
KINDS = ("unanswered", "many", "outside", "decided", "searches", "notifier")
_LOOKED_BACK = timedelta(days=2)
_USUAL_OVER = timedelta(days=28)
_A_MOMENT = timedelta(seconds=1)
_GIVES_UP = frozenset({"case.released", "case.handed_over", "case.decided", "case.restricted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a rule found: about whom, when, and what makes it the same thing when it is found again."""

    kind: str
    person: str
    key: str
    at: datetime
    case_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def unusual(conn: Connection, *, at: datetime) -> tuple[Found, ...]:
    """What the rules find in the last two days and nobody was told of yet."""
    found: dict[str, Found] = {}
    for one in _all(conn, at):
        found.setdefault(one.key, one)
    known = records.known(conn, list(found))
    return tuple(one for key, one in found.items() if key not in known)


def raise_flags(conn: Connection, found: Iterable[Found], *, at: datetime) -> int:
    """Flag what was found, in the caller's transaction; the same thing is flagged once. Says how many are new."""
    return sum(_flag(conn, one, at=at) for one in found)


def flags(
    conn: Connection, who: Principal, *, state: str = "new", before: str | None = None, most: int = 50
) -> tuple[Flag, ...]:
    """Flags that this person may see, the youngest first: none about themselves or a case that is kept from them.
    Raises NotPermittedError."""
    _lead(who)
    found = records.page(conn, state=state, not_of=who.id, before=before, most=most)
    seen = visible_among(conn, {one.case_id for one in found if one.case_id is not None}, who)
    return tuple(one for one in found if one.case_id is None or one.case_id in seen)


def flag(conn: Connection, flag_id: str, who: Principal, *, lock: bool = False) -> Flag:
    """One flag. Raises NotPermittedError, NotFoundError also where it is about the asker."""
    _lead(who)
    found = records.find(conn, flag_id, not_of=who.id, lock=lock)
    if found is None or (found.case_id is not None and not visible_among(conn, [found.case_id], who)):
        raise NotFoundError("There is no such flag.", hint="Look at the list of those that wait.")
    return found


def acknowledge(conn: Connection, flag_id: str, who: Principal, *, said: str, at: datetime) -> Flag:
    """Say, in a sentence, what one made of a flag, in the caller's transaction.

    Raises NotPermittedError, NotFoundError also where it is about the asker, RefusedError without a sentence, and
    ConflictError when another lead was first.
    """
    found = flag(conn, flag_id, who, lock=True)
    sentence = said.strip()[:LONGEST]
    if len(sentence) < SHORTEST:
        raise RefusedError("A sentence is missing.", hint="Write what you looked at and what you made of it.")
    if found.state != "new":
        raise ConflictError("Another lead has seen to this.", hint="Look at the flag again.")
    records.change(conn, flag_id, state="seen", by=who.id, seen=at, said=sentence)
    leaf = Leaf(
        action="oversight.seen", actor=who.pseudonym, sealed={"said": sentence, "kind": found.kind},
        subject=f"flag:{flag_id}",
    )  # fmt: skip
    append(conn, leaf, at=at)
    return flag(conn, flag_id, who)


def _lead(who: Principal) -> None:
    if who.kind != "person" or not who.may(Permission.OVERSIGHT):
        raise NotPermittedError("Unusual looks are shown to leads.")


def _flag(conn: Connection, one: Found, *, at: datetime) -> bool:
    name = new_id("flag")
    row = {
        "id": name, "kind": one.kind, "person": one.person, "case_id": one.case_id, "at": one.at,
        "facts": dict(one.facts), "key": one.key[:160], "state": "new",
    }  # fmt: skip
    if not records.add(conn, row):
        return False
    # What it is about is sealed: who reads the ledger could be whom it is about.
    sealed = {"kind": one.kind, "person": one.person}
    append(conn, Leaf(action="oversight.flagged", actor=SYSTEM.pseudonym, sealed=sealed, subject=f"flag:{name}"), at=at)
    return True


def _all(conn: Connection, at: datetime) -> Iterator[Found]:
    since, end = at - _LOOKED_BACK, at + _A_MOMENT  # what was written down at this very moment is looked at too
    shown = conduct.reveals(conn, since=since, before=end)
    yield from _unanswered(conn, at)
    yield from _many(conn, shown)
    yield from _outside(conn, shown)
    for one in conduct.after_decision(conn, since=since, before=end):
        if not conduct.for_report(conn, one):
            yield Found(kind="decided", person=one.person, key=f"decided:{one.grant}", at=one.at, case_id=one.case_id)
    yield from _searches(conn, conduct.searches(conn, since=since))
    reads = conduct.notifier_reads(conn, since=since)
    behind = conduct.persons_behind(conn, sorted({one.by for one in reads}))
    for read in reads:
        yield Found(
            kind="notifier", person=behind.get(read.by, read.by), key=f"notifier:{read.leaf}", at=read.at,
            case_id=read.case_id,
        )  # fmt: skip


def _unanswered(conn: Connection, at: datetime) -> Iterator[Found]:
    """1: once for each person, case and day."""
    shown = conduct.reveals(conn, since=at - ANSWER_WITHIN - _LOOKED_BACK, before=at - ANSWER_WITHIN)
    for one in shown:
        if not conduct.answered_after(conn, one) and not conduct.for_report(conn, one):
            key = f"unanswered:{one.person}:{one.case_id}:{one.at:%Y-%m-%d}"
            yield Found(kind="unanswered", person=one.person, key=key, at=one.at, case_id=one.case_id)


def _many(conn: Connection, shown: Sequence[Reveal]) -> Iterator[Found]:
    """2: by the hours of the clock."""
    for (person, hour), count in _by_hour(shown).items():
        usual = _usual(conn, person, hour) if MANY_IN_HOUR <= count < MOST_IN_HOUR else None
        if count >= MOST_IN_HOUR or (usual is not None and count >= TIMES_USUAL * usual):
            facts = {"count": count} | ({} if usual is None else {"usual": round(usual)})
            yield Found(kind="many", person=person, key=f"many:{person}:{hour:%Y-%m-%dT%H}", at=hour, facts=facts)


def _usual(conn: Connection, person: str, hour: datetime) -> float | None:
    """How many originals a person sees in an hour in which they see any, over four weeks; None where too few hours are
    known."""
    before = conduct.reveals_of(conn, person, since=hour - _USUAL_OVER, before=hour)
    counts = list(_by_hour(before).values())
    return median(counts) if len(counts) >= HOURS_KNOWN else None


def _by_hour(shown: Iterable[Reveal]) -> Mapping[tuple[str, datetime], int]:
    return Counter(
        (one.person, one.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)) for one in shown
    )  # fmt: skip


def _outside(conn: Connection, shown: Sequence[Reveal]) -> Iterator[Found]:
    """3: the last that the ledger says before the look is that its viewer claimed the case."""
    by_case: dict[str, list[Reveal]] = defaultdict(list)
    for one in shown:
        by_case[one.case_id].append(one)
    names = pseudonyms(conn, {one.person for one in shown}) if shown else {}
    for case_id, looks in by_case.items():
        steps = leaves.of_case(conn, case_id)
        for one in looks:
            holder = _holder(steps, one.at)
            theirs = holder is not None and holder == names.get(one.person)
            if not theirs and not conduct.took_look(conn, one) and not conduct.for_report(conn, one):
                key = f"outside:{one.grant}"
                yield Found(kind="outside", person=one.person, key=key, at=one.at, case_id=case_id)


def _holder(steps: Sequence[leaves.CaseLeaf], at: datetime) -> str | None:
    """Who had a case at a time, by its leaves."""
    holder = None
    for step in steps:
        if step.at > at:
            break
        if step.action == "case.claimed":
            holder = step.actor
        elif step.action in _GIVES_UP:
            holder = None
    return holder


def _searches(conn: Connection, found: Sequence[Search]) -> Iterator[Found]:
    """5: by the days of the calendar."""
    by_day: dict[tuple[str, str], list[Search]] = defaultdict(list)
    for one in found:
        by_day[one.by, f"{one.at.astimezone(UTC):%Y-%m-%d}"].append(one)
    behind = conduct.persons_behind(conn, sorted({by for by, _ in by_day}))
    for (by, day), some in by_day.items():
        person, last = behind.get(by, by), some[-1].at
        if len(some) >= MOST_SEARCHES:
            yield Found(kind="searches", person=person, key=f"searches:{by}:{day}", at=last, facts={"count": len(some)})
        for purpose, count in Counter(one.purpose.strip().casefold() for one in some).items():
            if count >= SAME_PURPOSE:
                key = f"purpose:{by}:{day}:{hashlib.sha256(purpose.encode()).hexdigest()[:16]}"
                facts = {"count": count, "purpose": purpose[:200]}
                yield Found(kind="searches", person=person, key=key, at=last, facts=facts)
