"""The health page on a whole deployment: what failed is shown and tried again, once, by those who may."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from curating import entries
from deployment import deployment, text_of
from pageserver import error_of
from rempart.cases import events, webhooks
from rempart.cases.records import webhooks as records
from rempart.clock import utc_now
from rempart.evidence.backup.making import BACKUPS
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.ledger.lookup import about
from rempart.lists.ingest import Wishes
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE, SYSTEM
from rempart.server import condition
from rempart.server.condition import ClockWatch, warnings
from rempart.settings import Settings
from rempart.store import gauges, givenup
from rempart.store.engine import Store
from rempart.store.jobs import enqueue, jobs


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("health")) as found:
        yield found


@pytest.fixture
def adam(house):
    return house.browser("adam", Role.ADMINISTRATOR)


def give_up(store, kind, *, key=None, error="It broke <badly>"):
    with store.write() as conn:
        enqueue(conn, kind, {"secret": "never shown"}, now=utc_now() + timedelta(days=400), key=key)
        number = conn.execute(text("SELECT max(id) FROM jobs")).scalar_one()
        conn.execute(jobs.update().where(jobs.c.id == number).values(state="dead", error=error, finished=utc_now()))
    return number


def test_work_that_was_given_up_is_shown_with_why_and_tried_again(house, adam):
    number = give_up(house.store, "test.never", error="It broke <badly>")
    page = adam.get("/health").text
    assert "It broke &lt;badly&gt;" in page
    assert "never shown" not in page
    assert adam.post("/health/jobs", data={"job": str(number)}).headers["location"] == "/health?done=jobs_retried"
    assert "It broke" not in adam.get("/health").text
    again = adam.post("/health/jobs", data={"job": str(number)})
    assert again.status_code == 422
    assert "None of this work" in error_of(again.text)


def test_a_message_that_did_not_arrive_is_shown_and_sent_again_once(house, adam):
    with house.store.write() as conn:
        row, _ = webhooks.add_endpoint(
            conn, service="forum", url="https://example.org/hook", keyring=house.runtime.service.vault.keyring,
            by=SYSTEM, at=utc_now(), random=lambda count: b"r" * count,
        )  # fmt: skip
        name = events.send(conn, endpoint=row.id, decision="decision_none", at=utc_now())
        conn.execute(jobs.delete().where(jobs.c.key == name))
        records.add_attempt(conn, {"message": name, "at": utc_now(), "status": 500, "error": None, "milliseconds": 3})
        records.change_message(conn, name, state="given_up", settled=utc_now())
    page = text_of(adam.get("/health").text)
    assert "status 500" in page
    answer = adam.post("/health/messages", data={"message": name})
    assert answer.headers["location"] == "/health?done=messages_retried"
    with house.store.write() as conn:
        conn.execute(jobs.delete().where(jobs.c.key == name))  # nobody settles it any more
        conn.execute(text("UPDATE webhook_messages SET state = 'delivered'"))
    assert adam.post("/health/messages", data={"message": [name, "msg_none"]}).status_code == 422


def test_the_page_tells_of_backups_lists_and_the_machine(house, adam):
    page = text_of(adam.get("/health").text)
    assert "None is known of." in page
    curator = house.principal("anna", Role.CURATOR)
    made = house.curation.create(name="fed", by=curator)
    house.curation.add(made.id, entries(2), Wishes(origin="partner", feed=True), by=curator)
    with house.store.write() as conn:
        append(conn, Leaf(action="backup.made", actor=CONSOLE.pseudonym, facts={"whole": True}, subject=BACKUPS),
               at=utc_now())  # fmt: skip
    page = text_of(adam.get("/health").text)
    assert "Everything was in it." in page
    assert "fed" in page
    assert "No jump seen" in page
    machine = adam.get("/health/machine")
    assert "image/jpeg" in machine.text


def test_who_came_in_long_ago_proves_again_who_they_are_before_anything_is_tried(house):
    give_up(house.store, "test.other")
    old = house.browser("adam", Role.ADMINISTRATOR, old=True)
    assert "Confirm who you are" in old.get("/health").text
    assert old.post("/health/jobs").headers["location"] == "/sign-in/again?then=/health"


def test_given_up_work_is_queued_anew_and_a_younger_twin_does_it(store: Store):
    one = give_up(store, "kind", key="same")
    with store.write() as conn:
        assert [job.id for job in givenup.given_up(conn, most=9)] == [one]
        enqueue(conn, "kind", {}, now=utc_now(), key="same")
        assert givenup.retry(conn, one, at=utc_now()) == "kind"
        assert givenup.retry(conn, one, at=utc_now()) is None
        states = conn.execute(text("SELECT state FROM jobs WHERE key = 'same' ORDER BY id")).scalars().all()
    assert states == ["done", "queued"]


def test_leaves_are_found_by_their_subject_the_youngest_first(store: Store):
    with store.write() as conn:
        for number in range(5):
            append(conn, Leaf(action="test.made", actor="x", facts={"n": number}, subject="case:one"), at=utc_now())
        append(conn, Leaf(action="test.made", actor="x", facts={"n": 9}, subject="case:two"), at=utc_now())
    with store.read() as conn:
        found = about(conn, "case:one", most=3)
        assert [leaf.facts["n"] for leaf in found] == [4, 3, 2]
        assert [leaf.facts["n"] for leaf in about(conn, "case:one", before=found[-1].number)] == [1, 0]
        assert about(conn, "case:none") == ()


def test_a_clock_that_is_moved_or_behind_others_is_noticed(store: Store):
    now, steady = [utc_now()], [0.0]
    watch = ClockWatch(clock=lambda: now[0], steady=lambda: steady[0])
    with store.write() as conn:
        append(conn, Leaf(action="test.made", actor="x"), at=now[0])
    now[0] += timedelta(seconds=100)
    steady[0] += 100
    with store.read() as conn:
        assert condition.clock_state(conn, watch).moved == pytest.approx(0)
        now[0] -= timedelta(seconds=3_700)
        found = condition.clock_state(conn, watch)
        assert (found.moved, found.ahead) == (pytest.approx(-3_700), pytest.approx(3_600))
        assert found.wrong
        assert gauges.size_bytes(conn, store) > 4096


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, {"no_public_url", "no_mail", "no_stamps", "no_custodians"}),
        ({"server": {"public_url": "http://forum.example"}}, {"no_tls"}),
        ({"server": {"public_url": "https://forum.example"}}, {"no_proxy"}),
        ({"server": {"public_url": "https://a.example", "trusted_proxies": ["0.0.0.0/0"]}}, {"every_proxy"}),
        ({"server": {"host": "0.0.0.0"}}, {"open_host", "no_public_url"}),
        ({"people": {"one_person": True}}, {"one_person"}),
    ],
)  # fmt: skip
def test_settings_that_somebody_should_look_at_are_named(tmp_path, told, expected):
    found = set(warnings(Settings(data=tmp_path, **json.loads(json.dumps(told)))))
    assert expected <= found
    fine = {"public_url": "https://a.example", "trusted_proxies": ["10.0.0.0/8"]}
    mail = {"host": "mail.example", "sender": "a@b.example", "alarms": ["c@b.example"]}
    good = Settings(data=tmp_path, server=fine, mail=mail, ledger={"timestamp_url": "https://tsa.example"},
                    vault={"custodians": ["age1"]})  # fmt: skip
    assert warnings(good) == ()
