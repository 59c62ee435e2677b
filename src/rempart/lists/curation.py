"""Making and changing lists, withdrawing entries, and deciding on what waits: everything a curator does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from sqlalchemy import Connection

from rempart.clock import Clock
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError, TamperedError
from rempart.evidence.ledger import Leaf, append
from rempart.lists import applying, breaker_records, entry_records, guard_records, records, staging_records
from rempart.lists.curation_settings import (
    ListWish,
    begins_to_guard,
    check_name,
    check_scheme,
    look_at_all,
    perform,
    why_second,
)
from rempart.lists.difference import Known, Step
from rempart.lists.entry import Entry
from rempart.lists.entry_records import LiveList
from rempart.lists.growth import GrowthLimits
from rempart.lists.guards import GuardKeeper
from rempart.lists.ingest import MAX_BY_HAND, Intake, Wishes, drop, forget, found_list, open_changeset, stage
from rempart.lists.records import Mode
from rempart.lists.staging import CHUNK, changeset_digest, chunk_mark
from rempart.lists.staging_records import ChangeSet, Row, State
from rempart.people import approvals
from rempart.people.principal import Principal
from rempart.signals.values import Signal
from rempart.store.counters import next_number
from rempart.store.engine import Store
from rempart.store.jobs import enqueue

_FORSAKEN_AFTER = timedelta(hours=1)
_ROWS_KEPT = timedelta(days=90)
_COUNTS_KEPT = timedelta(days=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curation:
    """What curators do with lists. `entered` is called after something became live or ceased to be.

    `alone_after` is the delay after which the only person of a declared one-person deployment confirms again.
    """

    store: Store
    guards: GuardKeeper
    clock: Clock
    entered: Callable[[], object] = field(default=lambda: None)
    alone_after: timedelta | None = None

    @property
    def intake(self) -> Intake:
        """The way in for entries."""
        return Intake(store=self.store, guards=self.guards, clock=self.clock, entered=self.entered)

    def create(
        self,
        *,
        name: str,
        by: Principal,
        mode: Mode = Mode.OBSERVING,
        shared: bool = False,
        scheme: str = "",
        growth: GrowthLimits | None = None,
    ) -> LiveList:
        """Make an empty list, owned by who makes it. Raises RefusedError, ConflictError for a name that is taken."""
        check_name(name)
        check_scheme(scheme)
        with self.store.write() as conn:
            if entry_records.list_named(conn, name) is not None:
                raise ConflictError("There is a list of that name already.", hint="Choose another name.")
            made = entry_records.add_list(
                conn, name=name, mode=mode, shared=shared, owner=by.id, scheme=scheme, growth=growth or GrowthLimits(),
                at=self.clock(),
            )  # fmt: skip
            facts = {"list": made.id, "mode": mode.value, "shared": shared}
            leaf = Leaf(action="list.created", actor=by.pseudonym, facts=facts, sealed={"name": name},
                        subject=f"list:{made.id}")  # fmt: skip
            append(conn, leaf, at=self.clock())
        return made

    def change(
        self, list_id: str, wish: ListWish, *, by: Principal, accept_flagged: bool = False
    ) -> tuple[LiveList, ChangeSet | None]:
        """Change a list at once, or stage the change where a second person has to agree; gives the list as it is.

        What is on a list that shall block or be shared is checked first. Raises ConflictError when canaries or noisy
        hashes speak against some of it and that was not accepted.
        """
        with self.store.read() as conn:
            live = found_list(conn, list_id)
        target = wish.target(live)
        if not target:
            return live, None
        extra: dict[str, Any] = {}
        flagged: tuple[Row, ...] = ()
        counts: dict[str, int] = {}
        if begins_to_guard(live, target) and live.live:
            whole = look_at_all(self.store, live, self.guards.now())
            flagged, counts, extra = whole.flagged, {**whole.counts, "entries": whole.entries}, {"content": whole.mark}
            if flagged and not accept_flagged:
                raise ConflictError(
                    f"Canaries or noisy hashes speak against {len(flagged)} entries;"
                    f" the first is {flagged[0].ref[:80]!r}, {flagged[0].flag}.",
                    hint="Withdraw them, or say accept_flagged to let the second person decide.",
                )
        with self.store.write() as conn:
            now = found_list(conn, list_id, lock=True)
            if now.revision != live.revision:
                raise ConflictError("The list was changed meanwhile.", hint="Look at it and ask again.")
            if staging_records.unfinished(conn, list_id):
                raise ConflictError("Entries are entering the list just now.", hint="Wait until they are in.")
            why = why_second(now, target, by=by)
            if not why:
                perform(conn, now, target, by=by, at=self.clock())
                return found_list(conn, list_id), None
            changeset_id = open_changeset(conn, now, "settings", origin="", by=by, clock=self.clock)
            self._write_rows(conn, changeset_id, flagged, counts=counts, target=target | extra)
            stage(conn, changeset_id, why=why, by=by, clock=self.clock)
            return now, staging_records.find(conn, changeset_id)

    def _write_rows(
        self,
        conn: Connection,
        changeset_id: str,
        rows: Sequence[Row],
        *,
        counts: dict[str, int],
        target: dict[str, Any],
    ) -> None:
        marks = b""
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            staging_records.add_rows(conn, changeset_id, chunk)
            marks += chunk_mark(chunk)
        staging_records.change(conn, changeset_id, marks=marks, counts=counts, target=target)

    def add(self, list_id: str, entries: Sequence[Entry], wishes: Wishes, *, by: Principal) -> ChangeSet:
        """Take entries in by hand; see `Intake.entries`."""
        return self.intake.entries(list_id, entries, wishes, by=by)

    def take_in(self, list_id: str, stream: BinaryIO, wishes: Wishes, *, by: Principal) -> ChangeSet:
        """Import a stream; see `Intake.stream`."""
        return self.intake.stream(list_id, stream, wishes, by=by)

    def withdraw(self, list_id: str, ref: str, *, by: Principal, reason: str = "") -> ChangeSet | None:
        """Withdraw an entry: at once, or staged (and the change set given) where the list guards and is another's.

        Raises NotFoundError, ConflictError for what is withdrawn already.
        """
        return self.withdraw_all(list_id, [ref], by=by, reason=reason)

    def withdraw_all(self, list_id: str, refs: Sequence[str], *, by: Principal, reason: str = "") -> ChangeSet | None:
        """Withdraw up to 1,000 entries together, all or none; otherwise as `withdraw`."""
        wanted = tuple(dict.fromkeys(refs))
        if not 0 < len(wanted) <= MAX_BY_HAND:
            raise RefusedError(f"From 1 to {MAX_BY_HAND} entries at a time.", hint="Choose the entries to withdraw.")
        with self.store.write() as conn:
            live = found_list(conn, list_id, lock=True)
            there = entry_records.known(conn, live.number, [ref for ref in wanted if len(ref) <= 512])
            if not all(ref in there for ref in wanted):
                raise NotFoundError("The list has no such entry.", hint="References are compared letter by letter.")
            gone = next((one.withdrawn for one in there.values() if one.withdrawn is not None), None)
            if gone is not None:
                raise _already(gone, alone=len(wanted) == 1)
            if live.guarded and live.owner and by.id != live.owner and by.kind != "system":
                return self._stage_withdrawal(conn, live, there, by=by)
            at, ids = self.clock(), [there[ref].entry_id for ref in wanted]
            sealed = {"ref": "\n".join(wanted)} | ({"reason": reason[:2000]} if reason else {})
            told = {"entry": ids[0]} if len(ids) == 1 else {"entries": ids}
            facts = {"list": live.id, **told, "count": len(ids)}
            leaf = Leaf(
                action="entry.withdrawn", actor=by.pseudonym, facts=facts, sealed=sealed, subject=f"list:{live.id}"
            )
            append(conn, leaf, at=at)
            entry_records.change_list(conn, live, curated={"live": live.live - len(ids)})
            change = next_number(conn, records.COUNTER)
            records.withdraw_entries(conn, ids, number=change, at=at)
            enqueue(conn, "lookback", {"after": change - 1, "upto": change}, now=at)
        self.entered()
        return None

    def _stage_withdrawal(
        self, conn: Connection, live: LiveList, there: Mapping[str, Known], *, by: Principal
    ) -> ChangeSet | None:
        rows = [
            Row(no=no, ref=ref, step=Step.WITHDRAW, what="", before=one.content, after=None,
                was={"category": [one.category.scheme, one.category.code] if one.category else None,
                     "opinion": one.opinion.value}, body=None, flag="")
            for no, (ref, one) in enumerate(there.items())
        ]  # fmt: skip
        changeset_id = open_changeset(conn, live, "entries", origin="", by=by, clock=self.clock)
        self._write_rows(conn, changeset_id, rows, counts={Step.WITHDRAW.value: len(rows)}, target={})
        stage(conn, changeset_id, why="The list is another's.", by=by, clock=self.clock)
        return staging_records.find(conn, changeset_id)

    def decide(self, changeset_id: str, *, by: Principal, approve: bool, reason: str = "") -> ChangeSet:
        """Agree to a staged change set, or refuse it; what was agreed to is applied before this returns.

        1. It still waits. 2. Its rows, and for a change of the list the list's content, are those that were staged.
        3. `by` is a second person who may (`people.approvals`). Raises NotFoundError, ConflictError, TamperedError,
        RefusedError; then nothing has changed.
        """
        with self.store.read() as conn:
            found = staged(staging_records.find(conn, changeset_id) if changeset_id.isprintable() else None)
            live = found_list(conn, found.list_id)
        if approve:
            verify_rows(self.store, found)
            if "content" in found.target and look_at_all(self.store, live, None).mark != found.target["content"]:
                raise _overtaken()
        with self.store.write() as conn:
            found = staged(staging_records.find(conn, changeset_id, lock=True))
            live = found_list(conn, found.list_id, lock=True)
            if approve and found.kind == "settings" and found.revision != live.revision:
                raise _overtaken()
            digest = changeset_digest(found) if approve else found.digest or b""
            at = self.clock()
            approvals.decide(
                conn, found.approval_id or "", by, approve, reason, digest=digest, at=at, alone_after=self.alone_after
            )
            action = "changes.approved" if approve else "changes.refused"
            facts = {"list": found.list_id, "changes": found.id}
            append(conn, Leaf(action=action, actor=by.pseudonym, facts=facts, subject=f"list:{live.id}"), at=at)
            if not approve:
                staging_records.change(conn, found.id, state=State.REFUSED.value, settled=at)
            elif found.kind == "settings":
                target = {name: value for name, value in found.target.items() if name != "content"}
                perform(conn, live, target, by=by, at=at)
                staging_records.change(conn, found.id, state=State.APPLIED.value, settled=at)
            else:
                applying.begin(conn, found, clock=self.clock)
        if approve:
            settled = applying.apply_all(self.store, found.id, clock=self.clock)
            self.entered()
            return settled
        return self.changeset(found.id)

    def take_back(self, changeset_id: str, *, by: Principal) -> ChangeSet:
        """Give up a change set that waits; a key gives up its own only.

        Raises NotFoundError, NotPermittedError, ConflictError when it waits no longer.
        """
        with self.store.write() as conn:
            found = staged(staging_records.find(conn, changeset_id, lock=True) if changeset_id.isprintable() else None)
            if by.kind == "service" and by.id != found.asked_by:
                raise NotPermittedError("Another asked for these changes.", hint="A curator can take them back.")
            approvals.withdraw(conn, found.approval_id or "", by=by, at=self.clock())
            staging_records.change(conn, found.id, state=State.DROPPED.value, settled=self.clock())
            facts = {"list": found.list_id, "changes": found.id}
            leaf = Leaf(action="changes.dropped", actor=by.pseudonym, facts=facts, subject=f"list:{found.list_id}")
            append(conn, leaf, at=self.clock())
        return self.changeset(changeset_id)

    def changeset(self, changeset_id: str) -> ChangeSet:
        """A change set as it is now; raises NotFoundError."""
        with self.store.read() as conn:
            found = staging_records.find(conn, changeset_id) if changeset_id.isprintable() else None
        if found is None:
            raise _no_changeset()
        return found

    def guard(self, name: str, signals: Sequence[Signal], *, by: Principal) -> None:
        """Take signals into the operator's canaries (`canary`) or noisy hashes (`noisy`)."""
        with self.store.write() as conn:
            guard_records.add(conn, name, signals, by=by.pseudonym, at=self.clock())
            facts = {"guard": name, "count": len(signals)}
            append(conn, Leaf(action="guards.changed", actor=by.pseudonym, facts=facts), at=self.clock())

    def unguard(self, name: str, signal: Signal, *, by: Principal) -> None:
        """Take a signal out of the operator's canaries or noisy hashes; raises NotFoundError."""
        with self.store.write() as conn:
            if not guard_records.remove(conn, name, signal):
                raise NotFoundError("It is not among them.")
            facts = {"guard": name, "count": -1}
            append(conn, Leaf(action="guards.changed", actor=by.pseudonym, facts=facts), at=self.clock())

    def tidy(self) -> None:
        """Drop imports that died, and forget the rows of change sets settled long ago and old counts. Runs hourly."""
        now = self.clock()
        with self.store.read() as conn:
            forsaken = staging_records.forsaken(conn, before=now - _FORSAKEN_AFTER)
            old = staging_records.closed(conn, before=now - _ROWS_KEPT, limit=100)
        for changeset_id in forsaken:
            drop(self.store, changeset_id, clock=self.clock)
        for changeset_id in old:
            forget(self.store, changeset_id)
        with self.store.write() as conn:
            breaker_records.prune(conn, before=now - _COUNTS_KEPT)


def staged(found: ChangeSet | None) -> ChangeSet:
    """The change set if it waits for a person; raises NotFoundError, ConflictError."""
    if found is None:
        raise _no_changeset()
    if found.state is not State.STAGED:
        raise ConflictError(
            f"This change set waits no longer: it is {found.state}.", hint="Look at the list's changes."
        )
    return found


def verify_rows(store: Store, changeset: ChangeSet) -> None:
    """Raise TamperedError unless the rows of a change set are those that it was staged with."""
    for chunk in range(changeset.chunks + 1):
        with store.read() as conn:
            rows = staging_records.rows_from(conn, changeset.id, first=chunk * CHUNK, limit=CHUNK)
        expected = changeset.marks[32 * chunk : 32 * chunk + 32]
        if (chunk_mark(rows) if rows else b"") != expected:
            raise TamperedError(
                "The rows of this change set are not those that were staged.", hint="Take it back and import again."
            )


def _already(gone: datetime, *, alone: bool) -> ConflictError:
    if alone:
        return ConflictError(
            f"The entry was already withdrawn, on {gone:%Y-%m-%d}.", hint="There is nothing left to do."
        )
    return ConflictError(
        f"One of them was already withdrawn, on {gone:%Y-%m-%d}; none was withdrawn now.",
        hint="Look at the entries again.",
    )


def _no_changeset() -> NotFoundError:
    return NotFoundError("There is no such change set.", hint="GET /v1/lists/{id}/changes shows those of a list.")


def _overtaken() -> ConflictError:
    return ConflictError(
        "The list has changed since this was asked; nothing was decided.", hint="Take it back and ask again."
    )
