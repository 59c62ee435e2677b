"""Leaves on both databases: written with the step, never changed, and salts that can be erased."""

import threading

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from rempart.clock import utc_now
from rempart.errors import RefusedError
from rempart.evidence.ledger import Leaf, append, append_many, erase
from rempart.evidence.ledger.canonical import parse
from rempart.evidence.ledger.leaves import Opening, sealed_names
from rempart.evidence.ledger.records import leaves, pending, salts

LEAF = Leaf(
    action="check.answered",
    actor="svc-1",
    facts={"verdict": "hold"},
    sealed={"item_id": "é 1\n", "sha256": b"\x00\xff"},
    subject="item:1",
)
APPEND_ONLY = ["leaves", "salts", "positions", "tiles", "checkpoints", "timestamps", "keys"]


def rows(store, table):
    with store.read() as conn:
        return conn.execute(select(table).order_by(*table.primary_key.columns)).all()


def test_a_leaf_stands_in_the_log_and_in_the_queue(store):
    now = utc_now()
    with store.write() as conn:
        number = append(conn, LEAF, at=now)
    (row,), (queued,), (kept,) = rows(store, leaves), rows(store, pending), rows(store, salts)
    assert (row.id, row.at, queued.leaf_id, kept.leaf_id, kept.subject) == (number, now, number, number, "item:1")
    told = parse(row.body.encode())["sealed"]
    for place, name in enumerate(sealed_names(LEAF)):
        value = "item:1" if name == "subject" else LEAF.sealed[name]
        assert Opening(name=name, salt=kept.salts[place * 16 : place * 16 + 16], value=value).opens(told[name])


def test_many_leaves_keep_their_order_and_their_own_salts(store):
    many = [
        Leaf(
            action="entry.added",
            actor="svc-1",
            facts={"n": n},
            sealed={"ref": str(n)} if n % 3 else {},
            subject=f"list:{n}" if n % 2 else None,
        )
        for n in range(700)
    ]
    with store.write() as conn:
        first = append(conn, LEAF, at=utc_now())
        numbers = append_many(conn, many, at=utc_now())
        assert append_many(conn, [], at=utc_now()) == ()
    by_id = {row.id: row for row in rows(store, leaves)}
    kept = {row.leaf_id: row for row in rows(store, salts)}
    assert len(by_id) == len(rows(store, pending)) == 701
    assert first not in numbers
    drawn = [row.at_salt for row in by_id.values()]
    for number, leaf in zip(numbers, many, strict=True):
        told = parse(by_id[number].body.encode())
        assert told["facts"] == leaf.facts
        for place, name in enumerate(sealed_names(leaf)):
            drawn.append(salt := kept[number].salts[place * 16 : place * 16 + 16])
            assert Opening(name=name, salt=salt, value=leaf.subject if name == "subject" else leaf.sealed[name]).opens(
                told["sealed"][name]
            )
        assert (number in kept) == bool(sealed_names(leaf))
    assert len(set(drawn)) == len(drawn)
    assert {len(salt) for salt in drawn} == {16}


def test_a_step_that_is_rolled_back_leaves_no_leaf(store):
    def fails():
        with store.write() as conn:
            append(conn, LEAF, at=utc_now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert rows(store, leaves) == rows(store, pending) == rows(store, salts) == []


def test_one_leaf_that_is_refused_refuses_them_all(store):
    with store.write() as conn, pytest.raises(RefusedError):
        append_many(conn, [LEAF, Leaf(action="item.deleted", actor="svc", facts={"note": "a@b"})], at=utc_now())
    assert rows(store, leaves) == []


def test_erasing_a_subject_takes_its_salts_and_nothing_else(store):
    other = Leaf(action="case.opened", actor="svc-1", sealed={"item_id": "x"}, subject="case:1")
    with store.write() as conn:
        append_many(conn, [LEAF, other, LEAF], at=utc_now())
    before = rows(store, leaves)
    with store.write() as conn:
        assert erase(conn, subject="item:1") == 2
        assert erase(conn, subject="item:1") == 0
    assert [row.subject for row in rows(store, salts)] == ["case:1"]
    assert rows(store, leaves) == before


@pytest.fixture
def full(store):
    """One row in each table."""
    with store.write() as conn:
        append(conn, LEAF, at=utc_now())
        blob = "x'00'" if store.dialect == "sqlite" else "'\\x00'"
        conn.exec_driver_sql(f"INSERT INTO ledger_positions (position, leaf_id, hash) VALUES (0, 1, {blob})")
        conn.exec_driver_sql(f"INSERT INTO ledger_tiles (level, place, root, hashes) VALUES (0, 0, {blob}, {blob})")
        conn.exec_driver_sql(f"INSERT INTO ledger_checkpoints (id, size, root, note, at) VALUES (1, 1, {blob}, '', 0)")
        conn.exec_driver_sql(
            f"INSERT INTO ledger_timestamps (id, checkpoint_id, response, at) VALUES (1, 1, {blob}, 0)"
        )
        conn.exec_driver_sql("INSERT INTO ledger_keys (id, line, at) VALUES (1, 'a', 0)")
    return store


def refused(store, statement):
    with pytest.raises(IntegrityError, match=f"{statement.split()[0]} refused: "):
        with store.write() as conn:
            conn.execute(text(statement))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_row_of_the_ledger_cannot_be_changed_or_deleted(full, table):
    column = {"positions": "hash", "tiles": "root", "salts": "salts", "keys": "line", "timestamps": "response"}.get(
        table, "at"
    )
    refused(full, f"UPDATE ledger_{table} SET {column} = {column}")
    if table != "salts":
        refused(full, f"DELETE FROM ledger_{table}")
    if full.dialect == "sqlite":
        refused(full, f"INSERT OR REPLACE INTO ledger_{table} SELECT * FROM ledger_{table}")
    else:
        refused(full, f"TRUNCATE ledger_{table}")
    with full.read() as conn:
        assert conn.execute(text(f"SELECT count(*) FROM ledger_{table}")).scalar_one() == 1


def test_a_leaf_leaves_the_queue_with_its_position_only(full):
    with full.write() as conn:
        other = append(conn, LEAF, at=utc_now())
    refused(full, f"DELETE FROM ledger_pending WHERE leaf_id = {other}")
    refused(full, "UPDATE ledger_pending SET leaf_id = 99")
    with full.write() as conn:
        conn.execute(text("DELETE FROM ledger_pending WHERE leaf_id = 1"))
    assert [row.leaf_id for row in rows(full, pending)] == [other]


def test_many_threads_append_at_once_and_none_is_lost(store):
    def work(name):
        for _ in range(10):
            with store.write() as conn:
                append_many(conn, [Leaf(action="check.answered", actor=name)] * 3, at=utc_now())

    threads = [threading.Thread(target=work, args=(f"svc-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as conn:
        for table in (leaves, pending):
            assert conn.execute(select(func.count()).select_from(table)).scalar_one() == 120
