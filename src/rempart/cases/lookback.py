"""What follows when the lists change: items that are there already are ruled on anew, as if they came now.

A new entry never loosens a verdict, a withdrawn one never tightens it. What people decided stands, unless something
matches now that they did not know of. An entry that leads to very many items is not believed: nothing is done about
it until a person has looked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from rempart.cases.events import Reason, publish
from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import cases as records
from rempart.clock import Clock
from rempart.evidence.ledger import Leaf, append
from rempart.items.lookback import Affected, ItemIndex
from rempart.items.records import items, lookback
from rempart.items.records.items import COUNTER, Item
from rempart.lists import breaker_records, changes
from rempart.lists.breaker import Open, entry_subject, rule_subject
from rempart.lists.live import LiveLists
from rempart.lists.lookup import Found, ListMatch
from rempart.lists.own import is_own
from rempart.people.principal import SYSTEM
from rempart.policy.facts import OBSERVING, Facts, Ruling, Verdict
from rempart.policy.versions import PolicyStore
from rempart.store.counters import locked_number
from rempart.store.engine import Store
from rempart.store.jobs import Job

log = logging.getLogger(__name__)

LOOKBACK = "lookback"
MOST_ITEMS_OF_ENTRY = 1_000
MOST_ITEMS_OF_SEED = 100
"""Of an entry on one of Rempart's own lists: nobody has agreed to it, and each item may be a case of its own."""
STOPS = "lookback:stops"
"""The subject of the leaves that say which entries were not acted on, and what people decided about these."""
_AT_ONCE = 50
_MOST_TOLD = 100
Opened = Callable[[Connection, str, Sequence[ListMatch], datetime], None]
"""Told of a case that was opened or joined, in its transaction; `intake.notices.seeds.told` is one."""
_SEVERITY = {Verdict.ALLOW: 0, Verdict.HOLD: 1, Verdict.BLOCK: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Renewed:
    """An item, what the lists say of it now, and what follows."""

    affected: Affected
    found: Found
    ruling: Ruling
    policy: int


@dataclass(slots=True, kw_only=True)
class _Suspects:
    """The items that a change leads to, and the entries that lead to too many: how many, and how many are acted on."""

    items: dict[int, None]
    loosened: set[int]
    too_many: dict[int, tuple[int, int]]


class LookBack:
    """The handler of `lookback` jobs: {"after": n, "upto": m}, numbers of the lists, {"list": id} for all of one whose
    mode has changed, or {"entry": n} for one that a person believes, to however many items it leads."""

    def __init__(
        self,
        store: Store,
        *,
        index: ItemIndex,
        lists: LiveLists,
        policies: PolicyStore,
        clock: Clock,
        radius: int,
        most_items_of_entry: int = MOST_ITEMS_OF_ENTRY,
        most_items_of_seed: int = MOST_ITEMS_OF_SEED,
        opened: Opened = lambda *_: None,
    ) -> None:
        self._store, self._index, self._lists, self._policies = store, index, lists, policies
        self._clock, self._radius, self._opened = clock, radius, opened
        self._most, self._most_of_seed = most_items_of_entry, most_items_of_seed

    def __call__(self, job: Job) -> None:
        """Find the items, rule on them, and tell their services; done twice it changes nothing more."""
        self._index.settle()
        self._lists.catch_up()
        suspects = self._suspects(job)
        changed = 0
        for part in _parts(suspects.items):
            renewed = [self._renewed(one, suspects.too_many) for one in self._index.affected(part)]
            with self._store.write() as conn:
                job.guard(conn)
                changed += self._apply(conn, renewed, suspects.loosened)
        with job.finishing() as conn:
            self._write_down(conn, suspects, changed)

    def _suspects(self, job: Job) -> _Suspects:
        found = _Suspects(items={}, loosened=set(), too_many={})
        span = {"after": int(job.payload.get("after", 0)), "upto": int(job.payload.get("upto", 0))}
        of_entry: dict[int, set[int]] = {}
        name = job.payload.get("list")
        with self._store.read() as conn:
            blocking = name is not None and changes.decides(conn, name)
        believed = job.payload.get("entry")
        for part in _changed(self._store, span, name=name, entry=believed):
            for one, near in zip(part, self._index.near([one.signal for one in part]), strict=True):
                if near:
                    of_entry.setdefault(one.entry, set()).update(hit.item for hit in near)
        with self._store.read() as conn:
            seeds = changes.seeds_among(conn, [one for one, hits in of_entry.items() if len(hits) > self._most_of_seed])
        for entry, hits in of_entry.items():
            most = self._most_of_seed if entry in seeds else self._most
            if len(hits) > most and entry != believed:
                found.too_many[entry] = (len(hits), most)
            else:
                found.items.update(dict.fromkeys(sorted(hits)))
        if name is not None and not blocking:
            found.loosened.update(found.items)
        self._add_withdrawn(job, found, span)
        return found

    def _add_withdrawn(self, job: Job, found: _Suspects, span: Mapping[str, int]) -> None:
        with self._store.read() as conn:
            gone = changes.withdrawn(conn, **span)
        for part in changes.removed(self._store, **span) if gone else ():
            for near in self._index.near([one.signal for one in part]):
                found.loosened.update(hit.item for hit in near)
        for entries in _parts(gone, most=500):
            with self._store.write() as conn:
                job.guard(conn)
                for case_id in records.mark_withdrawn(conn, entries, at=self._clock()):
                    found.loosened.update(records.items_of(conn, case_id))
        found.items.update(dict.fromkeys(sorted(found.loosened)))

    def _renewed(self, affected: Affected, too_many: Mapping[int, Any]) -> _Renewed:
        found = self._lists.lookup(affected.asked, radius=self._radius)
        item = affected.item
        with self._store.read() as conn:
            version, policy = self._policies.current(conn)
            own = [one for one in found.matches if is_own(one.list)]
            stopped = self._tripped(conn, own).stopped(own) if own else frozenset()
        matches = tuple(one for one in found.matches if one.entry_id not in too_many and one.entry_id not in stopped)
        facts = Facts(
            service=item.service, outcome=affected.outcome, published=item.published, context=item.context,
            matches=matches, known_good=found.known_good,
        )  # fmt: skip
        kept = Found(matches=matches, known_good=found.known_good, cut=found.cut, mark=found.mark)
        return _Renewed(affected=affected, found=kept, ruling=policy.decide(facts), policy=version)

    def _apply(self, conn: Connection, renewed: Sequence[_Renewed], loosened: set[int]) -> int:
        """Change what has to be changed, in the order case, item, decision, as everyone does."""
        at = self._clock()
        locked_number(conn, COUNTER)  # no check of these items is written meanwhile
        for cluster in sorted({one.affected.item.sha256 or b"" for one in renewed} - {b""}):
            records.open_of(conn, cluster)
        lookback.lock(conn, [one.affected.item.id for one in renewed])
        told: list[tuple[Item, Verdict, Reason, str | None]] = []
        for one in renewed:
            now = items.hosted(conn, one.affected.item.id)
            if now is None or now.gone is not None or now.request != one.affected.item.request:
                continue  # it went, or was checked anew and knew of the change
            case_id, verdict = self._ruled(conn, now, one, loosened=now.id in loosened)
            if verdict is not now.verdict:
                lookback.set_verdict(conn, now.id, verdict)
                lower = _SEVERITY[verdict] < _SEVERITY[now.verdict]
                told.append((now, verdict, Reason.WITHDRAWN if lower else Reason.NEW_ENTRY, case_id))
        for item, verdict, reason, case_id in told:
            publish(conn, item, verdict=verdict, reason=reason, case_id=case_id, by=SYSTEM, at=at)
        return len(told)

    def _ruled(self, conn: Connection, item: Item, one: _Renewed, *, loosened: bool) -> tuple[str | None, Verdict]:
        """The case and the verdict that an item has from now on."""
        deciding = [match for match in one.found.matches if match.mode != OBSERVING]
        fresh = any(match.entry_id not in one.affected.told for match in deciding)
        if item.decided is Verdict.BLOCK or (item.decided is Verdict.ALLOW and not fresh):
            return None, item.verdict
        verdict = one.ruling.verdict
        if verdict is Verdict.BLOCK:
            tripped = self._tripped(conn, one.found.matches, one.ruling.rule)
            verdict = Verdict.HOLD if tripped.covers(one.found.matches, one.ruling.rule) else verdict
        higher = _SEVERITY[verdict] > _SEVERITY[item.verdict]
        if not (higher or fresh or loosened):
            return None, item.verdict
        case_id = None
        if one.ruling.case and deciding:
            case_id = open_case(
                conn, kind=LOOKBACK, queue=one.ruling.queue, assessors=one.ruling.assessors,
                item=CaseItem.of(item), matches=deciding,
                reason=one.ruling.rule, policy_version=one.policy, by=SYSTEM, at=self._clock(),
            )  # fmt: skip
            self._opened(conn, case_id, deciding, self._clock())
        if one.affected.known_facts:
            lookback.note_facts(conn, item.request, _facts(item, one.found), case_id=case_id)
        if higher or (loosened and item.decided is None):
            return case_id, verdict
        return case_id, item.verdict

    def _tripped(self, conn: Connection, matches: Sequence[ListMatch], rule: str | None = None) -> Open:
        """The breakers that are open for some matches and a rule; look-back itself counts for none."""
        entries = {match.entry_id for match in matches if match.entry_id is not None}
        subjects = [entry_subject(entry) for entry in sorted(entries)] + ([rule_subject(rule)] if rule else [])
        limits = breaker_records.limits_of(conn, subjects)
        return Open(frozenset(subject for subject, limit in limits.items() if limit.is_open))

    def _write_down(self, conn: Connection, suspects: _Suspects, changed: int) -> None:
        at = self._clock()
        for entry, (count, most) in sorted(suspects.too_many.items()):
            log.error("look-back: entry %d leads to %d items and was not acted on", entry, count)
            facts = {"entry": entry, "items": count, "most": most}
            leaf = Leaf(action="lookback.stopped", actor=SYSTEM.pseudonym, facts=facts, subject=STOPS)
            append(conn, leaf, at=at)
        if suspects.items:
            facts = {"items": len(suspects.items), "changed": changed}
            append(conn, Leaf(action="lookback.made", actor=SYSTEM.pseudonym, facts=facts), at=at)


def _changed(
    store: Store, span: Mapping[str, int], *, name: str | None, entry: int | None
) -> Iterator[Sequence[changes.EntrySignal]]:
    """The signals that a job is about."""
    if entry is not None:
        return changes.of_entry(store, entry)
    return changes.added(store, **span) if name is None else changes.of_list(store, name)


def _facts(item: Item, found: Found) -> dict[str, Any] | None:
    facts = {
        "matches": [match.document() for match in found.matches[:_MOST_TOLD]],
        "known_good": [match.document() for match in found.known_good[:_MOST_TOLD]],
        "context": dict(item.context), "published": item.published,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value not in ([], {}, None)} or None


def _parts(values: Iterable[int], *, most: int = _AT_ONCE) -> Iterator[list[int]]:
    left = iter(values)
    while part := list(islice(left, most)):
        yield part
