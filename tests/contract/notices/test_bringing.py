"""Notices that a service or the operator brings, and the bytes of what a notice told of."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from actors import NOON, service
from checking import SERVICE, checking
from commands import command as rempart
from desks import join_team
from hosting import host
from judging import LEA, REMOVE, RUI
from noticing import URL, NoticeDesk, form, hashes
from pictures import jpeg
from rempart.errors import ConflictError
from rempart.intake import upload_content
from rempart.intake.notices import submit
from rempart.intake.notices.records import clocks, letters, locations, notices, seeds, signals
from rempart.intake.notices.values import Location, Via
from rempart.items.records import items
from rempart.people.permissions import Scope
from rempart.people.principal import SYSTEM
from rempart.policy.facts import Verdict
from rempart.signals.digests import digest_bytes
from rempart.signals.pool import WorkerPool
from serving import make_data
from vaults import actions

TESTS = Path(__file__).resolve().parents[2]
FORUM = service("forum", Scope.CASES)


@pytest.fixture
def desk(store):
    with store.write() as conn:
        join_team(conn, RUI, LEA)
    return NoticeDesk(store)


def test_a_service_names_its_own_item_which_need_not_have_been_checked(desk):
    with desk.store.write() as conn:
        host(conn, 1)
        items.change(conn, 1, gone=NOON)
        host(conn, 2)
    told = desk.take(
        form(locations=tuple(Location(url=f"{URL}/{n}", item=f"photo-{n}") for n in (1, 2, 3))), via=Via.API, by=FORUM
    )
    with desk.store.read() as conn:
        found = [items.hosted(conn, one.item) for one in desk.places(told)]
        assert notices.find(conn, told.notice).by == FORUM.pseudonym
    assert found[0].item_id.startswith("notice:loc_")  # what the service deleted stays deleted
    assert [one.item_id for one in found[1:]] == ["photo-2", "photo-3"]


def test_an_address_that_its_service_has_a_name_for_later_stays_one_item_and_one_case(desk):
    first = desk.take(form(URL))
    named = desk.take(form(locations=(Location(url=URL, item="photo-7"),)), via=Via.API, by=FORUM)
    (before,), (after,) = desk.places(first), desk.places(named)
    assert (before.case_id, before.item) == (after.case_id, after.item)
    with desk.store.read() as conn:
        assert items.hosted(conn, after.item).item_id == "photo-7"


def test_the_service_brings_the_bytes_and_the_decision_reaches_every_copy(store, tmp_path):
    with store.write() as conn:
        join_team(conn, RUI, LEA)
    with WorkerPool(workers=1) as pool, checking(store, tmp_path, pool) as check:
        copy = check.ask("copy", content=jpeg(2))
        desk = NoticeDesk(store, vault=check.vault)
        told = desk.take(form(signals=hashes()))
        (place,) = desk.places(told)
        with store.read() as conn:
            own = items.hosted(conn, place.item)
        asked = upload_content.question(store, own, jpeg(2), by=SYSTEM)
        assert asked.case == place.case_id
        check.checker.submit(asked).result(60)
        desk.decide(told, REMOVE, people=(RUI,))
        with store.read() as conn:
            assert items.hosted(conn, place.item).sha256 == bytes(digest_bytes(jpeg(2)).sha256)
            assert items.find(conn, SERVICE, "copy").verdict is Verdict.BLOCK
    assert copy.verdict is Verdict.ALLOW


def test_once_the_case_is_over_nothing_shows_that_bytes_are_those_of_a_place(desk):
    told = desk.take()
    desk.decide(told, REMOVE, people=(RUI,))
    with desk.store.read() as conn:
        own = items.hosted(conn, desk.places(told)[0].item)
    with pytest.raises(ConflictError):
        upload_content.question(desk.store, own, jpeg(2), by=SYSTEM)


def test_taking_from_the_console_lists_and_shows(tmp_path):
    data = tmp_path / "data"
    make_data(data)
    taken = rempart(
        "notice", "take", "--url", URL, "--minor", "no", "--role", "self", "--signature", "Ada", "--contact", "0123",
        "--good-faith", "--received", "2026-01-01T12:00+01:00", "--json", "--data", data,
        environ={"REMPART_NOTICES__REGIMES": "us-tida"},
    )  # fmt: skip
    assert taken.returncode == 0, taken.stderr
    told = json.loads(taken.stdout)
    assert (told["received"], told["due"]) == ("2026-01-01T11:00:00.000Z", "2026-01-03T11:00:00.000Z")
    assert told["laws"] == ["own", "us-tida"]
    listed = json.loads(rempart("notice", "list", "--json", "--data", data).stdout)
    assert [(one["id"], one["clock"]) for one in listed["notices"]] == [(told["notice"], "own overdue")]
    shown = rempart("notice", "show", told["notice"], "--data", data).stdout
    assert "us-tida: applies" in shown
    assert URL in shown
    wrong = rempart("notice", "take", "--url", URL, "--minor", "no", "--received", "2026-01-01", "--data", data)
    assert "The time has no zone." in wrong.stderr


def test_a_notice_that_was_broken_off_anywhere_is_not_there_at_all(desk, monkeypatch):
    steps = ("locate", "seal", "append", "_guard", "_keep_from_insiders")
    for step in steps:
        whole = getattr(submit, step)

        def broken(*told, whole=whole, **more):
            whole(*told, **more)
            raise KeyboardInterrupt

        monkeypatch.setattr(submit, step, broken)
        with pytest.raises(KeyboardInterrupt):
            desk.take(form(signals=hashes()))
        monkeypatch.undo()
    with desk.store.read() as conn:
        for table in (notices.notices, notices.notice_sealed, locations.notice_locations, items.items):
            assert conn.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_a_process_that_is_killed_leaves_whole_notices_alone(store, database_url):
    told = subprocess.Popen(
        [sys.executable, TESTS / "notice_process.py", database_url], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS.parent / "src")))},
    )  # fmt: skip
    assert told.stdout.readline() == "1\n"
    time.sleep(random.uniform(0.01, 0.2))
    told.kill()
    told.communicate()
    with store.read() as conn:
        ids = conn.scalars(select(notices.notices.c.id)).all()
        assert ids
        for one in ids:
            assert len(locations.of(conn, [one])) == 2
            assert len(clocks.of(conn, [one])) == 3
            assert [letter.kind for letter in letters.of(conn, [one])] == ["acknowledgement"]
            assert signals.of(conn, one)
            assert seeds.last_of(conn, one) is not None
        found = actions(store)
    assert found.count("notice.received") == found.count("seed.planted") == len(ids)
