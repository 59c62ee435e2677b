"""A confirmed report is filed once; its receipt and its evidence are kept, and what was answered is on record."""

import hashlib
import json
import logging

import pytest
from sqlalchemy import select

from rempart.cases.records import tasks
from rempart.errors import ConflictError, LegalHoldError
from rempart.evidence.ledger.records import leaves
from rempart.evidence.vault import records as vault_records
from rempart.evidence.vault.upkeep import run_retention
from rempart.people.principal import SYSTEM
from rempart.reports.cybertip.filing.after import REGIME
from rempart.reports.cybertip.filing.beginning import begin
from rempart.reports.cybertip.filing.sealing import opened_answer, rewrap_answers
from rempart.reports.cybertip.records import calls, files, receipts
from rempart.reports.cybertip.values import Environment, ReportState
from rempart.reports.orders.records import disclosures
from reporting import reported
from tipfiling import begun, confirmed, desk, means_of, runs, stands, tipline, told_of
from vaults import BY, actions, read

PICTURES = (b"one ordinary picture", b"and another one")


def filed(store, vault, **more):
    """A report that was filed; gives its row and what the server has."""
    report_id = begun(store, vault, **more)
    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server)) as go:
        go()
        return stands(store, report_id), server


def test_a_report_is_opened_filled_and_finished_once(store, vault):
    row, server = filed(store, vault, contents=PICTURES)
    assert row.state is ReportState.FILED, row.why
    assert told_of(server, row.id) == [row.number]
    assert server.calls == ["submit", "upload", "upload", "fileinfo", "fileinfo", "finish"]
    (held,) = server.finished
    assert {one.md5 for one in held.files.values()} == {hashlib.md5(one).hexdigest() for one in PICTURES}
    assert all(one.described for one in held.files.values())
    assert runs(store, row.id) == [("filed", None)]


def test_each_call_is_on_record_with_its_answer_to_the_byte(sqlite_store, one_vault):
    store, vault = sqlite_store, one_vault
    row, _ = filed(store, vault)
    with store.read() as conn:
        made = calls.of_report(conn, row.id)
        (receipt,) = receipts.of_report(conn, row.id)
    assert [one.step for one in made] == ["open", "upload", "describe", "finish"]
    assert all(one.result == "ok" and one.code == 0 and one.http == 200 for one in made)
    assert all(len(one.digest) == 32 and one.started <= one.ended for one in made)
    assert len({one.request_id for one in made}) == 4
    answers = [opened_answer(one, keyring=vault.keyring) for one in made]
    assert b"<reportDoneResponse>" in answers[3]
    assert read(vault, receipt.object) == answers[3]  # the receipt, as it came
    assert all(row.number.encode() not in one.response for one in made)  # sealed
    with store.write() as conn:
        assert rewrap_answers(conn, keyring=vault.keyring) == 0


def test_in_production_evidence_is_kept_for_a_year_and_the_task_ends(store, vault):
    row, _ = filed(store, vault)
    with store.read() as conn:
        (file,) = files.of_report(conn, row.id)
        (receipt,) = receipts.of_report(conn, row.id)
        task = tasks.find(conn, row.task_id)
        bases = {
            object_id: {
                (one.basis, one.keep_until)
                for one in conn.execute(select(vault_records.bases).where(
                    vault_records.bases.c.object == object_id, vault_records.bases.c.ended.is_(None)
                ))
            }
            for object_id in (file.object, receipt.object)
        }  # fmt: skip
        (given,) = disclosures.find(conn, subject=f"report:{row.id}", most=5)
    year = row.filed_at.replace(year=row.filed_at.year + 1)
    assert bases == {
        file.object: {(REGIME, year)}, receipt.object: {("report_receipt", None), (REGIME, year)},
    }  # fmt: skip
    assert (task.state, task.settled) == ("done", store.clock())
    assert row.keep_until == year
    assert (given.recipient_class, given.ground, given.single) == ("ncmec", "duty", False)
    assert "content" in given.what.split()


@pytest.mark.parametrize("environment", [Environment.REHEARSAL, Environment.TEST])
def test_what_was_rehearsed_was_reported_to_nobody_and_can_be_filed_for_real(sqlite_store, one_vault, environment):
    store, vault = sqlite_store, one_vault
    row, _ = filed(store, vault, environment=environment)
    assert (row.state, row.environment) == (ReportState.FILED, environment)
    with store.read() as conn:
        assert tasks.find(conn, row.task_id).state == "waiting"
        assert disclosures.find(conn, subject=f"report:{row.id}", most=5) == ()
        (file,) = files.of_report(conn, row.id)
        assert vault.kept_for(conn, basis=REGIME, reference=row.id, most=5) == ()
    with store.write() as conn:
        begin(conn, row.id, environment=Environment.PRODUCTION, at=store.clock())
    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server)) as go:
        go()
        again = stands(store, row.id)
        assert told_of(server, row.id) == [again.number]
    assert (again.state, again.environment, again.run) == (ReportState.FILED, Environment.PRODUCTION, 2)
    with store.read() as conn:
        assert tasks.find(conn, row.task_id).state == "done"
        assert file.object in vault.kept_for(conn, basis=REGIME, reference=row.id, most=5)
    with store.write() as conn, pytest.raises(ConflictError):
        begin(conn, row.id, environment=Environment.PRODUCTION, at=store.clock())


def test_holds_and_destruction_on_request_go_on_working(sqlite_store, one_vault):
    store, vault = sqlite_store, one_vault
    row, _ = filed(store, vault, contents=PICTURES)
    with store.read() as conn:
        first, second = (one.object for one in files.of_report(conn, row.id))
    with store.write() as conn:
        hold = vault.hold(conn, first, reason="a letter of the police", by=BY)
        assert vault.destroy(conn, second, reason="they asked for it", by=BY, authority="NCMEC")
    with store.write() as conn, pytest.raises(LegalHoldError):
        vault.destroy(conn, first, reason="they asked for it", by=BY)
    vault.clock.go_on(days=367)
    run_retention(vault, by=SYSTEM)
    vault.clock.go_on(days=2)
    run_retention(vault, by=SYSTEM)
    assert read(vault, first) == PICTURES[0]  # held beyond the year
    with store.write() as conn:
        vault.release(conn, hold, reason="done", by=BY)
    run_retention(vault, by=SYSTEM)
    vault.clock.go_on(days=2)
    run_retention(vault, by=SYSTEM)
    with store.read() as conn:
        assert vault_records.find_object(conn, first).destroyed is not None


def test_two_parts_of_one_decision_end_it_with_the_second(sqlite_store, one_vault):
    store, vault = sqlite_store, one_vault
    task = reported(store, vault)
    first = begun(store, vault, task=task, part=0)
    second = confirmed(store, vault, task=task, part=1)
    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server)) as go:
        go()
        with store.read() as conn:
            assert tasks.find(conn, task.id).state == "waiting"
        with store.write() as conn:
            begin(conn, second, environment=Environment.PRODUCTION, at=store.clock())
        go()
        assert [len(told_of(server, one)) for one in (first, second)] == [1, 1]
    with store.read() as conn:
        assert tasks.find(conn, task.id).state == "done"


def test_a_report_without_files_is_filed(sqlite_store, one_vault):
    row, server = filed(sqlite_store, one_vault, contents=())
    assert row.state is ReportState.FILED
    assert server.calls == ["submit", "finish"]


def test_only_files_that_the_document_names_are_sent(sqlite_store, one_vault):
    store, vault = sqlite_store, one_vault
    report_id = begun(store, vault, contents=PICTURES, named=1)
    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server)) as go:
        go()
        assert server.calls == ["submit", "upload", "fileinfo", "finish"]
    assert stands(store, report_id).state is ReportState.FILED


def test_the_ledger_tells_it_in_order_and_nothing_personal(sqlite_store, one_vault):
    store, vault = sqlite_store, one_vault
    row, _ = filed(store, vault)
    told = [one for one in actions(store) if one.startswith(("report.", "task.", "disclosure."))]
    assert told == [
        "report.filing_begun", "report.opening", "report.opened", "report.finishing", "disclosure.made",
        "report.filed", "task.ended",
    ]  # fmt: skip
    with store.read() as conn:
        bodies = " ".join(conn.scalars(select(leaves.c.body)))
        (body,) = (json.loads(one) for one in conn.scalars(select(leaves.c.body)) if '"report.filed"' in one)
    assert row.number not in bodies
    assert row.id not in bodies
    assert (body["facts"]["kind"], body["facts"]["environment"], body["facts"]["preserved"]) == (
        "images", "production", 1,
    )  # fmt: skip


def test_logs_say_nothing_personal(sqlite_store, one_vault, caplog):
    store, vault = sqlite_store, one_vault
    caplog.set_level(logging.DEBUG, logger="rempart")
    report_id = begun(store, vault)
    with tipline(clock=store.clock, plan=["submit:refuse"]) as server, desk(store, means_of(vault, server)) as go:
        go()
    text = caplog.text
    for word in ("kite", "forum.example", "rfile_", "picture", stands(store, report_id).case_id):
        assert word not in text


@pytest.mark.parametrize("state", [ReportState.DRAFT, ReportState.ASKED, ReportState.WITHDRAWN])
def test_nothing_begins_that_nobody_confirmed(sqlite_store, one_vault, state):
    store, vault = sqlite_store, one_vault
    report_id = confirmed(store, vault, state=state)
    with store.write() as conn, pytest.raises(ConflictError):
        begin(conn, report_id, environment=Environment.PRODUCTION, at=store.clock())


def test_nothing_begins_twice(sqlite_store, one_vault):
    store, vault = sqlite_store, one_vault
    report_id = begun(store, vault)
    with store.write() as conn, pytest.raises(ConflictError):
        begin(conn, report_id, environment=Environment.TEST, at=store.clock())
