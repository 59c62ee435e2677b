"""Taking entries in: from a stream in any list format, or by hand. What comes out is a change set.

On a private, observing list it is applied at once. On a list that blocks or is shared it waits for a second person;
so does a feed that suddenly does far more than feeds do. Until the last row is read nothing is live and nothing waits:
an import that dies leaves an unfinished change set behind that nobody can agree to, and that is dropped later.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, BinaryIO

from sqlalchemy import Connection

from rempart.clock import Clock
from rempart.errors import ConflictError, IncompleteError, NotFoundError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.lists import applying, entry_records, staging_records
from rempart.lists.difference import Step
from rempart.lists.entry import Entry
from rempart.lists.entry_records import LiveList
from rempart.lists.growth import Change, abnormal
from rempart.lists.guards import GuardKeeper
from rempart.lists.registry import detect, format_named
from rempart.lists.report import Reading, Refusal
from rempart.lists.schemes import built_in, choices
from rempart.lists.source import prepared
from rempart.lists.staging import Staging, changeset_digest, hand_made
from rempart.lists.staging_records import ChangeSet, State
from rempart.lists.vocabulary import ReadOptions
from rempart.people import approvals
from rempart.people.principal import Principal
from rempart.store.engine import Store
from rempart.store.ids import new_id

KIND = "list.changes"
"""What the approval of a change set is called."""
MAX_ORIGIN = 200
MAX_BY_HAND = 1_000
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How to take entries in.

    `origin` names the source; with `feed` it is one that is imported again and again, and its growth is watched.
    `restore` takes back entries that were withdrawn here; `accept_flagged` lets entries in that a canary or the noisy
    hashes speak against. `scheme` gives bare codes their meaning; by default the list's own does.
    """

    origin: str = ""
    feed: bool = False
    format_name: str = "auto"
    scheme: str = ""
    force: bool = False
    restore: bool = False
    accept_flagged: bool = False

    def __post_init__(self) -> None:
        if len(self.origin) > MAX_ORIGIN or not (self.origin.isprintable()):
            raise RefusedError(f"The name of a source has at most {MAX_ORIGIN} printable characters.")
        if self.feed and not self.origin:
            raise RefusedError("A feed needs the name of its source.", hint="Say source=… as well.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Takes entries into lists. `entered` is called after something became live, outside of any transaction."""

    store: Store
    guards: GuardKeeper
    clock: Clock
    entered: Callable[[], object] = field(default=lambda: None)

    def stream(self, list_id: str, stream: BinaryIO, wishes: Wishes, *, by: Principal) -> ChangeSet:
        """Read a list in any format from a buffered stream (with `peek`).

        Lines that cannot be read are refused one by one and counted in the change set; the first are kept with their
        numbers. Raises ListFormatError, SchemeUnknownError, NotFoundError, and IncompleteError when the stream ends
        too early; then nothing is live and nothing waits.
        """

        def readings(live: LiveList) -> Iterator[Reading | Refusal]:
            source = prepared(stream)
            name = wishes.origin or "the body"
            chosen = (
                detect(source.head, origin=name) if wishes.format_name == "auto" else format_named(wishes.format_name)
            )
            yield from chosen.read(source.stream, options=self.options(live, wishes))

        return self._take(list_id, readings, wishes, by=by)

    def readings(
        self,
        list_id: str,
        readings: Callable[[LiveList], Iterable[Reading | Refusal]],
        wishes: Wishes,
        *,
        by: Principal,
    ) -> ChangeSet:
        """Take in what was read elsewhere, of pictures say; otherwise as `stream`."""
        return self._take(list_id, readings, wishes, by=by)

    def entries(self, list_id: str, entries: Sequence[Entry], wishes: Wishes, *, by: Principal) -> ChangeSet:
        """Take up to 1,000 entries that came by hand, all or none; ConflictError names the first that is wrong."""
        if not 0 < len(entries) <= MAX_BY_HAND:
            raise RefusedError(f"From 1 to {MAX_BY_HAND} entries at a time.", hint="Import a file for more.")
        return self._take(list_id, lambda _: hand_made(entries), wishes, by=by, whole=True)

    def options(self, live: LiveList, wishes: Wishes) -> ReadOptions:
        """How values are read for a list; raises RefusedError for a scheme that is not known."""
        name = wishes.scheme or live.scheme
        if name and name not in built_in():
            raise RefusedError(f"There is no category scheme {name[:64]!r}.", hint=f"Choose from {choices()}.")
        chosen = built_in()[name] if name else None
        return ReadOptions(
            schemes=built_in(), now=self.clock(), scheme=chosen, force=wishes.force, source=wishes.origin
        )

    def _take(
        self,
        list_id: str,
        readings: Callable[[LiveList], Iterable[Reading | Refusal]],
        wishes: Wishes,
        *,
        by: Principal,
        whole: bool = False,
    ) -> ChangeSet:
        live, changeset = self._open(list_id, wishes, by=by)
        staging = Staging(
            self.store, changeset, number=live.number, schemes=built_in(), guards=self.guards.now(), clock=self.clock,
            restore=wishes.restore,
        )  # fmt: skip
        try:
            for one in _read(readings(live)):
                if isinstance(one, Refusal):
                    _refuse_cut(one, force=wishes.force)
                    staging.refuse(one)
                else:
                    staging.take(one)
            staging.close()
            if whole and staging.refused:
                line, reason = staging.refused[0]
                raise ConflictError(
                    f"Entry {line}: {reason}.", hint="Nothing was taken in; mend it and send all again."
                )
        except BaseException:
            drop(self.store, changeset.id, clock=self.clock)
            raise
        settled = self._settle(changeset, staging, wishes, by=by)
        if settled.state is State.APPLYING:
            settled = applying.apply_all(self.store, settled.id, clock=self.clock)
            self.entered()
        return settled

    def _open(self, list_id: str, wishes: Wishes, *, by: Principal) -> tuple[LiveList, ChangeSet]:
        with self.store.write() as conn:
            live = found_list(conn, list_id)
            changeset_id = open_changeset(conn, live, "entries", origin=wishes.origin, by=by, clock=self.clock)
            if wishes.feed:
                staging_records.change(conn, changeset_id, feed=True)
            changeset = staging_records.find(conn, changeset_id)
        assert changeset is not None
        return live, changeset

    def _settle(self, opened: ChangeSet, staging: Staging, wishes: Wishes, *, by: Principal) -> ChangeSet:
        """Write what was staged, and whether it enters or waits."""
        with self.store.write() as conn:
            live = found_list(conn, opened.list_id, lock=True)
            changeset = staging_records.find(conn, opened.id, lock=True)
            if changeset is None or changeset.state is not State.READING:
                raise ConflictError("The import was dropped while it was read.", hint="Import it again.")
            counts = dict(staging.counts)
            flagged = "enter" if wishes.accept_flagged or not live.guarded else "aside"
            values: dict[str, Any] = {
                "counts": counts, "marks": staging.marks, "revision": live.revision, "touched": self.clock(),
                "refused": [list(one) for one in staging.refused], "target": {"flagged": flagged},
            }  # fmt: skip
            staging_records.change(conn, opened.id, **values)
            if not staging.marks:
                staging_records.change(conn, opened.id, state=State.APPLIED.value, settled=self.clock())
            else:
                why = _must_ask(conn, live, changeset, counts, at=self.clock())
                stage(conn, opened.id, why=why, by=by, clock=self.clock)
            settled = staging_records.find(conn, opened.id)
        assert settled is not None
        return settled


def _read(readings: Iterable[Reading | Refusal]) -> Iterable[Reading | Refusal]:
    try:
        yield from readings
    except (EOFError, zlib.error) as err:
        raise IncompleteError(
            "The compressed file is cut short or damaged.", hint="Nothing was taken in; fetch it again."
        ) from err


def _refuse_cut(refusal: Refusal, *, force: bool) -> None:
    """Half a list must not pass for a whole one."""
    if refusal.incomplete and not force:
        raise IncompleteError(
            f"Line {refusal.line}: {refusal.reason}.", hint="Nothing was taken in; fetch it again, or say force."
        )


def _must_ask(conn: Connection, live: LiveList, changeset: ChangeSet, counts: dict[str, int], *, at: Any) -> str:
    """Why a second person has to agree; empty when the change may be applied at once."""
    trusted = changeset.feed and changeset.origin in live.feeds
    if live.guarded and not trusted:
        return "The list is shared." if live.mode != "blocking" else "The list blocks."
    if trusted and (counts.get("canary") or counts.get("noisy")):
        return "The feed brings entries that canaries or noisy hashes speak against."
    if changeset.feed and staging_records.fed_before(conn, live.id, changeset.origin):
        earlier = staging_records.fed_since(conn, live.id, changeset.origin, at - _DAY)
        total = sum((_change(one.counts) for one in earlier), _change(counts))
        before = live.live - sum(one.outcomes.get("add", 0) - one.outcomes.get("withdraw", 0) for one in earlier)
        return abnormal(total, live=max(0, before), limits=live.growth)
    return ""


def _change(counts: Any) -> Change:
    return Change(
        added=counts.get(Step.ADD.value, 0),
        changed=counts.get(Step.CHANGE.value, 0),
        withdrawn=counts.get(Step.WITHDRAW.value, 0),
    )


def found_list(conn: Connection, list_id: str, *, lock: bool = False) -> LiveList:
    """The list with this id; raises NotFoundError."""
    live = entry_records.find_list(conn, list_id, lock=lock) if list_id.isprintable() else None
    if live is None:
        raise NotFoundError("There is no such list.", hint="GET /v1/lists shows those that are there.")
    return live


def open_changeset(conn: Connection, live: LiveList, kind: str, *, origin: str, by: Principal, clock: Clock) -> str:
    """Write an empty change set of a list, being read; gives its id."""
    at, changeset_id = clock(), new_id("chg")
    values = {
        "id": changeset_id, "list_id": live.id, "kind": kind, "state": State.READING.value, "origin": origin,
        "asked_by": by.id, "asked_as": by.pseudonym, "created": at, "touched": at, "revision": live.revision,
    }  # fmt: skip
    staging_records.add(conn, values)
    return changeset_id


def stage(conn: Connection, changeset_id: str, *, why: str, by: Principal, clock: Clock) -> None:
    """Seal a change set by its digest; ask for a second person when there is a reason `why`, else begin to apply it."""
    changeset = staging_records.find(conn, changeset_id)
    assert changeset is not None
    digest = changeset_digest(changeset)
    staging_records.change(conn, changeset_id, digest=digest, why=why[:400])
    if not why:
        applying.begin(conn, changeset, clock=clock)
        return
    steps = {step.value: changeset.counts.get(step.value, 0) for step in Step}
    facts = {"list": changeset.list_id, "changes": changeset.id, **steps}
    approval = approvals.ask(
        conn, kind=KIND, subject=f"changes:{changeset_id}", digest=digest, by=by, at=clock(), facts=facts
    )
    staging_records.change(conn, changeset_id, state=State.STAGED.value, approval_id=approval)
    append(
        conn,
        Leaf(action="changes.staged", actor=by.pseudonym, facts=facts, sealed={"content": digest},
             subject=f"list:{changeset.list_id}"),
        at=clock(),
    )  # fmt: skip


def drop(store: Store, changeset_id: str, *, clock: Clock) -> None:
    """Give up a change set that is being read, with its rows."""
    with store.write() as conn:
        found = staging_records.find(conn, changeset_id, lock=True)
        if found is None or found.state is not State.READING:
            return
        staging_records.change(conn, changeset_id, state=State.DROPPED.value, settled=clock())
    forget(store, changeset_id)


def forget(store: Store, changeset_id: str) -> None:
    """Delete the rows of a change set, some at a time."""
    more = True
    while more:
        with store.write() as conn:
            more = staging_records.forget_rows(conn, changeset_id, limit=5_000) > 0
