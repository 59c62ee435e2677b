"""Notices that are meant to do harm, and people of the team who must not learn of one."""

from datetime import timedelta

import pytest

from actors import person
from backlooking import likeness
from desks import join_team
from hosting import Found, host
from judging import ADA, LEA, NO, RUI
from noticing import HOME, URL, NoticeDesk, form, hashes, sent
from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import cases, work
from rempart.cases.work.queue import visible
from rempart.errors import NotFoundError, TooManyRequestsError
from rempart.intake.notices import clockwork, letters, reading, seeds, track
from rempart.intake.notices.complaints import complain
from rempart.intake.notices.reading import by_number
from rempart.intake.notices.records import notices, signals
from rempart.intake.notices.sealing import network_of
from rempart.intake.notices.withdrawal import withdraw
from rempart.items.records import items
from rempart.lists.own import NOTICES
from rempart.people.permissions import Role
from rempart.people.principal import SYSTEM

WRONG = "3333-3333-3333-3333-3333"
HASHED = hashes((bytes(likeness(1)), 90))
LEV = person("lev", Role.LEAD)


@pytest.fixture
def desk(store):
    with store.write() as conn:
        join_team(conn, RUI, ADA, LEA, LEV)
    return NoticeDesk(store)


def test_strangers_from_many_places_cannot_keep_somebody_from_their_own_notice(desk):
    told = desk.take()

    def ask(secret, address, number=told.number):
        return by_number(desk.store, number, secret, keyring=desk.writer.keyring, address=address, at=desk.clock())

    for place in range(11):
        for _ in range(10):
            with pytest.raises((NotFoundError, TooManyRequestsError)):
                ask(WRONG, f"203.0.113.{place}")
    with pytest.raises(TooManyRequestsError):
        ask(WRONG, HOME)
    assert ask(told.secret, HOME).number == told.number
    with pytest.raises(NotFoundError):
        ask(WRONG, HOME, "3333-4444")  # nobody has tried this one


def test_addresses_of_the_older_kind_are_told_apart_on_a_socket_that_takes_both():
    assert network_of("::ffff:203.0.113.7") == network_of("203.0.113.7") != network_of("::ffff:203.0.113.8")


@pytest.mark.parametrize(("more", "when"), [({}, "later"), ({"explanation": "", "good_faith": False}, "now")])
def test_the_letter_on_taking_back_says_truly_when_what_was_written_is_erased(desk, more, when):
    regimes = ("us-tida",) if when == "later" else ()
    told = sent(desk.store, form(**more), writer=desk.writer, at=desk.clock(), regimes=regimes)
    with desk.store.write() as conn:
        row = notices.find(conn, told.notice)
        letter = letters.compose(
            letters.LetterKind.WITHDRAWN, row, (), sender=desk.writer.sender, at=desk.clock(), language="en"
        )
        withdraw(conn, told.notice, writer=desk.writer, at=desk.clock())
        assert bool(notices.sealed_of(conn, told.notice)) is (when == "later")
    assert f"are erased {letters.texts('en')['erased'][when]}." in letter.text


def test_nobody_is_told_of_a_guard_that_is_none(desk):
    blurred = desk.take(form(signals=f"recipe srgb8-full-v1\n{bytes(likeness(3)).hex()} 10"))
    assert not blurred.guarded
    assert not desk.seen(blurred).guarded
    told = desk.take(form(f"{URL}/2", signals=HASHED))
    assert told.guarded
    assert desk.seen(told).guarded
    desk.decide(told, NO, people=(RUI,))
    assert not desk.seen(told).guarded
    with desk.store.read() as conn:
        assert reading.notice(conn, told.notice, ADA, keyring=desk.writer.keyring, at=desk.clock()).signals == 0


def led_to(desk, told, number):
    """A case that a notice's seed opens about another item."""
    with desk.store.write() as conn:
        host(conn, number, url=f"https://forum.example/{number}", sha256=bytes([number]) * 32, verdict="allow")
        entry = signals.of(conn, told.notice)[0].entry
        seed = Found(list=NOTICES, opinion="investigation_seed", entry_id=entry, distance=14)
        case_id = open_case(
            conn, kind="lookback", queue="notices", assessors=1, matches=[seed], reason="notice", policy_version=0,
            item=CaseItem(id=number, service="forum", sha256=items.hosted(conn, number).sha256), by=SYSTEM,
            at=desk.clock(),
        )  # fmt: skip
        seeds.link(conn, case_id, [seed], at=desk.clock())
        seeds.link(conn, case_id, [seed], at=desk.clock())
    return case_id


@pytest.mark.parametrize("insider", [True, False])
def test_what_an_insiders_notice_leads_to_is_kept_from_the_same_people(desk, insider):
    told = desk.take(form(insider=insider, signals=HASHED))
    own = desk.places(told)[0].case_id
    if insider:
        with desk.store.write() as conn:
            work.bar(conn, own, {LEV.id})
    case_id = led_to(desk, told, 7)
    with desk.store.read() as conn:
        assert visible(conn, case_id, LEA).insider is insider
        for who in (RUI, LEV):
            if insider:
                with pytest.raises(NotFoundError):
                    visible(conn, case_id, who)
                assert reading.seen_of_case(conn, case_id, who) == ()
            else:
                assert visible(conn, case_id, who)


def test_a_complaint_that_waits_goes_to_child_safety_with_its_notice(desk):
    told = desk.take()
    desk.decide(told, NO, people=(RUI,))
    with desk.store.write() as conn:
        (again,) = complain(conn, told.notice, "Look again.", writer=desk.writer, at=desk.clock())
        with pytest.raises(NotFoundError):
            track.switch(conn, told.notice, who=RUI, at=desk.clock())  # kept from whoever decided first
        assert track.switch(conn, told.notice, who=ADA, at=desk.clock())
        case = cases.find(conn, again)
    assert (case.queue, case.priority) == ("child-safety", 1)


def test_a_thousand_notices_do_not_bury_the_operator_in_alarms(desk):
    for number in range(8):
        desk.take(form(f"{URL}/{number}"))
        desk.clock.go_on(seconds=1)
    first = desk.clock()
    desk.clock.go_on(hours=49)
    heard = []
    with desk.store.write() as conn:
        clockwork.speak(conn, alarm=lambda _, word: heard.append(word), at=desk.clock())
    assert [word.others for word in heard] == [0, 0, 0, 0, 3]
    assert all(word.overdue and word.due <= first + timedelta(hours=48) for word in heard)
    with desk.store.write() as conn:
        assert clockwork.speak(conn, alarm=lambda *_: None, at=desk.clock()) == 0
