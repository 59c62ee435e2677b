"""What a service supplies is checked, sealed, put where people wrote nothing else, and forgotten in the end."""

from dataclasses import replace
from datetime import timedelta
from os import urandom

import pytest

from actors import service
from judging import ADA, LEA, RUI
from rempart.cases.records import webhooks, work
from rempart.clock import utc_now
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.backup.replaying import Step
from rempart.people import keys
from rempart.people.permissions import Scope
from rempart.people.principal import CONSOLE
from rempart.reports.cybertip.document.records import IncidentType
from rempart.reports.cybertip.drafting import editing, linking, seconding, supplying, upkeep, wanted
from rempart.reports.cybertip.drafting.holding import draft_of
from rempart.reports.cybertip.records import calls, files, reports, subjects
from rempart.reports.cybertip.records.calls import CallRow
from rempart.reports.cybertip.values import Environment, ReportState
from rempart.server.replays import replays
from rempart.store.ids import new_id
from rempart.store.workers import Worker
from reporting import HOUSE, maker, quickly_drafted, reported
from vaults import a_vault, actions

FORUM = service("forum", Scope.REPORTS)
PERSON = {
    "screen_name": "Kite",
    "person": {"emails": [{"value": "kite@mail.example", "verified": True}], "phones": [{"value": "555 0100"}]},
    "ip_events": [{"address": "198.51.100.7", "event": "Login", "at": "2026-02-28T08:00:00Z", "port": 40123}],
}  # fmt: skip
FILE = {"item_id": "photo-1", "original_name": "kite.jpg", "uploaded_at": "2026-02-28T07:59:00+00:00"}
TOLD = {"person": PERSON, "files": [FILE]}


@pytest.fixture
def vault(store):
    return a_vault(store)


@pytest.fixture
def row(store, vault):
    [found] = quickly_drafted(store, vault)
    return found


def supply(store, vault, row, told, *, by=FORUM):
    with store.write() as conn:
        return supplying.supply(
            conn, row.id, told, by=by, at=store.clock(), keyring=vault.keyring, house=HOUSE
        )  # fmt: skip


def tip_of(row, vault):
    return draft_of(row, keyring=vault.keyring).tip


def test_what_is_supplied_is_in_the_draft_and_lies_sealed(store, vault, row):
    told = supply(store, vault, row, TOLD)
    [person], [file] = tip_of(told, vault).report.persons, tip_of(told, vault).files
    assert (person.esp_identifier, person.screen_name, person.person.phones[0].value) == ("kite_0", "Kite", "555 0100")
    assert (person.ip_events[0].address, person.ip_events[0].port) == ("198.51.100.7", 40123)
    assert (file.original_name, file.location) == ("kite.jpg", "https://forum.example/p/1")
    assert told.version == 2
    with store.read() as conn:
        [kept] = subjects.of_report(conn, row.id)
    assert b"kite" not in kept.sealed + told.sealed
    assert actions(store)[-1] == "report.supplied"


def test_the_same_again_changes_nothing_and_other_words_take_its_place(sqlite_store):
    store = sqlite_store
    vault = a_vault(store)
    [row] = quickly_drafted(store, vault)
    first = supply(store, vault, row, TOLD)
    assert supply(store, vault, row, TOLD).version == first.version
    again = supply(store, vault, row, {"person": {"screen_name": "Heron"}})
    [person] = tip_of(again, vault).report.persons
    assert (person.screen_name, person.ip_events) == ("Heron", ())
    with store.read() as conn:
        assert len(subjects.of_report(conn, row.id)) == 1


def test_what_people_wrote_stays(sqlite_store):
    store = sqlite_store
    vault = a_vault(store)
    [row] = quickly_drafted(store, vault)
    tip = tip_of(row, vault)
    [person] = tip.report.persons
    written = replace(tip.report, persons=(replace(person, screen_name="As seen on the page"),))
    with store.write() as conn:
        editing.edit(
            conn, row.id, replace(tip, report=written), version=1, who=RUI, at=store.clock(), keyring=vault.keyring,
            house=HOUSE,
        )  # fmt: skip
    told = supply(store, vault, row, TOLD)
    [person] = tip_of(told, vault).report.persons
    assert person.screen_name == "As seen on the page"
    assert person.person.emails[0].value == "kite@mail.example"


WRONG = [
    ({"person": {"screen_nam": "x"}}, "person.screen_nam"),
    ({"person": {"ip_events": [{"address": "nowhere"}]}}, "ip_events"),
    ({"person": {"ip_events": [{"address": "198.51.100.7", "at": "2026-02-28T08:00:00"}]}}, "zone"),
    ({"person": {"ip_events": [{"address": "198.51.100.7", "at": "2027-02-28T08:00:00Z"}]}}, "to come"),
    ({"person": {"prior_reports": [7]}}, "earlier reports"),
    ({"person": {"esp_identifier": "another"}}, "identifier"),
    ({"files": [{"item_id": "photo-1", "viewed": True}]}, "viewed"),
    ({"files": [{"item_id": "photo-1", "annotations": ["generativeAi"]}]}, "annotations"),
    ({"files": [{"item_id": "photo-9"}]}, "not about"),
    ({"files": "photo-1"}, "list"),
    ({"incident": {}}, "no such part"),
    ({"internet": [{"kind": "telegraph"}]}, "internet"),
    ({"person": {"ip_events": [{"address": "198.51.100.7"}] * 501}}, "At most"),
]


def test_what_is_wrong_is_refused_with_its_place_and_nothing_changes(sqlite_store):
    vault = a_vault(sqlite_store)
    [row] = quickly_drafted(sqlite_store, vault)
    for told, place in WRONG:
        with pytest.raises(RefusedError, match=place):
            supply(sqlite_store, vault, row, told)
    with sqlite_store.read() as conn:
        assert reports.find(conn, row.id).version == 1
        assert subjects.of_report(conn, row.id) == ()


def test_another_service_or_a_key_of_somebody_kept_from_the_case_finds_nothing(store, vault, row):
    others = service("wiki", Scope.REPORTS), replace(FORUM, behind=RUI.id)
    with store.write() as conn:
        work.bar(conn, row.case_id, [RUI.id])
    for who in others:
        with pytest.raises(NotFoundError):
            supply(store, vault, row, TOLD, by=who)
        with store.read() as conn:
            assert supplying.wanted_of(conn, who, most=5) == ((), None)
    for who in (LEA, service("forum", Scope.CASES)):
        with pytest.raises(NotPermittedError):
            supply(store, vault, row, TOLD, by=who)


def test_a_supply_takes_a_question_back_and_comes_too_late_once_confirmed(sqlite_store):
    store = sqlite_store
    vault = a_vault(store)
    [row] = quickly_drafted(store, vault)
    tip = tip_of(row, vault)
    incident = replace(tip.report.incident, type=IncidentType.IMAGES)
    parts = {"at": store.clock(), "keyring": vault.keyring, "house": HOUSE}
    with store.write() as conn:
        done = replace(tip, report=replace(tip.report, incident=incident))
        version = editing.edit(conn, row.id, done, version=1, who=RUI, **parts).version
        seconding.ask(conn, row.id, version=version, who=RUI, **parts)
    told = supply(store, vault, row, TOLD)
    assert (told.state, told.digest) == (ReportState.DRAFT, None)
    with store.write() as conn:
        seconding.ask(conn, row.id, version=told.version, who=RUI, **parts)
        digest = reports.find(conn, row.id).digest
        seconding.decide(
            conn, row.id, digest=digest, approve=True, who=ADA, begin=lambda *_: None, **parts
        )  # fmt: skip
    with pytest.raises(ConflictError):
        supply(store, vault, row, {"person": {"screen_name": "Late"}})


def test_a_service_with_a_key_for_it_is_told_an_id_and_nothing_else(store, vault):
    hooks = {}
    with store.write() as conn:
        for name, scope in (("forum", Scope.REPORTS), ("wiki", Scope.CASES)):
            keys.create(conn, label="t", service=name, scopes=[scope], by=CONSOLE, at=utc_now(), random=urandom)
            hooks[name] = new_id("hook")
            webhooks.add_endpoint(conn, webhooks.Endpoint(
                id=hooks[name], service=name, url="https://x.example", state="enabled", why=None, created=utc_now(),
                changed=utc_now(),
            ))  # fmt: skip
    told = maker(vault, wanted=wanted.tell)
    [row] = quickly_drafted(store, vault, made=told)
    [other] = quickly_drafted(store, vault, 7, made=told, service="wiki", content=b"another picture")
    with store.read() as conn:
        assert webhooks.message_of(conn, endpoint=hooks["forum"], decision=row.id) is not None
        assert webhooks.message_of(conn, endpoint=hooks["wiki"], decision=other.id) is None
        body = wanted.body_of(conn, row.id)
    assert row.id.encode() in body
    assert b"kite" not in body
    assert b"photo" not in body


def test_what_was_reported_of_the_account_before_is_named(store, vault, row):
    [later] = quickly_drafted(store, vault, 5, content=b"another ordinary picture")
    with store.write() as conn:
        assert [one.id for one in linking.same_person(conn, later)] == [row.id]
        reports.change(conn, row.id, state=ReportState.FILED, number="4711", filed_at=store.clock())
        assert linking.earlier_numbers(conn, later) == ()  # it was a rehearsal
        reports.change(conn, row.id, environment=Environment.PRODUCTION)
        assert linking.earlier_numbers(conn, later) == (4711,)


def test_a_decision_from_before_there_were_drafts_gets_one(store, vault):
    task = reported(store, vault)
    with Worker(store) as worker:
        assert upkeep.draft_missing(store, worker, maker(vault)) == 1
        assert upkeep.draft_missing(store, worker, maker(vault)) == 0
    with store.read() as conn:
        assert [one.task_id for one in reports.of_cases(conn, [task.case_id])] == [task.id]


def test_what_is_said_of_people_is_forgotten_a_year_after_filing_and_again_after_a_restore(store, vault, row):
    supply(store, vault, row, TOLD)
    with store.write() as conn:
        filed = {"state": ReportState.FILED, "environment": Environment.PRODUCTION, "filed_at": store.clock()}
        reports.change(conn, row.id, number="4711", **filed)
        made = {"report": row.id, "run": 1, "no": 1, "step": "open", "file": None, "digest": bytes(32)}
        calls.add(conn, CallRow(started=store.clock(), code=4000, response=b"sealed: Kite is no name", **made))
    with Worker(store) as worker:
        vault.clock.go_on(days=365)
        assert upkeep.forget_over(store, worker) == 0
        with store.write() as conn:
            upkeep.keep(conn, row.id, until=store.clock() + timedelta(days=10))
        vault.clock.go_on(days=2)
        assert upkeep.forget_over(store, worker) == 0
        vault.clock.go_on(days=9)
        assert upkeep.forget_over(store, worker) == 1
    with store.read() as conn:
        found, [file] = reports.find(conn, row.id), files.of_report(conn, row.id)
        assert (found.frozen, found.sealed, found.person, found.number) == (None, None, None, "4711")
        assert (file.sha256, file.md5) == (None, None)
        assert [(one.code, one.response) for one in calls.of_report(conn, row.id)] == [(4000, None)]
        assert subjects.of_report(conn, row.id) == ()
    assert "report.forgotten" in actions(store)
    with pytest.raises(ConflictError):
        draft_of(found, keyring=vault.keyring)
    with store.write() as conn:
        assert upkeep.forget(conn, row.id, at=store.clock()) is False


def test_a_restore_forgets_again_what_was_forgotten_since(sqlite_store):
    vault = a_vault(sqlite_store)
    [row] = quickly_drafted(sqlite_store, vault)
    step = Step(position=1, action="report.forgotten", subject=f"report:{row.id}", facts={})
    again = replays(vault, clock=sqlite_store.clock)["report.forgotten"]
    with sqlite_store.write() as conn:
        assert again(conn, step) is True
        assert again(conn, step) is False
        assert reports.find(conn, row.id).sealed is None


def test_under_a_legal_hold_nothing_is_forgotten(store, vault, row):
    with store.write() as conn:
        [file] = files.of_report(conn, row.id)
        hold = vault.hold(conn, file.object, reason="an order", by=LEA)
        reports.change(conn, row.id, state=ReportState.WITHDRAWN)
    vault.clock.go_on(days=31)
    with Worker(store) as worker:
        assert upkeep.forget_over(store, worker) == 0
        with store.write() as conn:
            vault.release(conn, hold, reason="over", by=LEA)
        assert upkeep.forget_over(store, worker) == 1
