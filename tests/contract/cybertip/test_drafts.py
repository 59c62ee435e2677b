"""Drafts make themselves with the decision: one for each account, of what was known then, nothing that people judge."""

from judging import ADA, LEA, NO, REMOVE, REPORT, RUI, answered, settled
from rempart.cases.assessing import tasks as case_tasks
from rempart.cases.records import cases, tasks
from rempart.intake.upload_erasure import erase_item
from rempart.items.records import items
from rempart.reports.cybertip.drafting.holding import draft_of, frozen_of
from rempart.reports.cybertip.records import files, reports, subjects
from rempart.reports.cybertip.values import ReportState
from reporting import FORUM, drafted, maker, to_report
from vaults import a_vault, actions

TOLD = {
    "account.screen_name": "Kite", "account.email": "kite@mail.example", "account.email_verified": True,
    "account.login_ip": "198.51.100.7", "account.login_at": "2026-02-28T08:00:00Z", "upload.ip": "203.0.113.9",
    "upload.at": "2026-02-28T09:00:00Z", "upload.file_name": "kite.jpg", "place": "wall", "upload.port": "no number",
}  # fmt: skip


def test_a_decision_to_report_has_a_draft_with_what_the_service_said(store):
    vault = a_vault(store)
    [row] = drafted(store, vault, context=TOLD)
    assert (row.state, row.service, row.version) == (ReportState.DRAFT, "forum", 1)
    draft = draft_of(row, keyring=vault.keyring)
    [person], [file] = draft.tip.report.persons, draft.tip.files
    assert (person.esp_identifier, person.screen_name) == ("kite_0", "Kite")
    assert [(one.event.value, one.address) for one in person.ip_events] == [
        ("Login", "198.51.100.7"), ("Upload", "203.0.113.9"),
    ]  # fmt: skip
    assert (file.original_name, file.location, file.publicly_available) == (
        "kite.jpg",
        "https://forum.example/p/1",
        True,
    )
    assert draft.tip.report.incident.at.isoformat() == "2026-02-28T09:00:00+00:00"
    assert draft.unread == ("upload.port",)
    assert b"kite" not in row.sealed + row.frozen
    with store.read() as conn:
        [kept] = files.of_report(conn, row.id)
    assert (kept.id, kept.item, kept.viewed) == (file.ref, 1, False)


def test_nothing_that_people_judge_is_filled_in(sqlite_store):
    store = sqlite_store
    vault = a_vault(store)
    [row] = drafted(store, vault, case={"image_kind": "non_photographic", "origin": ()})
    tip = draft_of(row, keyring=vault.keyring).tip
    assert tip.report.incident.type is None
    assert tip.report.incident.annotations == frozenset()
    [file] = tip.files
    assert (file.annotations, file.classification, file.viewed, file.exif_viewed) == (frozenset(), None, None, None)


def test_what_a_service_deletes_or_changes_after_the_first_answer_is_in_the_report(store):
    vault = a_vault(store)
    made = maker(vault).of_outcome
    case_id = to_report(store, vault, context=TOLD)
    answered(store, case_id, REMOVE, REPORT, by=RUI)
    settled(store, vault, asked=made)
    with store.write() as conn:
        assert subjects.snapshot(conn, case_id, round=1) is not None
        items.change(conn, 1, uploader="somebody else", context={}, url=None)
    erase_item(store, "forum", "photo-1", by=FORUM, at=store.clock())
    answered(store, case_id, REMOVE, REPORT, by=ADA)
    settled(store, vault, asked=made)
    with store.read() as conn:
        [row] = reports.of_cases(conn, [case_id])
        assert subjects.snapshots(conn) == ()
    tip = draft_of(row, keyring=vault.keyring).tip
    assert tip.report.persons[0].screen_name == "Kite"
    assert tip.files[0].location == "https://forum.example/p/1"


def test_each_account_has_a_report_of_its_own(sqlite_store):
    store = sqlite_store
    vault = a_vault(store)
    also = {2: {"uploader": "heron_1", "url": "https://forum.example/p/2"}, 3: {"url": "https://forum.example/p/3"}}
    first, second = drafted(store, vault, also=also)
    assert [frozen_of(row, keyring=vault.keyring).account.uploader for row in (first, second)] == ["kite_0", "heron_1"]
    tip = draft_of(first, keyring=vault.keyring).tip
    assert tip.report.internet[0].urls == ("https://forum.example/p/1", "https://forum.example/p/3")
    assert len(tip.files) == 1  # the same bytes are sent once
    assert first.person != second.person


def test_settling_again_drafts_nothing_twice_and_the_ledger_says_it_once(sqlite_store):
    store = sqlite_store
    vault = a_vault(store)
    [row] = drafted(store, vault)
    with store.write() as conn:
        case, task = cases.find(conn, row.case_id), tasks.find(conn, row.task_id)
        assert maker(vault).of_task(conn, case, task, at=store.clock()) == ()
    assert actions(store).count("report.drafted") == 1


def test_what_is_not_decided_in_the_end_is_forgotten_or_withdrawn(sqlite_store):
    store = sqlite_store
    vault = a_vault(store)
    made = maker(vault).of_outcome
    case_id = to_report(store, vault)
    answered(store, case_id, REMOVE, REPORT, by=RUI)
    settled(store, vault, asked=made)
    answered(store, case_id, NO, by=ADA)
    settled(store, vault, asked=made)
    answered(store, case_id, NO, by=LEA)
    settled(store, vault, asked=made)
    with store.read() as conn:
        assert subjects.snapshots(conn) == ()
        assert reports.of_cases(conn, [case_id]) == ()


def test_a_report_in_danger_is_drafted_at_once_and_withdrawn_when_the_second_sees_it_otherwise(store):
    vault = a_vault(store)
    made = maker(vault).of_outcome
    case_id = to_report(store, vault)
    with store.write() as conn:
        cases.change(conn, case_id, danger=True)
    answered(store, case_id, REMOVE, REPORT, by=RUI)
    settled(store, vault, asked=made)
    with store.read() as conn:
        [row] = reports.of_cases(conn, [case_id])
        task = case_tasks.waiting_of(conn, case_id, REPORT)
    assert (row.state, row.danger, task is not None) == (ReportState.DRAFT, True, True)
    answered(store, case_id, NO, by=ADA)
    settled(store, vault, asked=made)
    answered(store, case_id, NO, by=LEA)
    settled(store, vault, asked=made)
    with store.read() as conn:
        [row] = reports.of_cases(conn, [case_id])
    assert row.state is ReportState.WITHDRAWN
