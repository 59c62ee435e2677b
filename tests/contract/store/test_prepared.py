"""Statements that go straight to the driver say the same as SQLAlchemy does, on both databases."""

import pytest
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from rempart.clock import utc_now
from rempart.errors import StoreUnavailableError
from rempart.items.records.items import items
from rempart.store.counters import current_number, next_number
from rempart.store.prepared import Prepared

ADD = Prepared(insert(items))
ALL = Prepared(select(items).order_by(items.c.id))
NAMED = Prepared(
    select(items.c.id, items.c.context, items.c.published)
    .where(items.c.service == bindparam("service"), items.c.item_id.in_(bindparam("names", expanding=True)))
    .order_by(items.c.id)
)
HOLD = Prepared(update(items).where(items.c.id == bindparam("own")).values(verdict="hold", sha256=b""))
FORGET = Prepared(delete(items).where(items.c.id >= bindparam("first")))


def row(number, **more):
    return {
        "id": number, "service": "s", "item_id": f"n{number}é", "uploader": None, "url": "", "published": None,
        "context": {"b": [1, None], "a": "☃"}, "sha256": bytes(range(32)), "media_type": None, "size": 1 << 40,
        "verdict": "allow", "decided": None, "request": "r", "object": None, "origin": None, "created": utc_now(),
        "checked": utc_now(), "gone": None,
    } | more  # fmt: skip


def test_every_column_type_comes_back_as_sqlalchemy_gives_it(store):
    given = [row(1, published=True), row(2, published=False, sha256=None, gone=utc_now()), row(3)]
    with store.write() as conn:
        ADD.write(conn, given)
    with store.read() as conn:
        plain = [tuple(one) for one in conn.execute(select(items).order_by(items.c.id))]
        assert [tuple(one) for one in ALL.rows(conn, {})] == plain
    assert plain == [tuple(one[column.name] for column in items.c) for one in given]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 15, 16, 17, 31, 40])
def test_every_number_of_rows_is_written_in_order(store, count):
    with store.write() as conn:
        ADD.write(conn, [row(n, context={"n": n}) for n in range(count)])
    with store.read() as conn:
        assert [(one[0], one[6]) for one in ALL.rows(conn, {})] == [(n, {"n": n}) for n in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8, 9])
def test_a_list_of_any_length_finds_what_it_names(store, count):
    with store.write() as conn:
        ADD.write(conn, [row(n, published=n % 2 == 0) for n in range(12)])
        found = NAMED.rows(conn, {"service": "s", "names": [f"n{n}é" for n in range(count)] + ["none"]})
        assert [tuple(one) for one in found] == [(n, {"a": "☃", "b": [1, None]}, n % 2 == 0) for n in range(count)]
        assert list(NAMED.rows(conn, {"service": "s", "names": []})) == []


def test_values_in_the_statement_itself_are_kept(store):
    with store.write() as conn:
        ADD.write(conn, [row(n) for n in range(4)])
        HOLD.write(conn, [{"own": 1}, {"own": 3}])
        FORGET.write(conn, [{"first": 3}])
    with store.read() as conn:
        found = [(one.verdict, one.sha256) for one in conn.execute(select(items).order_by(items.c.id))]
    assert found == [("allow", bytes(range(32))), ("hold", b""), ("allow", bytes(range(32)))]


def test_a_broken_constraint_is_sqlalchemys_error_and_nothing_is_written(store):
    with pytest.raises(IntegrityError), store.write() as conn:
        ADD.write(conn, [row(1), row(2), row(1)])
    with store.read() as conn:
        assert list(ALL.rows(conn, {})) == []


def test_an_error_shows_no_values(sqlite_store):
    with pytest.raises(IntegrityError) as told, sqlite_store.write() as conn:
        ADD.write(conn, [row(1, uploader="a person"), row(1, uploader="a person")])
    assert "a person" not in str(told.value)


def test_statements_of_one_reading_see_one_moment(sqlite_store):
    with sqlite_store.read() as conn:
        before = current_number(conn, "items")
        with sqlite_store.write() as other:
            next_number(other, "items")
        assert current_number(conn, "items") == before


def _next_where_nothing_may_be_written(store):
    with store.write() as conn:
        conn.exec_driver_sql("PRAGMA query_only=ON")
        try:
            next_number(conn, "items")
        finally:
            conn.exec_driver_sql("PRAGMA query_only=OFF")


def test_a_database_that_may_not_be_written_is_unavailable(sqlite_store):
    with pytest.raises(StoreUnavailableError):
        _next_where_nothing_may_be_written(sqlite_store)
