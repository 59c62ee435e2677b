"""Writing checks down: item, signals, check, case, evidence and ledger leaf of many checks in one transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.events import Reason, publish
from rempart.cases.marks import look_for
from rempart.cases.opening import CaseItem, bytes_known, open_case
from rempart.cases.records import cases
from rempart.clock import Clock
from rempart.errors import ConflictError, RefusedError
from rempart.evidence.ledger import append_many
from rempart.evidence.vault import Vault
from rempart.intake.notices import seeds
from rempart.intake.upload_replays import replayed, salted
from rempart.intake.upload_rows import DECIDED, Entry, has_object, known_items, rounds
from rempart.intake.upload_ruling import Ruler, of_lists
from rempart.intake.upload_values import CheckAnswer, Prepared, Ruled
from rempart.items.records import checks, items, replays, signals
from rempart.items.records.items import Known
from rempart.lists.breaker import Breaker, Open
from rempart.policy.facts import Keep, Verdict
from rempart.policy.versions import PolicyStore
from rempart.store.counters import current_number, next_number
from rempart.store.engine import Store

SEVERITY = (Verdict.ALLOW, Verdict.HOLD, Verdict.BLOCK)
_UNRULED = frozenset({"otherwise", "on_failure", DECIDED})


class NeedsSealing(RefusedError):  # noqa: N818 - a way back, not a failure
    """The lists changed meanwhile and these bytes must be sealed first."""


class Recorder:
    """Writes groups of checks; the one place where a check becomes an answer."""

    def __init__(
        self,
        store: Store,
        *,
        ruler: Ruler,
        policies: PolicyStore,
        vault: Vault,
        breaker: Breaker,
        clock: Clock,
        keep_signals: bool,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._store, self._ruler, self._policies, self._vault = store, ruler, policies, vault
        self._breaker, self._clock, self._keep, self._random = breaker, clock, keep_signals, random

    def record(self, group: Sequence[Prepared]) -> list[CheckAnswer | Exception]:
        """Write checks and give their answers, durable when this returns; an exception stands for its check alone."""
        ready = self._ruled(group)
        answers: dict[str, CheckAnswer | Exception] = {}
        for some in rounds(ready):
            with self._store.write() as conn:
                answers.update(self._write(conn, some))
        return [answers[one.request_id] for one in group]

    def _ruled(self, group: Sequence[Prepared]) -> list[Prepared]:
        """Checks by signals are looked up here, all at once."""
        rest = [one for one in group if one.ruled is None]
        made = {one.request_id: ruled for one, ruled in zip(rest, self._ruler.rule(rest), strict=True)} if rest else {}
        return [replace(one, ruled=made[one.request_id]) if one.ruled is None else one for one in group]

    def _write(self, conn: Connection, group: Sequence[Prepared]) -> dict[str, CheckAnswer | Exception]:
        """1. The number of this commit: after it, whoever adds an entry finds these items by look-back.
        2. What the lists were when that number was taken: older answers are looked up again.
        3. What was answered before under the same idempotency keys.
        4. What is known of the items. 5. Breakers. 6. Cases and evidence. 7. Rows and leaves."""
        number = next_number(conn, items.COUNTER)
        at = self._clock()
        group = self._brought_up(conn, group)
        answers, group = self._replayed(conn, group)
        known = known_items(conn, group)
        entries = []
        for one in group:
            before = known.get((one.request.service, one.request.item_id))
            try:
                entries.append(self._entry(conn, one, before))
            except RefusedError as err:
                answers[one.request_id] = err
        self._note(conn, entries, at)
        for place, entry in enumerate(entries):
            entry.item = entry.known.id if entry.known else number * items.IDS_IN_COMMIT + place
            self._keep_evidence(conn, entry, at)
        self._write_rows(conn, entries, number, at)
        self._publish(conn, entries, at)
        answers.update((entry.prepared.request_id, entry.answer()) for entry in entries)
        self._remember(conn, entries, answers, at)
        return answers

    def _brought_up(self, conn: Connection, group: Sequence[Prepared]) -> list[Prepared]:
        mark = current_number(conn, "lists")
        self._ruler.policy = self._policies.current(conn)
        version = self._ruler.policy[0]
        old = [one for one in group if _ruled(one).found.mark < mark]
        made = {}
        if old:
            self._ruler.lists.catch_up()
            made = {one.request_id: ruled for one, ruled in zip(old, self._ruler.rule(old), strict=True)}
        fresh = []
        for one in group:
            ruled = made.get(one.request_id) or _ruled(one)
            fresh.append(replace(one, ruled=ruled if ruled.policy == version else self._ruler.apply(one, ruled.found)))
        return fresh

    def _replayed(
        self, conn: Connection, group: Sequence[Prepared]
    ) -> tuple[dict[str, CheckAnswer | Exception], list[Prepared]]:
        keyed = [one for one in group if one.request.key is not None]
        if not keyed:
            return {}, list(group)
        answers: dict[str, CheckAnswer | Exception] = {}
        for service in {one.request.service for one in keyed}:
            mine = [one for one in keyed if one.request.service == service]
            found = replays.find(conn, service, [one.request.key or b"" for one in mine])
            for one in mine:
                if (replay := found.get(one.request.key or b"")) is not None:
                    answers[one.request_id] = replayed(replay, one.request.asked())
        return answers, [one for one in group if one.request_id not in answers]

    def _entry(self, conn: Connection, one: Prepared, known: Known | None) -> Entry:
        ruled = _ruled(one)
        if one.request.known is not None and (known is None or known.id != one.request.known):
            raise ConflictError("The item was deleted or replaced meanwhile.", hint="Look at it again.")
        ruling = ruled.ruling
        verdict, rule = self._answer(conn, one, ruled, known)
        entry = Entry(prepared=one, ruled=ruled, verdict=verdict, rule=rule, known=known)
        needs = entry.rule != DECIDED and ruling.keep is not Keep.NOTHING and one.request.content is not None
        if needs and one.sealed is None:
            # Also where they were sealed before: that evidence has its own reasons, and may be gone with them.
            raise NeedsSealing
        return entry

    def _answer(self, conn: Connection, one: Prepared, ruled: Ruled, known: Known | None) -> tuple[Verdict, str]:
        """The verdict, and the rule that it follows from."""
        verdict, rule = ruled.ruling.verdict, ruled.ruling.rule
        if known is not None and known.decided is not None and self._stands(conn, one, ruled, known):
            verdict, rule = known.decided, DECIDED
        if one.request.known is not None and known is not None:
            # Bytes that come later never make an answer milder: that is for people to do.
            verdict = max(known.verdict, verdict, key=SEVERITY.index)
        return verdict, rule

    @staticmethod
    def _stands(conn: Connection, one: Prepared, ruled: Ruled, known: Known) -> bool:
        """Whether what people decided holds for this check too: the same bytes and, to be released, no new match."""
        if known.sha256 is None or known.sha256 != one.sha256:
            return False
        if known.decided is Verdict.BLOCK:
            return True
        before = checks.find(conn, known.request)
        told = (before.facts or {}).get("matches", ()) if before is not None else ()
        entries = {match.get("entry_id") for match in told}
        return all(match.entry_id in entries for match in ruled.found.matches)

    def _note(self, conn: Connection, entries: Sequence[Entry], at: datetime) -> None:
        rules = [None if entry.rule in _UNRULED else entry.rule for entry in entries]
        found = [entry.ruled.found.matches for entry in entries]
        opened: Open = self._breaker.note(conn, list(zip(found, rules, strict=True)), at=at)
        for entry, matches, rule in zip(entries, found, rules, strict=True):
            if stopped := opened.stopped(matches):
                self._rule_without(conn, entry, stopped)
            if entry.verdict is Verdict.BLOCK and entry.rule != DECIDED and opened.covers(matches, rule):
                entry.verdict = Verdict.HOLD

    def _rule_without(self, conn: Connection, entry: Entry, stopped: frozenset[int]) -> None:
        """Rule as if some seeds of notices were not there: they match too much to be believed just now."""
        found = entry.ruled.found
        rest = tuple(match for match in found.matches if match.entry_id not in stopped)
        entry.ruled = self._ruler.apply(entry.prepared, replace(found, matches=rest))
        entry.verdict, entry.rule = self._answer(conn, entry.prepared, entry.ruled, entry.known)

    def _keep_evidence(self, conn: Connection, entry: Entry, at: datetime) -> None:
        one, ruling = entry.prepared, entry.ruled.ruling
        entry.object_id = entry.known.object if has_object(one, entry.known) and entry.known else None
        if entry.opens_case:
            item = CaseItem(id=entry.item, service=one.request.service, sha256=one.sha256)
            entry.case_id = open_case(
                conn, kind="match" if entry.ruled.found.matches else "unchecked", queue=ruling.queue,
                assessors=ruling.assessors, item=item, matches=of_lists(entry.ruled.found.matches), reason=ruling.rule,
                policy_version=entry.ruled.policy, by=one.request.by, at=at,
            )  # fmt: skip
            seeds.link(conn, entry.case_id, entry.ruled.found.matches, at=at)
        # A case that was decided meanwhile is no reason to keep bytes: nobody would ever let them go.
        brought_for = one.request.case and cases.open_with(conn, [entry.item]).get(entry.item)
        if brought_for and one.sha256 is not None:
            bytes_known(conn, brought_for, entry.item, one.sha256)
        reference = brought_for or entry.case_id
        if one.sealed is None or (reference is None and (entry.rule == DECIDED or ruling.keep is Keep.NOTHING)):
            return
        until = None
        if brought_for is None and ruling.keep is Keep.DAYS:
            until = at + timedelta(days=ruling.keep_days or 0)
        entry.object_id = self._vault.record(
            conn, one.sealed, item=f"item:{entry.item}", basis="case" if until is None else "policy",
            media_type=(one.seen.media_type if one.seen else None) or "application/octet-stream",
            by=one.request.by, keep_until=until, reference=reference or "",
        )  # fmt: skip
        if reference is not None:
            look_for(conn, entry.item, at=at)

    def _publish(self, conn: Connection, entries: Sequence[Entry], at: datetime) -> None:
        """Tell services of verdicts that changed without their asking: by bytes that were brought for a case."""
        for entry in entries:
            known, request = entry.known, entry.prepared.request
            if request.known is None or known is None or known.verdict is entry.verdict:
                continue
            publish(
                conn, known, verdict=entry.verdict, reason=Reason.CONTENT, case_id=entry.case_id, by=request.by, at=at
            )  # fmt: skip

    def _write_rows(self, conn: Connection, entries: Sequence[Entry], number: int, at: datetime) -> None:
        items.add(conn, [entry.item_row(at) for entry in entries if entry.known is None])
        again = [entry for entry in entries if entry.known is not None]
        items.check_again(conn, [entry.item_row(at) for entry in again])
        signals.remove(conn, [entry.item for entry in again], number=number)
        if self._keep:
            kept = (
                signals.row_of(entry.item, one, number=number)
                for entry in entries
                if entry.prepared.request.hosted
                for one in entry.prepared.kept_signals()
            )
            signals.add(conn, list(kept))
        checks.add(conn, [entry.check_row(at) for entry in entries])
        append_many(conn, [entry.leaf() for entry in entries], at=at)

    def _remember(
        self,
        conn: Connection,
        entries: Iterable[Entry],
        answers: dict[str, CheckAnswer | Exception],
        at: datetime,
    ) -> None:
        rows = []
        for entry in entries:
            one = entry.prepared
            answer = answers[one.request_id]
            if one.request.key is None or isinstance(answer, Exception):
                continue
            salt = self._random(16)
            rows.append(
                {
                    "service": one.request.service, "key": one.request.key, "request": one.request_id,
                    "item": entry.item, "salt": salt, "asked": salted(salt, one.request.asked()),
                    "answer": answer.stored(), "at": at,
                }
            )  # fmt: skip
        replays.add(conn, rows)


def _ruled(one: Prepared) -> Ruled:
    assert one.ruled is not None
    return one.ruled
