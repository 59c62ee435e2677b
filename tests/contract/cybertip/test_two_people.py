"""Two people file a report: one asks for exactly this document, another confirms it; others learn nothing."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from actors import NOON, person, service
from desks import join_team
from judging import ADA, LEA, REMOVE, REPORT, RUI, answered, settled
from rempart.cases.records import cases, work
from rempart.cases.work.accounts import AccountFact, open_account_case
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.people import approvals
from rempart.people.permissions import Role, Scope
from rempart.people.principal import SYSTEM
from rempart.reports.cybertip.document.records import FileAnnotation, IncidentType, ReportAnnotation
from rempart.reports.cybertip.drafting import editing, reading, seconding
from rempart.reports.cybertip.drafting.holding import digest_of, draft_of, seal_tip, tip_of
from rempart.reports.cybertip.records import files, reports
from rempart.reports.cybertip.values import ReportState
from reporting import HOUSE, decided_to_report, maker, quickly_drafted, to_report
from vaults import a_vault, actions


class Desk:
    """A draft and what people do with it."""

    def __init__(self, store, **more):
        self.store, self.vault, self.begun = store, a_vault(store), []
        [row] = quickly_drafted(store, self.vault, **more)
        self.id = row.id

    @property
    def row(self):
        with self.store.read() as conn:
            return reports.find(conn, self.id)

    @property
    def tip(self):
        return draft_of(self.row, keyring=self.vault.keyring).tip

    def parts(self):
        return {"at": self.store.clock(), "keyring": self.vault.keyring}

    def edit(self, tip=None, *, who=RUI, version=None, **more):
        with self.store.write() as conn:
            return editing.edit(
                conn, self.id, self.typed() if tip is None else tip, version=version or self.row.version, who=who,
                house=more.pop("house", HOUSE), **self.parts(), **more,
            )  # fmt: skip

    def typed(self, kind=IncidentType.IMAGES):
        tip = self.tip
        return replace(tip, report=replace(tip.report, incident=replace(tip.report.incident, type=kind)))

    def ask(self, who=RUI, version=None, house=HOUSE):
        with self.store.write() as conn:
            return seconding.ask(
                conn, self.id, version=version or self.row.version, who=who, house=house, **self.parts()
            )

    def decide(self, who=ADA, *, approve=True, digest=None, house=HOUSE, **more):
        with self.store.write() as conn:
            return seconding.decide(
                conn, self.id, digest=digest or self.row.digest, approve=approve, who=who, house=house,
                begin=self._begin, **self.parts(), **more,
            )  # fmt: skip

    def alone(self, who=RUI, reason="Nobody else is here."):
        with self.store.write() as conn:
            return seconding.confirm_alone(
                conn, self.id, digest=self.row.digest, reason=reason, who=who, house=HOUSE, begin=self._begin,
                **self.parts(),
            )  # fmt: skip

    def _begin(self, conn, report, at):
        self.begun.append(report)


@pytest.fixture
def desk(sqlite_store):
    return Desk(sqlite_store)


@pytest.fixture
def both(store):
    """On each kind of database: what locks, asks and lists."""
    return Desk(store)


def test_one_asks_another_confirms_and_exactly_that_document_is_filed(both):
    desk = both
    desk.edit()
    desk.ask()
    asked = desk.row
    assert (asked.state, asked.asked_by) == (ReportState.ASKED, RUI.id)
    row = desk.decide()
    assert (row.state, row.confirmed_by, row.single) == (ReportState.CONFIRMED, ADA.id, False)
    assert desk.begun == [row.id]
    tip = tip_of(row, keyring=desk.vault.keyring)
    assert tip.report.incident.type is IncidentType.IMAGES
    assert tip.report.reporter == HOUSE.reporter
    steps = [one for one in actions(desk.store) if one.startswith(("report.", "approval."))]
    assert steps == ["report.drafted", "report.edited", "report.asked", "approval.asked", "approval.given",
                     "report.confirmed"]  # fmt: skip


def test_what_lacks_something_is_not_asked(desk):
    with pytest.raises(RefusedError, match="incidentType"):
        desk.ask()
    desk.edit()
    with pytest.raises(ConflictError):
        desk.ask(version=1)
    assert desk.row.state is ReportState.DRAFT


def test_who_asked_does_not_confirm_and_a_refusal_makes_it_a_draft(desk):
    desk.edit()
    desk.ask()
    with pytest.raises(RefusedError):
        desk.decide(RUI)
    row = desk.decide(approve=False, reason="The place is missing.")
    assert (row.state, row.digest, desk.begun) == (ReportState.DRAFT, None, [])
    desk.ask(ADA)
    assert desk.decide(RUI).state is ReportState.CONFIRMED


def test_an_edit_takes_the_question_back(both):
    desk = both
    desk.edit()
    desk.ask()
    before = desk.row.digest
    tip = desk.tip
    desk.edit(replace(tip, report=replace(tip.report, additional_info="Seen again.")), who=ADA)
    assert (desk.row.state, desk.row.digest) == (ReportState.DRAFT, None)
    with desk.store.read() as conn:
        assert approvals.pending(conn) == ()
    with pytest.raises(ConflictError):
        desk.decide(digest=before)
    desk.ask(ADA)
    with pytest.raises(ConflictError):
        desk.decide(RUI, digest=before)


def test_an_edit_of_what_others_changed_is_refused(desk):
    desk.edit()
    with pytest.raises(ConflictError):
        desk.edit(version=1, who=ADA)


def test_the_same_words_again_change_nothing(desk):
    desk.edit()
    desk.ask()
    assert desk.edit(desk.tip).state is ReportState.ASKED


def test_nobody_says_that_a_file_was_viewed_or_changes_its_digests(desk):
    tip = desk.tip
    for said in ({"viewed": True}, {"viewed": False}, {"exif_viewed": True}, {"hashes": ()}, {"ref": "rfile_another"}):
        with pytest.raises(RefusedError):
            desk.edit(replace(tip, files=(replace(tip.files[0], **said),)))
    with pytest.raises(RefusedError):
        desk.edit(replace(tip, files=tip.files * 2))


def test_only_a_person_says_that_a_machine_made_it(desk):
    tip = desk.tip
    said = replace(tip, files=(replace(tip.files[0], annotations=frozenset({FileAnnotation.GENERATIVE_AI})),))
    with pytest.raises(NotPermittedError):
        desk.edit(said, who=SYSTEM)
    desk.edit(said)
    with pytest.raises(NotPermittedError):
        desk.edit(tip, who=SYSTEM)


def test_without_files_their_digests_stand_in_the_text(desk):
    desk.edit(desk.typed(), hash_only=True)
    desk.ask()
    tip = tip_of(desk.row, keyring=desk.vault.keyring)
    assert tip.files == ()
    assert desk.tip.files[0].hashes[0].value in tip.report.additional_info
    with desk.store.read() as conn:
        assert files.of_report(conn, desk.id) == ()
    assert desk.decide().state is ReportState.CONFIRMED


def test_a_change_of_who_reports_is_asked_again(desk):
    desk.edit()
    desk.ask()
    other = replace(HOUSE, reporter=replace(HOUSE.reporter, legal_url="https://forum.example/law"))
    with pytest.raises(ConflictError):
        desk.decide(house=other)


def test_who_is_kept_from_the_case_sees_and_does_nothing(both):
    desk = both
    desk.edit()
    desk.ask()
    with desk.store.write() as conn:
        work.bar(conn, desk.row.case_id, [ADA.id])
    with desk.store.read() as conn:
        assert reading.page(conn, ADA).rows == ()
        assert reading.questions(conn, approvals.pending(conn), ADA) == ()
        assert len(reading.questions(conn, approvals.pending(conn), LEA)) == 1
    for act in (desk.decide, lambda who: desk.edit(who=who), desk.ask):
        with pytest.raises(NotFoundError):
            act(ADA)


def test_roles_that_do_not_read_reports_are_refused(desk):
    for who in (person("oz", Role.AUDITOR), person("cy", Role.CURATOR), service("forum", Scope.CASES)):
        with desk.store.read() as conn, pytest.raises(NotPermittedError):
            reading.page(conn, who)
        with pytest.raises(NotPermittedError):
            desk.ask(who)


def test_who_has_still_to_answer_learns_nothing_of_a_report_in_danger(sqlite_store):
    store = sqlite_store
    vault = a_vault(store)
    case_id = to_report(store, vault)
    with store.write() as conn:
        cases.change(conn, case_id, danger=True)
    answered(store, case_id, REMOVE, REPORT, by=RUI)
    settled(store, vault, asked=maker(vault).of_outcome)
    with store.read() as conn:
        assert len(reports.of_cases(conn, [case_id])) == 1
        assert reading.page(conn, ADA).rows == ()
        assert reading.of_case(conn, case_id, ADA) == ()
        assert len(reading.page(conn, RUI).rows) == 1


def test_in_danger_one_person_confirms_alone_with_a_reason(both):
    desk = both
    with desk.store.write() as conn:
        cases.change(conn, desk.row.case_id, danger=True)
    desk.edit()
    desk.ask()
    with pytest.raises(RefusedError):
        desk.alone(reason=" ")
    with pytest.raises(ConflictError):
        desk.alone(ADA)
    row = desk.alone()
    assert (row.state, row.single, desk.begun) == (ReportState.CONFIRMED, True, [desk.id])
    with desk.store.read() as conn:
        assert [one.id for one in reports.single_since(conn, row.created, most=10)] == [desk.id]
        assert approvals.pending(conn) == ()


def test_where_nobody_confirms_within_the_limit_who_asked_may(desk):
    desk.edit()
    desk.ask()
    with pytest.raises(ConflictError):
        desk.alone()
    with desk.store.read() as conn:
        offer = seconding.alone_of(conn, desk.row, RUI, keyring=desk.vault.keyring)
    desk.vault.clock.now = offer.after
    assert (offer.why, desk.alone().single) == (seconding.Why.LIMIT, True)


def test_a_declared_one_person_deployment_confirms_later_in_another_session(desk):
    with desk.store.write() as conn:
        join_team(conn, RUI)
    desk.edit()
    desk.ask()
    wait = timedelta(hours=1)
    with pytest.raises(RefusedError):
        desk.decide(RUI, alone_after=wait)
    desk.vault.clock.go_on(hours=2)
    again = replace(RUI, session="session_later", signed_in=desk.store.clock())
    row = desk.decide(again, alone_after=wait)
    assert (row.state, row.single) == (ReportState.CONFIRMED, True)


def test_what_was_refused_by_the_service_becomes_a_draft_again(both):
    desk = both
    desk.edit()
    desk.ask()
    desk.decide()
    with desk.store.write() as conn:
        reports.change(conn, desk.id, state=ReportState.REJECTED)
        row = editing.reopen(conn, desk.id, who=RUI, **desk.parts())
    assert (row.state, row.confirmed_by) == (ReportState.DRAFT, None)
    desk.ask(ADA)
    assert desk.decide(RUI).state is ReportState.CONFIRMED


def test_what_was_viewed_can_still_be_mended_after_a_refusal(desk):
    desk.edit()
    [file] = desk.tip.files
    viewed = replace(desk.tip, files=(replace(file, viewed=True, exif_viewed=True),))
    with desk.store.write() as conn:
        sealed = seal_tip(viewed, report=desk.id, keyring=desk.vault.keyring)
        reports.change(conn, desk.id, state=ReportState.REJECTED, sealed=sealed, digest=digest_of(viewed))
        editing.reopen(conn, desk.id, who=RUI, **desk.parts())
    row = desk.edit(desk.typed(IncidentType.ENTICEMENT))
    assert row.state is ReportState.DRAFT
    desk.ask()
    assert tip_of(desk.row, keyring=desk.vault.keyring).files[0].viewed is None  # as the log says now


def test_of_many_who_confirm_at_once_one_does(both):
    """And an edit or a withdrawal that comes at the same time finds it confirmed, or takes the question back."""
    both.edit()
    both.ask()
    digest, done, refused = both.row.digest, [], []

    def act(what):
        try:
            what()
            done.append(what)
        except (ConflictError, RefusedError) as err:
            refused.append(err)

    mo = person("mo", Role.REVIEWER)
    acts = [lambda who=who: both.decide(who, digest=digest) for who in (ADA, LEA, mo)]
    threads = [threading.Thread(target=act, args=(one,)) for one in acts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (len(done), len(refused), both.begun) == (1, 2, [both.id])
    assert both.row.state is ReportState.CONFIRMED


def test_an_account_case_without_any_picture_is_reported(sqlite_store):
    store, vault = sqlite_store, a_vault(sqlite_store)
    facts = [
        AccountFact(kind="text", text="An offer to meet."),
        AccountFact(kind="other", url="https://forum.example/u/9"),
    ]
    with store.write() as conn:
        case_id = open_account_case(
            conn, service="forum", uploader="kite_0", facts=facts, by=LEA, at=store.clock()
        ).case  # fmt: skip
    decided_to_report(store, vault, case_id, decisions=(REPORT,), asked=maker(vault).of_outcome)
    with store.read() as conn:
        [row] = reports.of_cases(conn, [case_id])
    parts = {"at": store.clock(), "keyring": vault.keyring, "house": HOUSE}
    tip = draft_of(row, keyring=vault.keyring).tip
    assert (tip.files, tip.report.internet[0].urls) == ((), ("https://forum.example/u/9",))
    assert "An offer to meet." in tip.report.additional_info
    incident = replace(
        tip.report.incident, type=IncidentType.ENTICEMENT, at=NOON,
        annotations=frozenset({ReportAnnotation.SOLICITATION}),
    )  # fmt: skip
    with store.write() as conn:
        said = replace(tip, report=replace(tip.report, incident=incident))
        row = editing.edit(conn, row.id, said, version=row.version, who=RUI, **parts)
        seconding.ask(conn, row.id, version=row.version, who=RUI, **parts)
        digest = reports.find(conn, row.id).digest
        row = seconding.decide(
            conn, row.id, digest=digest, approve=True, who=ADA, begin=lambda *_: None, **parts
        )  # fmt: skip
    sent = tip_of(row, keyring=vault.keyring)
    assert (sent.files, sent.report.incident.type) == ((), IncidentType.ENTICEMENT)
