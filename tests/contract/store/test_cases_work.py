"""A database with cases from before the work of teams was kept: what is open gets an order, and stays as it was."""

import pytest
from sqlalchemy import inspect, text

from actors import NOON
from rempart.cases.records import cases as records
from rempart.cases.records.queue import EVERYTHING, Page, page
from rempart.store.engine import Store
from rempart.store.migrate import upgrade
from rempart.store.schema import to_micros

MATCH = (
    "INSERT INTO case_matches (case_id, item, list, mode, ref, signal_kind, distance, probe, opinion)"
    " VALUES (:case, 1, 'police', :mode, 'e', :kind, 0, 'canonical', :opinion)"
)
CASE = (
    "INSERT INTO cases (id, kind, queue, assessors, state, reason, policy_version, opened, opened_by, decision)"
    " VALUES (:id, :kind, 'similar', 2, :state, 'rule', 1, :opened, 'system', :decision)"
)


@pytest.fixture(params=["sqlite", "postgres"])
def old(request, tmp_path):
    """A store as the version before wrote it."""
    cluster = request.getfixturevalue("cluster") if request.param == "postgres" else None
    url = cluster.empty_database() if cluster else f"sqlite:///{tmp_path / 'old.db'}"
    with Store.open(url) as store:
        upgrade(store, to="0009_webhooks")
        yield store
    if cluster:
        cluster.drop(url)


def case(conn, name, *, kind="match", state="open", opened=0, matches=()):
    at = to_micros(NOON) + opened
    decision = None if state == "open" else "remove"
    conn.execute(text(CASE), {"id": name, "kind": kind, "state": state, "opened": at, "decision": decision})
    for signal, mode, opinion in matches:
        conn.execute(text(MATCH), {"case": name, "kind": signal, "mode": mode, "opinion": opinion})


def test_cases_that_are_open_get_a_due_time_a_priority_and_what_to_look_at(old):
    exact, near = ("sha256", "blocking", "positive"), ("pdq", "blocking", "positive")
    with old.write() as conn:
        case(conn, "case_1", opened=5, matches=[exact, near])
        case(conn, "case_2", opened=4, matches=[near])
        case(conn, "case_3", opened=3, matches=[exact, ("md5", "blocking", "disputed")])
        case(conn, "case_4", opened=2, kind="notice")
        case(conn, "case_5", state="decided", matches=[exact])
    upgrade(old)
    with old.read() as conn:
        found = {one: records.find(conn, f"case_{one}") for one in range(1, 6)}
        order = page(conn, Page(at=NOON), EVERYTHING)
    assert [one.id for one in order] == ["case_4", "case_3", "case_2", "case_1"]
    assert [found[one].look for one in range(1, 6)] == ["none", "look", "look", "look", "look"]
    assert [found[one].priority for one in range(1, 6)] == [2, 2, 2, 1, 2]
    assert all((found[one].stage, found[one].round, found[one].danger) == ("first", 1, False) for one in found)
    assert to_micros(found[1].due) == to_micros(NOON) + 5 + 86_400_000_000
    assert (found[5].state, found[5].due) == ("decided", None)


def test_decisions_about_items_stay_as_they_were_when_accounts_get_theirs(old):
    """Their table is made anew on SQLite: no row, order or index may get lost on the way."""
    at = to_micros(NOON)
    values = "(:seq, :id, 'forum', :item, :name, 'block', NULL, 'case', 'case_1', :at)"
    columns = "(seq, id, service, item, item_id, verdict, previous, reason, case_id, at)"
    with old.write() as conn:
        for seq in range(1, 4):
            more = {"seq": seq, "id": f"decision_{seq}", "item": seq * 7, "name": f"photo/{seq}", "at": at + seq}
            conn.execute(text(f"INSERT INTO decisions {columns} VALUES {values}"), more)
    upgrade(old)
    with old.read() as conn:
        rows = conn.execute(text("SELECT seq, id, item, item_id, at, subject, uploader FROM decisions ORDER BY seq"))
        found = [tuple(row) for row in rows]
        indexes = {index["name"] for index in inspect(conn).get_indexes("decisions")}
    assert found == [
        (seq, f"decision_{seq}", seq * 7, f"photo/{seq}", at + seq, "item", None) for seq in range(1, 4)
    ]  # fmt: skip
    assert {"ix_decisions_item", "ix_decisions_service_seq", "ix_decisions_case"} <= indexes
