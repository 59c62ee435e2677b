"""Writing leaves in the caller's transaction, so that a step and its leaf are committed together or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, text

from rempart.evidence.ledger import records
from rempart.evidence.ledger.leaves import SALT_BYTES, Leaf, body_of, time_text
from rempart.store.prepared import Prepared
from rempart.store.schema import to_micros

Randomness = Callable[[int], bytes]

# Many rows in one statement: repeated by the driver on SQLite, as arrays on Postgres.
_SQLITE_NEXT = Prepared(select(func.coalesce(func.max(records.leaves.c.id), 0)))
_SQLITE_LEAVES = Prepared(insert(records.leaves))
_SQLITE_PENDING = Prepared(insert(records.pending))
_SQLITE_SALTS = Prepared(insert(records.salts))
# One statement and one round trip: texts one to a line (canonical JSON has no bare line ends), salts in one piece.
_POSTGRES_ALL = text(
    """
    WITH given AS (
      SELECT nextval('ledger_leaves_id_seq') AS id, n, body, subject, CAST(sealed AS int) AS sealed,
             sum(CAST(sealed AS int) + 1) OVER (ORDER BY n) - CAST(sealed AS int) - 1 AS drawn_before
      FROM unnest(
        string_to_array(:bodies, E'\\n'), string_to_array(:subjects, E'\\n', ''), string_to_array(:counts, E'\\n')
      ) WITH ORDINALITY AS lines (body, subject, sealed, n)
    ), leaf AS (
      INSERT INTO ledger_leaves (id, at, at_salt, body)
      SELECT id, CAST(:at AS bigint),
             substring(CAST(:drawn AS bytea) FROM CAST(drawn_before * 16 + 1 AS int) FOR 16), body
      FROM given
    ), queued AS (
      INSERT INTO ledger_pending (leaf_id) SELECT id FROM given
    ), salt AS (
      INSERT INTO ledger_salts (leaf_id, subject, salts)
      SELECT id, subject, substring(CAST(:drawn AS bytea) FROM CAST(drawn_before * 16 + 17 AS int) FOR sealed * 16)
      FROM given WHERE sealed > 0
    )
    SELECT id FROM given ORDER BY n
    """
)


def append(conn: Connection, leaf: Leaf, *, at: datetime, random: Randomness = os.urandom) -> int:
    """Write one leaf in the caller's transaction; returns its number (not its position in the tree).

    Raises RefusedError for facts that must be sealed or cannot be written.
    """
    return append_many(conn, (leaf,), at=at, random=random)[0]


def append_many(
    conn: Connection, leaves: Sequence[Leaf], *, at: datetime, random: Randomness = os.urandom
) -> Sequence[int]:
    """Write many leaves in the caller's transaction, in a fixed number of statements; returns their numbers in order.

    Raises RefusedError for facts that must be sealed or cannot be written; then nothing was written.
    """
    if not leaves:
        return ()
    moment, rows, place = time_text(at), [], 0
    counts = [len(leaf.sealed) + (leaf.subject is not None) for leaf in leaves]
    drawn = random(SALT_BYTES * (len(leaves) + sum(counts)))
    for leaf, count in zip(leaves, counts, strict=True):
        start, end = place + SALT_BYTES, place + SALT_BYTES * (count + 1)
        at_salt, salts = drawn[place:start], drawn[start:end]
        rows.append(_Row(body_of(leaf, at=moment, at_salt=at_salt, salts=salts).decode(), leaf.subject, at_salt, salts))
        place = end
    if conn.dialect.name == "sqlite":
        return _write_sqlite(conn, rows, at)
    return _write_postgres(conn, rows, to_micros(at), drawn)


class _Row(NamedTuple):
    """A leaf as it goes into the tables."""

    body: str
    subject: str | None
    at_salt: bytes
    salts: bytes


def _write_sqlite(conn: Connection, rows: Sequence[_Row], at: datetime) -> Sequence[int]:
    before: int = _SQLITE_NEXT.rows(conn, {})[0][0]  # the only writer: nobody else takes these numbers
    ids = range(before + 1, before + 1 + len(rows))
    numbered = list(zip(ids, rows, strict=True))
    _SQLITE_LEAVES.write(
        conn, [{"id": id_, "at": at, "at_salt": row.at_salt, "body": row.body} for id_, row in numbered]
    )
    _SQLITE_PENDING.write(conn, [{"leaf_id": id_} for id_ in ids])
    kept = [{"leaf_id": id_, "subject": row.subject, "salts": row.salts} for id_, row in numbered if row.salts]
    _SQLITE_SALTS.write(conn, kept)
    return ids


def _write_postgres(conn: Connection, rows: Sequence[_Row], at: int, drawn: bytes) -> Sequence[int]:
    given = {
        "at": at,
        "drawn": drawn,
        "bodies": "\n".join([row.body for row in rows]),
        "subjects": "\n".join([row.subject or "" for row in rows]),
        "counts": "\n".join([str(len(row.salts) // SALT_BYTES) for row in rows]),
    }
    return conn.execute(_POSTGRES_ALL, given).scalars().all()


def insert_leaves(conn: Connection, rows: Sequence[tuple[str, datetime, bytes]]) -> list[int]:
    """Queue leaves that were written elsewhere (body, time, the time's salt); returns their numbers, in order."""
    ids = []
    for body, at, at_salt in rows:
        values = {"body": body, "at": at, "at_salt": at_salt}
        ids.append(conn.execute(insert(records.leaves).values(values).returning(records.leaves.c.id)).scalar_one())
    if ids:
        conn.execute(insert(records.pending), [{"leaf_id": id_} for id_ in ids])
    return ids


def erase(conn: Connection, *, subject: str) -> int:
    """Erase the salts of all leaves about `subject`, in the caller's transaction; returns of how many.

    From then on nobody can tell whether a guess was what these leaves are about. Their hashes, and every proof, stay.
    """
    return conn.execute(delete(records.salts).where(records.salts.c.subject == subject)).rowcount
