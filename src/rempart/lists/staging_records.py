"""Tables of change sets: what shall happen to a list, row by row, until a second person has agreed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)  # fmt: skip

from rempart.lists.difference import Step
from rempart.store.bulk import insert_many
from rempart.store.schema import Json, UtcTime, metadata

list_changesets = Table(
    "list_changesets",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("list_id", String(40), ForeignKey("lists.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("origin", String(200), nullable=False),
    Column("feed", Boolean, nullable=False),
    Column("asked_by", String(100), nullable=False),
    Column("asked_as", String(100), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("touched", UtcTime, nullable=False),
    Column("settled", UtcTime),
    Column("revision", BigInteger, nullable=False),
    Column("target", Json, nullable=False),
    Column("counts", Json, nullable=False),
    Column("outcomes", Json, nullable=False),
    Column("refused", Json, nullable=False),
    Column("why", String(400), nullable=False),
    Column("marks", LargeBinary, nullable=False),
    Column("digest", LargeBinary),
    Column("approval_id", String(40)),
    Column("chunks_done", Integer, nullable=False),
    Index(None, "list_id", "created"),
    Index(None, "state", "touched"),
)
changeset_rows = Table(
    "changeset_rows",
    metadata,
    Column("changeset_id", String(40), ForeignKey("list_changesets.id"), primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("ref", String(512), nullable=False),
    Column("step", String(10), nullable=False),
    Column("what", String(40), nullable=False),
    Column("before", LargeBinary),
    Column("after", LargeBinary),
    Column("was", Json),
    Column("body", Text),
    Column("flag", String(200), nullable=False),
    Index(None, "changeset_id", "ref", unique=True),
)


class State(StrEnum):
    """Where a change set stands."""

    READING = "reading"
    STAGED = "staged"
    APPLYING = "applying"
    APPLIED = "applied"
    REFUSED = "refused"
    DROPPED = "dropped"

    @property
    def is_open(self) -> bool:
        """True while something may still come of it."""
        return self in (State.READING, State.STAGED, State.APPLYING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A change set as stored. `counts` tell what it would do, `outcomes` what of it was done so far; `marks` are the
    32-byte digests of its chunks of rows, one after the other."""

    id: str
    list_id: str
    kind: str
    state: State
    origin: str
    feed: bool
    asked_by: str
    asked_as: str
    created: datetime
    touched: datetime
    settled: datetime | None
    revision: int
    target: Mapping[str, Any]
    counts: Mapping[str, int]
    outcomes: Mapping[str, int]
    refused: Sequence[Sequence[Any]]
    why: str
    marks: bytes
    digest: bytes | None
    approval_id: str | None
    chunks_done: int

    @property
    def chunks(self) -> int:
        """How many chunks of rows there are."""
        return len(self.marks) // 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a change set. `before` and `after` are fingerprints of the entry's content; `was` is what the entry
    says now; `flag` tells why the row is set aside and not applied."""

    no: int
    ref: str
    step: Step
    what: str
    before: bytes | None
    after: bytes | None
    was: Mapping[str, Any] | None
    body: str | None
    flag: str


def _changeset(row: Any) -> ChangeSet:
    return ChangeSet(**(dict(row._mapping) | {"state": State(row.state)}))


def add(conn: Connection, values: Mapping[str, Any]) -> None:
    """Write a new change set."""
    empty: dict[str, Any] = {
        "feed": False, "settled": None, "target": {}, "counts": {}, "outcomes": {}, "refused": [], "why": "",
        "marks": b"", "digest": None, "approval_id": None, "chunks_done": 0,
    }  # fmt: skip
    conn.execute(insert(list_changesets), empty | dict(values))


def find(conn: Connection, changeset_id: str, *, lock: bool = False) -> ChangeSet | None:
    """A change set; with `lock` nobody else changes it until the transaction ends."""
    statement = select(list_changesets).where(list_changesets.c.id == changeset_id)
    row = conn.execute(statement.with_for_update() if lock else statement).first()
    return None if row is None else _changeset(row)


def change(conn: Connection, changeset_id: str, **values: Any) -> None:
    """Write columns of a change set."""
    conn.execute(update(list_changesets).where(list_changesets.c.id == changeset_id).values(**values))


def of_list(
    conn: Connection, list_id: str, *, after: str | None = None, limit: int = 50, states: Iterable[State] | None = None
) -> tuple[ChangeSet, ...]:
    """The change sets of a list, newest first (ids sort by time), those before `after` if it is given."""
    statement = select(list_changesets).where(list_changesets.c.list_id == list_id)
    if after is not None:
        statement = statement.where(list_changesets.c.id < after)
    if states is not None:
        statement = statement.where(list_changesets.c.state.in_([state.value for state in states]))
    rows = conn.execute(statement.order_by(list_changesets.c.id.desc()).limit(limit))
    return tuple(_changeset(row) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What change sets did to a list lately, when something last came of one, and how many wait for a person."""

    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    newest: datetime | None = None
    waiting: int = 0


def movements(conn: Connection, lists: Sequence[str], *, since: datetime) -> dict[str, Movement]:
    """How each of these lists moved since a moment; every list has one."""
    table = list_changesets.c
    applied = select(table.list_id, func.max(table.settled).label("newest")).where(
        table.list_id.in_(lists), table.state == State.APPLIED.value
    )
    newest = {row.list_id: row.newest for row in conn.execute(applied.group_by(table.list_id))}
    staged = select(table.list_id, func.count()).where(table.list_id.in_(lists), table.state == State.STAGED.value)
    waiting = {list_id: int(count) for list_id, count in conn.execute(staged.group_by(table.list_id))}
    late = select(table.list_id, table.outcomes).where(table.list_id.in_(lists), table.created >= since)
    counts: dict[str, Counter[str]] = {one: Counter() for one in lists}
    for list_id, outcomes in conn.execute(late):
        counts[list_id].update(outcomes)
    return {
        one: Movement(
            added=moved[Step.ADD.value], changed=moved[Step.CHANGE.value], withdrawn=moved[Step.WITHDRAW.value],
            newest=newest.get(one), waiting=waiting.get(one, 0),
        )
        for one, moved in counts.items()
    }  # fmt: skip


def fed_since(conn: Connection, list_id: str, origin: str, since: datetime) -> tuple[ChangeSet, ...]:
    """What a feed has put into a list since a moment."""
    own = (
        list_changesets.c.list_id == list_id,
        list_changesets.c.origin == origin,
        list_changesets.c.feed,
        list_changesets.c.state.in_([State.APPLYING.value, State.APPLIED.value]),
        list_changesets.c.created >= since,
    )
    return tuple(_changeset(row) for row in conn.execute(select(list_changesets).where(*own)))


def fed_lists(conn: Connection) -> frozenset[str]:
    """The lists that a feed has put anything into."""
    table = list_changesets.c
    query = select(table.list_id).distinct().where(table.feed, table.state == State.APPLIED.value)
    return frozenset(conn.execute(query).scalars())


def fed_before(conn: Connection, list_id: str, origin: str) -> bool:
    """Whether a feed has put anything into a list."""
    own = (
        list_changesets.c.list_id == list_id,
        list_changesets.c.origin == origin,
        list_changesets.c.feed,
        list_changesets.c.state.in_([State.APPLYING.value, State.APPLIED.value]),
    )
    return conn.execute(select(list_changesets.c.id).where(*own).limit(1)).first() is not None


def unfinished(conn: Connection, list_id: str) -> bool:
    """Whether a change set of the list is being applied."""
    own = list_changesets.c.list_id == list_id, list_changesets.c.state == State.APPLYING.value
    return conn.execute(select(list_changesets.c.id).where(*own).limit(1)).first() is not None


def forsaken(conn: Connection, *, before: datetime) -> tuple[str, ...]:
    """Change sets that nobody has read into since `before`."""
    own = list_changesets.c.state == State.READING.value, list_changesets.c.touched < before
    return tuple(conn.execute(select(list_changesets.c.id).where(*own)).scalars())


def closed(conn: Connection, *, before: datetime, limit: int) -> tuple[str, ...]:
    """Change sets settled before a moment that still have rows."""
    has_rows = select(changeset_rows.c.no).where(changeset_rows.c.changeset_id == list_changesets.c.id).exists()
    statement = select(list_changesets.c.id).where(list_changesets.c.settled < before, has_rows).limit(limit)
    return tuple(conn.execute(statement).scalars())


def add_rows(conn: Connection, changeset_id: str, rows: Sequence[Row]) -> None:
    """Write rows of a change set."""
    insert_many(
        conn,
        changeset_rows,
        [
            {
                "changeset_id": changeset_id, "no": row.no, "ref": row.ref, "step": row.step.value, "what": row.what,
                "before": row.before, "after": row.after, "was": row.was, "body": row.body, "flag": row.flag,
            }
            for row in rows
        ],
    )  # fmt: skip


_ROW = tuple(column for column in changeset_rows.c if column.name != "changeset_id")


def rows_from(
    conn: Connection,
    changeset_id: str,
    *,
    first: int,
    limit: int,
    flagged: bool | None = None,
    step: Step | None = None,
) -> tuple[Row, ...]:
    """Rows of a change set from number `first` on, in order."""
    own = [changeset_rows.c.changeset_id == changeset_id, changeset_rows.c.no >= first]
    if flagged is not None:
        own.append(changeset_rows.c.flag != "" if flagged else changeset_rows.c.flag == "")
    if step is not None:
        own.append(changeset_rows.c.step == step.value)
    rows = conn.execute(select(*_ROW).where(*own).order_by(changeset_rows.c.no).limit(limit))
    steps = {step.value: step for step in Step}
    return tuple(
        Row(no=no, ref=ref, step=steps[done], what=what, before=before, after=after, was=was, body=body, flag=flag)
        for no, ref, done, what, before, after, was, body, flag in rows
    )


def staged_refs(conn: Connection, changeset_id: str, refs: Sequence[str]) -> dict[str, bytes | None]:
    """Those of `refs` that the change set has rows for, with the fingerprint that each is to have."""
    own = changeset_rows.c.changeset_id == changeset_id, changeset_rows.c.ref.in_(refs)
    rows = conn.execute(select(changeset_rows.c.ref, changeset_rows.c.after).where(*own))
    return {ref: None if after is None else bytes(after) for ref, after in rows}


def forget_rows(conn: Connection, changeset_id: str, *, limit: int) -> int:
    """Delete up to `limit` rows of a change set, and say how many."""
    last = select(changeset_rows.c.no).where(changeset_rows.c.changeset_id == changeset_id)
    numbers = list(conn.execute(last.order_by(changeset_rows.c.no).limit(limit)).scalars())
    if numbers:
        own = changeset_rows.c.changeset_id == changeset_id, changeset_rows.c.no <= numbers[-1]
        conn.execute(delete(changeset_rows).where(*own))
    return len(numbers)
