"""What comes after a notice was taken: complaints, taking it back, and forgetting."""

import time
from datetime import timedelta

import pytest

import livelists as live_lists
from desks import join_team
from judging import ADA, LEA, NO, REMOVE, RUI
from noticing import URL, NoticeDesk, form, hashes
from rempart.cases.records import cases, work
from rempart.cases.work.notifier import sealed_names
from rempart.cases.work.queue import visible
from rempart.cases.work.withholding import About
from rempart.errors import ConflictError, NotFoundError
from rempart.evidence.vault import KeyFile
from rempart.evidence.vault.keyring import ServiceKey
from rempart.intake.notices import reading, upkeep, withdrawal
from rempart.intake.notices.complaints import complain
from rempart.intake.notices.records import clocks, complaints, locations, notices, signals
from rempart.intake.notices.sealing import rewrap_notices
from rempart.intake.notices.values import Answer
from rempart.intake.notices.withholding import withheld
from rempart.items.records import items
from rempart.server.replays import replays
from rempart.server.vaults import WRAPPED_ELSEWHERE
from rempart.signals.values import Sha256


@pytest.fixture
def desk(store):
    """On either database."""
    return with_team(store)


@pytest.fixture
def plain(sqlite_store):
    """For what no database changes."""
    return with_team(sqlite_store)


def with_team(store):
    with store.write() as conn:
        join_team(conn, RUI, ADA, LEA)
    return NoticeDesk(store)


def complained(desk, told, text="You looked at the wrong one."):
    with desk.store.write() as conn:
        return complain(conn, told.notice, text, writer=desk.writer, at=desk.clock())


def taken_back(desk, told):
    with desk.store.write() as conn:
        withdrawal.withdraw(conn, told.notice, writer=desk.writer, at=desk.clock())


def test_a_complaint_goes_to_somebody_who_had_no_part_in_the_decision(desk):
    told = desk.take()
    desk.decide(told, NO, people=(RUI,))
    desk.clock.go_on(days=183)
    (case,) = complained(desk, told)
    with desk.store.read() as conn:
        with pytest.raises(NotFoundError):
            visible(conn, case, RUI)
        assert visible(conn, case, ADA).due == desk.clock() + timedelta(hours=48)
        with pytest.raises(NotFoundError):
            reading.visible(conn, told.notice, RUI)
        file = reading.notice(conn, told.notice, ADA, keyring=desk.writer.keyring, at=desk.clock())
    (said,) = file.complaints
    assert (said.state, list(said.barred)) == ("waiting", [RUI.pseudonym])
    assert file.complaint_texts == {said.id: "You looked at the wrong one."}
    assert not desk.seen(told).may_complain
    with pytest.raises(ConflictError):
        complained(desk, told)


@pytest.mark.parametrize(
    ("decision", "state", "letter"),
    [
        (REMOVE, "upheld", "complaint_upheld"),
        (NO, "rejected", "complaint_rejected"),
    ],
)
def test_the_person_hears_what_became_of_a_complaint(desk, decision, state, letter):
    told = desk.take()
    desk.decide(told, NO, people=(RUI,))
    (case,) = complained(desk, told)
    desk.judge(case, decision, people=(ADA,))
    seen = desk.seen(told)
    assert [one.state for one in seen.complaints] == [state]
    assert [one.kind for one in seen.letters] == ["acknowledgement", "kept", "complaint_received", letter]
    if decision is REMOVE:
        assert [one.state for one in seen.places] == ["removing"]
        desk.confirm(told)
        assert desk.seen(told).outcome == "removed"
        assert desk.seen(told).decided_at == seen.decided_at
    with desk.store.read() as conn:
        assert [one.by for one in complaints.of(conn, [told.notice])] == [ADA.pseudonym]


def test_a_complaint_has_six_months_and_is_about_what_stays(plain):
    told, gone, late = plain.take(), plain.take(form(f"{URL}/2")), plain.take(form(f"{URL}/3"))
    with pytest.raises(ConflictError):
        complained(plain, told)
    plain.decide(gone, REMOVE, people=(RUI,))
    plain.confirm(gone)
    with pytest.raises(ConflictError):
        complained(plain, gone)
    plain.decide(late, NO, people=(RUI,))
    plain.clock.go_on(days=184)
    assert plain.seen(late).may_complain
    plain.clock.go_on(seconds=1)
    with pytest.raises(ConflictError):
        complained(plain, late)


def test_where_nobody_else_could_look_the_first_person_looks_again(store):
    with store.write() as conn:
        join_team(conn, RUI)
    desk = NoticeDesk(store)
    told = desk.take()
    desk.decide(told, NO, people=(RUI,))
    (case,) = complained(desk, told)
    with store.read() as conn:
        assert visible(conn, case, RUI).state == "open"
        assert work.barred_from(conn, case) == frozenset()


def test_what_is_taken_back_finds_nothing_any_more_within_a_second(desk, tmp_path):
    sha256 = Sha256(b"s" * 32)
    live = live_lists.opened(desk.store, tmp_path / "index")
    told = desk.take(form(signals=hashes(sha256=sha256)))
    live.index.refresh()  # what every process does four times a second
    assert live_lists.found(live, sha256).matches
    started = time.monotonic()
    taken_back(desk, told)
    assert not live_lists.found(live, sha256).matches  # even before it has followed
    assert time.monotonic() - started < 1
    with desk.store.read() as conn:
        assert {one.value for one in signals.of(conn, told.notice)} == {b""}
        assert {one.met for one in clocks.of(conn, [told.notice])} == {desk.clock()}
        case = cases.find(conn, desk.places(told)[0].case_id)
    assert (case.state, case.withdrawn, case.look) == ("open", desk.clock(), "look")
    seen = desk.seen(told)
    assert (seen.state, [one.state for one in seen.places], seen.guarded) == ("withdrawn", ["withdrawn"], False)
    assert not seen.may_withdraw
    with pytest.raises(ConflictError):
        taken_back(desk, told)


def test_who_takes_back_what_no_law_covered_is_forgotten_at_once(plain):
    unlawful = plain.take(form(signature="", contact="", explanation="", accurate=False))
    lawful = plain.take(form(f"{URL}/2"))
    for told in (unlawful, lawful):
        taken_back(plain, told)
    with plain.store.read() as conn:
        assert notices.sealed_of(conn, unlawful.notice) == {}
        assert sealed_names(conn, plain.places(unlawful)[0].case_id) == ()
        assert sorted(notices.sealed_of(conn, lawful.notice)) == ["contact", "explanation", "name", "signature"]


def test_a_decision_about_what_was_taken_back_changes_nothing_of_it(plain):
    told = plain.take()
    taken_back(plain, told)
    plain.decide(told, REMOVE, people=(RUI,))
    seen = plain.seen(told)
    assert (seen.state, seen.outcome, [one.state for one in seen.places]) == ("withdrawn", None, ["withdrawn"])


def test_after_its_time_nothing_that_identifies_anybody_is_left(desk):
    told, child = desk.take(form(signals=hashes())), desk.take(form(f"{URL}/2", minor=Answer.UNSURE))
    waits = desk.take(form(f"{URL}/3"))
    for one in (told, child, waits):
        desk.decide(one, NO, people=(RUI,))
    complained(desk, waits)
    desk.clock.go_on(days=365)
    with desk.store.write() as conn:
        before = desk.clock() - timedelta(days=364)
        assert upkeep.forget_some(conn, before=before, at=desk.clock()) == 2
        assert upkeep.forget_some(conn, before=before, at=desk.clock()) == 0
        for one in (told, child):
            assert notices.sealed_of(conn, one.notice) == {}
            (place,) = locations.of(conn, [one.notice])
            assert (place.url, place.state, items.hosted(conn, place.item)) == ("", "kept", None)
        assert notices.sealed_of(conn, waits.notice)
    assert [one.text for one in desk.seen(told).letters] == ["", ""]


def test_after_a_restore_what_was_taken_back_is_taken_back_again(desk):
    told = desk.take(form(contact=""))

    class Step:
        subject, facts, action = f"notice:{told.notice}", {}, "notice.withdrawn"

    again = replays(desk.vault, clock=desk.clock)
    with desk.store.write() as conn:
        assert again["notice.withdrawn"](conn, Step())
        assert not again["notice.withdrawn"](conn, Step())
        assert notices.find(conn, told.notice).state == "withdrawn"
        assert again["notice.forgotten"](conn, Step())
        assert not again["notice.forgotten"](conn, Step())
        assert locations.of(conn, [told.notice])[0].url == ""


def test_what_is_sealed_follows_the_service_key(store, tmp_path):
    keys = KeyFile(tmp_path / "service.key")
    keys.create()
    desk = NoticeDesk(store, keyring=keys)
    told = desk.take()
    desk.writer.keyring.add(ServiceKey.new())
    assert rewrap_notices in WRAPPED_ELSEWHERE
    with desk.store.write() as conn:
        assert rewrap_notices(conn, keyring=desk.writer.keyring) == 5
        assert rewrap_notices(conn, keyring=desk.writer.keyring) == 0
    assert desk.seen(told).letters[0].text


def test_the_ledger_does_not_tell_who_is_kept_from_a_notice_what_its_leaves_are_about(desk):
    told, secret = desk.take(), desk.take(form(f"{URL}/2", insider=True))
    asked = [About(number=1, subject=f"notice:{told.notice}"), About(number=2, subject=f"notice:{secret.notice}")]
    with desk.store.read() as conn:
        assert withheld(conn, asked, RUI) == {2}
        assert withheld(conn, asked, LEA) == frozenset()
