"""Triggers for tables whose rows are written once: the database itself refuses to change or delete them.

They stop mistakes and plain SQL; whoever owns the database can drop them, which is why the ledger proves itself by
hashes and signatures as well. A refusal reaches Python as sqlalchemy's IntegrityError on both databases.
"""

from __future__ import annotations

from collections.abc import Sequence

_FUNCTION = "rempart_append_only"


def append_only_triggers(
    table: str, dialect: str, *, keys: Sequence[Sequence[str]] = (("id",),), deletable: bool = False
) -> list[str]:
    """The statements that make `table` append-only; for migrations, after the table was made.

    `keys`: the columns of its primary key and of each unique constraint, since SQLite's INSERT OR REPLACE would
    otherwise replace a row without an UPDATE or DELETE that a trigger sees; an INSERT … ON CONFLICT DO NOTHING of a row
    that is there is refused with it. `deletable`: rows may be erased, but
    not changed.
    """
    if dialect == "sqlite":
        return _for_sqlite(table, keys, deletable)
    events = "UPDATE OR TRUNCATE" if deletable else "UPDATE OR DELETE OR TRUNCATE"
    return [
        f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION USING MESSAGE = TG_OP || ' refused: ' || TG_TABLE_NAME || ' is append-only', "
        "ERRCODE = 'restrict_violation'; END $$",
        f"CREATE TRIGGER {table}_append_only BEFORE {events} ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()",
    ]


def _for_sqlite(table: str, keys: Sequence[Sequence[str]], deletable: bool) -> list[str]:
    same = " OR ".join("(" + " AND ".join(f"{column} = NEW.{column}" for column in key) + ")" for key in keys)
    made = [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'UPDATE refused: {table} is append-only'); END",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608 - names from our migrations
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
        f"BEGIN SELECT RAISE(ABORT, 'INSERT refused: {table} has that row already'); END",
    ]
    if not deletable:
        made.append(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'DELETE refused: {table} is append-only'); END"
        )
    return made
