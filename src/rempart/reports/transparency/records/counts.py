"""What was counted of the ledger, by day, and up to which position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import BigInteger, Column, Connection, String, Table, bindparam, delete, func, select, update

from rempart.evidence.ledger import records as ledger
from rempart.store.prepared import Prepared
from rempart.store.schema import metadata
from rempart.store.upsert import insert_into

POSITION, FORM = "position", "form"
"""The names of the marks: how many leaves were counted, and by which form of counting."""

ledger_counts = Table(
    "ledger_counts",
    metadata,
    Column("measure", String(40), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("labels", String(500), primary_key=True),  # with | between
    Column("count", BigInteger, nullable=False),
)
ledger_count_marks = Table(
    "ledger_count_marks",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

Key = tuple[str, str, str]
"""Day, measure, labels."""

_BODIES = Prepared(
    select(ledger.leaves.c.body)
    .join(ledger.positions, ledger.positions.c.leaf_id == ledger.leaves.c.id)
    .where(ledger.positions.c.position >= bindparam("start"), ledger.positions.c.position < bindparam("end"))
    .order_by(ledger.positions.c.position)
)
_ROWS_AT_ONCE = 1_000


def bodies(conn: Connection, *, start: int, most: int) -> list[str]:
    """Leaves by position, from one on: their bodies."""
    return [row[0] for row in _BODIES.rows(conn, {"start": start, "end": start + most})]


def mark(conn: Connection, name: str) -> int:
    """A mark."""
    return int(conn.execute(select(ledger_count_marks.c.value).where(ledger_count_marks.c.name == name)).scalar_one())


def advance(conn: Connection, name: str, *, before: int, to: int) -> bool:
    """Move a mark, unless somebody else has moved it meanwhile; others wait for this transaction's end."""
    own = ledger_count_marks.c.name == name, ledger_count_marks.c.value == before
    return conn.execute(update(ledger_count_marks).where(*own).values(value=to)).rowcount == 1


def add(conn: Connection, counts: Mapping[Key, int]) -> None:
    """Add to what was counted."""
    rows = [
        {"day": day, "measure": measure, "labels": labels, "count": count}
        for (day, measure, labels), count in sorted(counts.items())
    ]
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        query = insert_into(conn, ledger_counts)
        added = {"count": ledger_counts.c.count + query.excluded.count}
        keys = ["measure", "day", "labels"]
        conn.execute(query.on_conflict_do_update(index_elements=keys, set_=added), rows[first : first + _ROWS_AT_ONCE])


def clear(conn: Connection) -> None:
    """Forget all that was counted, to begin again with the first leaf."""
    conn.execute(delete(ledger_counts))
    conn.execute(update(ledger_count_marks).where(ledger_count_marks.c.name == POSITION).values(value=0))


def of_days(conn: Connection, *, first: str, last: str) -> Counter[tuple[str, str]]:
    """What was counted of the days from `first` to `last`: by measure and labels."""
    own = ledger_counts.c.day >= first, ledger_counts.c.day <= last
    columns = ledger_counts.c.measure, ledger_counts.c.labels
    rows = conn.execute(select(*columns, func.sum(ledger_counts.c.count)).where(*own).group_by(*columns))
    return Counter({(measure, labels): int(count) for measure, labels, count in rows})


def of_months(conn: Connection, measures: Sequence[str], *, first: str, last: str) -> Iterator[tuple[str, str, int]]:
    """What was counted of some measures by month (2026-11): month, measure, count."""
    month = func.substr(ledger_counts.c.day, 1, 7).label("month")
    own = ledger_counts.c.day >= first, ledger_counts.c.day <= last, ledger_counts.c.measure.in_(list(measures))
    columns = month, ledger_counts.c.measure
    rows = conn.execute(select(*columns, func.sum(ledger_counts.c.count)).where(*own).group_by(*columns))
    for name, measure, count in rows:
        yield name, measure, int(count)


def first_day(conn: Connection) -> str | None:
    """The first day of which anything was counted."""
    return conn.execute(select(func.min(ledger_counts.c.day))).scalar_one_or_none()
