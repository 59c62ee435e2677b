"""Attaching a file to a draft, on both databases: sealed by stream, sent with the report, and never unnoticed."""

import hashlib
from dataclasses import replace

import pytest

from actors import person
from judging import ADA, RUI
from rempart.errors import ConflictError, NotPermittedError, RefusedError
from rempart.evidence.vault.records import find_object
from rempart.people.permissions import Role
from rempart.reports.cybertip.document.records import IncidentType, Relevance
from rempart.reports.cybertip.drafting import editing, seconding
from rempart.reports.cybertip.drafting.attaching import attach, sealed_attachment
from rempart.reports.cybertip.drafting.holding import draft_of
from rempart.reports.cybertip.records import files, reports
from rempart.reports.cybertip.values import ReportState
from reporting import HOUSE, drafted
from vaults import a_vault, actions, read

FILM = [b"a long film " * 50_000] * 3
WHOLE = b"".join(FILM)


class Desk:
    """A draft, and what people do with it."""

    def __init__(self, store):
        self.store, self.vault = store, a_vault(store)
        [row] = drafted(store, self.vault)
        self.id = row.id

    @property
    def row(self):
        with self.store.read() as conn:
            return reports.find(conn, self.id)

    @property
    def tip(self):
        return draft_of(self.row, keyring=self.vault.keyring).tip

    def done(self, step, **more):
        with self.store.write() as conn:
            return step(conn, self.id, at=self.store.clock(), keyring=self.vault.keyring, house=HOUSE, **more)

    def asked(self):
        incident = replace(self.tip.report.incident, type=IncidentType.IMAGES)
        tip = replace(self.tip, report=replace(self.tip.report, incident=incident))
        self.done(editing.edit, tip=tip, version=self.row.version, who=RUI)
        self.done(seconding.ask, version=self.row.version, who=RUI)

    def confirmed(self):
        return self.done(
            seconding.decide, digest=self.row.digest, approve=True, who=ADA, begin=lambda *_: None
        )  # fmt: skip


def attached(desk, *, who=RUI, pieces=FILM, relevance=Relevance.SUPPLEMENTAL):
    sealed = sealed_attachment(
        iter(pieces), vault=desk.vault, name="film.mp4", media_type="video/mp4", relevance=relevance
    )
    with desk.store.write() as conn:
        return attach(conn, desk.id, sealed, vault=desk.vault, who=who, at=desk.store.clock())


@pytest.fixture
def desk(store):
    return Desk(store)


def test_an_attached_file_is_the_last_of_the_report_with_its_digests_and_kept_for_its_task(desk):
    attached(desk)
    with desk.store.read() as conn:
        *_, row = files.of_report(conn, desk.id)
        kept = find_object(conn, row.object)
        for_task = desk.vault.kept_for(conn, basis="case_task", reference=desk.row.task_id, most=10)
    assert (row.item, row.place, row.size) == (None, 1, len(WHOLE))
    assert row.md5 == hashlib.md5(WHOLE).digest()
    assert row.sha256 == kept.sha256 == hashlib.sha256(WHOLE).digest()
    assert row.object in for_task
    assert read(desk.vault, row.object) == WHOLE
    last = desk.tip.files[-1]
    assert (last.original_name, last.relevance, last.viewed) == ("film.mp4", Relevance.SUPPLEMENTAL, None)
    assert {one.type: one.value for one in last.hashes} == {
        "MD5": row.md5.hex(), "SHA256": row.sha256.hex()
    }  # fmt: skip


def test_a_question_that_was_asked_is_taken_back_and_the_document_goes_through_two_people_with_the_file(desk):
    desk.asked()
    row = attached(desk)
    assert (row.state, row.digest) == (ReportState.DRAFT, None)
    desk.asked()
    assert desk.confirmed().state is ReportState.CONFIRMED
    assert "report.attached" in actions(desk.store)


def test_nothing_is_attached_twice_or_empty_or_by_whoever_may_not(desk):
    attached(desk)
    with pytest.raises(ConflictError):
        attached(desk)
    with pytest.raises(RefusedError, match="empty"):
        attached(desk, pieces=[b"", b""])
    with pytest.raises(NotPermittedError):
        attached(desk, who=person("cleo", Role.CURATOR), pieces=[b"another"])
    with desk.store.read() as conn:
        assert len(files.of_report(conn, desk.id)) == 2


def test_what_was_confirmed_takes_nothing_more(desk):
    desk.asked()
    desk.confirmed()
    with pytest.raises(ConflictError):
        attached(desk)
