"""Putting an agreed change set into its list, chunk by chunk, so that a death in between loses nothing.

Each transaction takes the next chunk, holds it against the digest that was agreed to, and writes the entries, their
signals, the job that looks for copies already there, the ledger's leaf and how far it got. Any process can go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.clock import Clock
from rempart.errors import TamperedError
from rempart.evidence.ledger import Leaf, append
from rempart.lists import entry_records, records, staging_records
from rempart.lists.difference import Body, Known, Step
from rempart.lists.entry_records import LiveList
from rempart.lists.schemes import built_in
from rempart.lists.staging import CHUNK, changeset_digest, chunk_mark
from rempart.lists.staging_records import ChangeSet, Row, State
from rempart.store.counters import next_number
from rempart.store.engine import Store
from rempart.store.jobs import Job, enqueue

JOB = "lists.apply"
_TAKEN_OVER_AFTER = timedelta(seconds=20)
"""Whoever agreed begins at once; the job is there for when that process dies."""


def begin(conn: Connection, changeset: ChangeSet, *, clock: Clock) -> None:
    """Mark a change set as agreed, in the transaction of the agreement; `apply_all` comes after its commit."""
    at = clock()
    staging_records.change(conn, changeset.id, state=State.APPLYING.value, touched=at)
    enqueue(conn, JOB, {"changeset": changeset.id}, now=at, delay=_TAKEN_OVER_AFTER, key=f"{JOB}:{changeset.id}")


def apply_all(
    store: Store, changeset_id: str, *, clock: Clock, guard: Callable[[Connection], None] = lambda _: None
) -> ChangeSet:
    """Apply what is left of a change set; gives it as it is then. One that is not being applied stays as it is.

    Raises TamperedError when a row is not what was agreed to: what came before stays applied, the rest does not enter.
    """
    while True:
        with store.write() as conn:
            guard(conn)
            changeset = _apply_chunk(conn, changeset_id, clock=clock)
        if changeset.state is not State.APPLYING:
            return changeset


def handler(store: Store, clock: Clock, after: Callable[[], object] = lambda: None) -> Callable[[Job], None]:
    """The handler of `lists.apply` jobs; `after` is called when something has entered."""

    def run(job: Job) -> None:
        apply_all(store, str(job.payload["changeset"]), clock=clock, guard=job.guard)
        after()

    return run


def _apply_chunk(conn: Connection, changeset_id: str, *, clock: Clock) -> ChangeSet:
    found = staging_records.find(conn, changeset_id, lock=True)
    if found is None:
        raise TamperedError(f"The change set {changeset_id} is gone.")
    if found.state is not State.APPLYING:
        return found
    live = entry_records.find_list(conn, found.list_id, lock=True)
    if live is None or found.digest != changeset_digest(found):
        raise TamperedError(f"The change set {changeset_id} is not what was agreed to.")
    if found.chunks_done < found.chunks:
        number = found.chunks_done
        rows = staging_records.rows_from(conn, found.id, first=number * CHUNK, limit=CHUNK)
        mark = chunk_mark(rows)
        if mark != found.marks[32 * number : 32 * number + 32]:
            raise TamperedError(f"Rows of the change set {changeset_id} are not what was agreed to.")
        outcomes = _enter(conn, found, live, rows, mark=mark, clock=clock)
    else:
        number, outcomes = found.chunks_done - 1, dict(found.outcomes)
    values: dict[str, object] = {"chunks_done": number + 1, "touched": clock(), "outcomes": outcomes}
    if number + 1 >= found.chunks:
        values |= {"state": State.APPLIED.value, "settled": clock()}
    staging_records.change(conn, found.id, **values)
    done = staging_records.find(conn, found.id)
    assert done is not None
    return done


def _enter(
    conn: Connection, changeset: ChangeSet, live: LiveList, rows: Sequence[Row], *, mark: bytes, clock: Clock
) -> dict[str, int]:
    """Write one chunk of rows (`mark` is its digest); gives the change set's outcomes with this chunk's added."""
    known = entry_records.known(conn, live.number, [row.ref for row in rows])
    aside = [row for row in rows if row.flag and changeset.target.get("flagged") != "enter"]
    wanted = [row for row in rows if not row.flag or changeset.target.get("flagged") == "enter"]
    fitting = [row for row in wanted if _fits(row, known.get(row.ref))]
    counts = {"set_aside": len(aside), "overtaken": len(wanted) - len(fitting)}
    for step in Step:
        counts[step.value] = sum(row.step is step for row in fitting)
    if fitting:
        mark = mark if len(fitting) == len(rows) else chunk_mark(fitting)
        _write(conn, changeset, live, fitting, known, mark=mark, clock=clock)
    return {name: changeset.outcomes.get(name, 0) + count for name, count in counts.items()}


def _fits(row: Row, there: Known | None) -> bool:
    """Whether the entry is still as it was when the difference was shown."""
    if there is None:
        return row.before is None and row.step is Step.ADD
    if row.what == "restored":
        return there.withdrawn is not None and there.content == row.before
    return there.withdrawn is None and there.content == row.before


def _write(
    conn: Connection,
    changeset: ChangeSet,
    live: LiveList,
    rows: Sequence[Row],
    known: Mapping[str, Known],
    *,
    mark: bytes,
    clock: Clock,
) -> None:
    bodies = [(row.ref, Body(text=row.body, fingerprint=row.after)) for row in rows if row.body and row.after]
    ended = [known[row.ref].entry_id for row in rows if row.step is not Step.ADD]
    entered, gone = (sum(row.step is step for row in rows) for step in (Step.ADD, Step.WITHDRAW))
    at = clock()
    _log(conn, changeset, rows, known, mark=mark, at=at)
    entry_records.change_list(conn, live, curated={"live": live.live + entered - gone})
    # Last, because everyone who takes this number waits until the transaction ends.
    change = next_number(conn, records.COUNTER)
    records.withdraw_entries(conn, ended, number=change, at=at)
    if bodies:
        records.insert_entries(
            conn, [body.entry(ref) for ref, body in bodies], list_number=live.number, schemes=built_in(), number=change,
            at=at, contents=[body.fingerprint for _, body in bodies],
        )  # fmt: skip
    enqueue(conn, "lookback", {"after": change - 1, "upto": change}, now=at)


def _log(
    conn: Connection,
    changeset: ChangeSet,
    rows: Sequence[Row],
    known: Mapping[str, Known],
    *,
    mark: bytes,
    at: datetime,
) -> None:
    facts = {"list": changeset.list_id, "changes": changeset.id}
    gone = {"entries": [known[row.ref].entry_id for row in rows if row.step is Step.WITHDRAW]}  # for after a restore
    sealed = {"rows": mark}
    for action, steps in (("entry.added", (Step.ADD, Step.CHANGE)), ("entry.withdrawn", (Step.WITHDRAW,))):
        count = sum(row.step in steps for row in rows)
        if count:
            leaf = Leaf(
                action=action, actor=changeset.asked_as, sealed=sealed, subject=f"list:{changeset.list_id}",
                facts=facts | {"count": count} | (gone if action == "entry.withdrawn" else {}),
            )  # fmt: skip
            append(conn, leaf, at=at)
