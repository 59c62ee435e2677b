"""Care: figures for one's own eyes, groups of five for leads, stopping at once, practice."""

from datetime import timedelta

import pytest

from looking import looking
from pictures import jpeg
from rempart.cases.care import practice
from rempart.cases.care.groups import Week, weeks
from rempart.cases.care.meter import Exposure, Limits, exposure
from rempart.cases.care.stopping import stop_now
from rempart.cases.records import care
from rempart.cases.records import cases as case_records
from rempart.cases.records import grants as records
from rempart.cases.records.care import OwnLimits
from rempart.cases.records.grants import GrantRow
from rempart.cases.work import timeline
from rempart.errors import ConflictError, LookOverError, NotFoundError, RefusedError
from rempart.people.permissions import Role
from rempart.signals.derivatives import Step
from rempart.signals.drawing import drawing_pool
from rempart.signals.outcome import Limits as WorkerLimits
from rempart.store.ids import new_id


@pytest.fixture(scope="module")
def drawers():
    with drawing_pool(limits=WorkerLimits(seconds=10)) as pool:
        yield pool


@pytest.fixture
def desk(store, tmp_path, drawers):
    with looking(store, tmp_path, drawers) as found:
        yield found


def shown(desk, case, who, *, at, step="original", seconds=20):
    """A look of some time ago, as it stands once it is over."""
    row = GrantRow(
        id=new_id("look"), case_id=case, item=1, object="object_1", person=who.id, session=who.session, step=step,
        purpose="assess", at=at, until=at + timedelta(seconds=seconds), served=at,
        covered=at + timedelta(seconds=seconds), seconds=seconds, outcome=None,
    )  # fmt: skip
    with desk.store.write() as conn:
        records.add(conn, row)


def test_one_persons_looks_are_in_no_other_persons_figures(desk):
    rui, ana, case = desk.person("rui"), desk.person("ana"), desk.case(jpeg(1))
    shown(desk, case, rui, at=desk.clock())
    desk.clock.forward(minutes=1)
    with desk.store.read() as conn:
        assert exposure(conn, rui.id, at=desk.clock()).reveals == 1
        assert exposure(conn, ana.id, at=desk.clock()) == Exposure()


def test_a_day_ends_with_a_rest_and_not_at_midnight(desk):
    rui, case = desk.person("rui"), desk.case(jpeg(1))
    start = desk.clock()
    for hours in (0, 5, 10.9, 13):  # over midnight, never six hours apart
        shown(desk, case, rui, at=start + timedelta(hours=hours))
    desk.clock.now = start + timedelta(hours=13, minutes=1)
    with desk.store.read() as conn:
        assert exposure(conn, rui.id, at=desk.clock()).reveals == 4
    desk.clock.now = start + timedelta(hours=20)
    with desk.store.read() as conn:
        assert exposure(conn, rui.id, at=desk.clock()) == Exposure()
    shown(desk, case, rui, at=start + timedelta(hours=20))
    desk.clock.now = start + timedelta(hours=20, minutes=1)
    with desk.store.read() as conn:
        assert exposure(conn, rui.id, at=desk.clock()).reveals == 1


def test_ones_own_limits_only_narrow_the_teams():
    team = Limits(reveals_per_day=60, seconds_per_day=1800, break_after_minutes=50)
    assert team.narrowed(OwnLimits()) == team
    own = OwnLimits(reveals_per_day=10, seconds_per_day=99_999, break_after_minutes=25)
    assert team.narrowed(own) == Limits(reveals_per_day=10, seconds_per_day=1800, break_after_minutes=25)


def test_own_limits_are_kept_for_their_person(desk):
    rui, ana = desk.person("rui"), desk.person("ana")
    with desk.store.write() as conn:
        care.put(conn, rui.id, OwnLimits(reveals_per_day=5))
        care.put(conn, rui.id, OwnLimits(break_after_minutes=25))
        assert care.own(conn, rui.id) == OwnLimits(break_after_minutes=25)
        assert care.own(conn, ana.id) == OwnLimits()


def test_stopping_covers_everything_and_gives_every_case_back(desk):
    rui, ana = desk.person("rui"), desk.person("ana")
    cases = [desk.case(jpeg(number)) for number in (1, 2)]
    for case in cases:
        desk.claim(case, rui)
    grant = desk.ask(cases[1], rui)
    with desk.store.write() as conn:
        assert stop_now(conn, rui, at=desk.clock()) == 2
        assert stop_now(conn, rui, at=desk.clock()) == 0
        assert [case_records.find(conn, case).claimed_by for case in cases] == [None, None]
    with pytest.raises(LookOverError):
        desk.picture(cases[1], grant, rui)
    desk.claim(cases[1], ana)
    with desk.store.read() as conn:
        told = [(one.action, one.actor) for one in timeline.timeline(conn, cases[1], ana)]
    assert told[1:] == [
        ("case.claimed", rui.pseudonym), ("case.released", rui.pseudonym), ("case.claimed", ana.pseudonym),
    ]  # fmt: skip


def test_leads_see_whole_weeks_of_five_others_and_rounded(desk):
    lead, case = desk.person("lea", Role.LEAD), desk.case(jpeg(1))
    people = [desk.person(f"p{number}") for number in range(5)]
    now = desk.clock()  # a Sunday
    monday = now - timedelta(days=6, hours=12)
    for number, who in enumerate(people):
        for minute in range(13 + number):
            shown(desk, case, who, at=monday - timedelta(days=3) + timedelta(minutes=minute))
        shown(desk, case, who, at=monday - timedelta(days=3), step="sketch", seconds=600)
        shown(desk, case, who, at=monday + timedelta(days=1))  # this week is not over
    for who in people[:4]:
        shown(desk, case, who, at=monday - timedelta(days=10))
    shown(desk, case, lead, at=monday - timedelta(days=10))  # the reader is not one of the five
    with desk.store.read() as conn:
        found = weeks(conn, reader=lead.id, at=now, most=3)
        for_another = weeks(conn, reader="person_other", at=now, most=3)
    assert found == (
        Week(start=monday - timedelta(days=7), reveals=80, looks=10, reveals_each=15, minutes_each=15),
        Week(start=monday - timedelta(days=14)),
        Week(start=monday - timedelta(days=21)),
    )
    assert for_another[0] == found[0]
    assert for_another[1].reveals == 10


def test_a_look_that_nobody_fetched_is_in_no_figure_of_a_group(desk):
    lead, people = desk.person("lea", Role.LEAD), [desk.person(f"p{number}") for number in range(5)]
    for number, who in enumerate(people):
        case = desk.case(jpeg(number))
        desk.claim(case, who)
        desk.ask(case, who, Step.ORIGINAL)
    desk.clock.forward(days=9)
    with desk.store.read() as conn:
        assert {week.reveals for week in weeks(conn, reader=lead.id, at=desk.clock())} == {None}


SAID = practice.Answer(code="street", kind="photograph", confidence="sure", step="sketch")


def test_practice_is_answered_in_order_and_told_to_its_person_alone(desk):
    rui, ana = desk.person("rui"), desk.person("ana")
    with desk.store.write() as conn:
        run = practice.start(conn, rui, seed=7, at=desk.clock())
    for number in range(1, practice.PICTURES + 1):
        with desk.store.write() as conn:
            practice.answer(conn, run.id, rui, number, SAID, at=desk.clock())
    with desk.store.write() as conn:
        row = practice.own_run(conn, run.id, rui)
        with pytest.raises(ConflictError):
            practice.answer(conn, run.id, rui, 3, SAID, at=desk.clock())
        with pytest.raises(NotFoundError):
            practice.own_run(conn, run.id, ana)
    assert row.finished == desk.clock()
    told = practice.told(row)
    assert {one.agrees for one in told} <= {True, False}
    assert [one.code == "street" for one in told] == [one.agrees for one in told]


def test_an_answer_that_is_not_complete_is_refused(desk):
    rui = desk.person("rui")
    with desk.store.write() as conn:
        run = practice.start(conn, rui, seed=7, at=desk.clock())
        for wrong in ({"code": ""}, {"kind": "x"}, {"confidence": "very"}, {"step": "naked"}):
            values = {"code": "street", "kind": "photograph", "confidence": "sure"} | wrong
            with pytest.raises(RefusedError):
                practice.answer(conn, run.id, rui, 1, practice.Answer(**values), at=desk.clock())


def test_practice_pictures_are_drawn_the_same_each_time(desk):
    rui = desk.person("rui")
    with desk.store.write() as conn:
        run = practice.start(conn, rui, seed=7, at=desk.clock())
    first = practice.picture(run, 1, Step.SMALL, stamp="x")
    assert practice.picture(run, 1, Step.SMALL, stamp="x") == first
    assert practice.picture(run, 2, Step.SMALL, stamp="x") != first
    assert {practice.code_of(run, number) for number in range(1, 6)} <= set(practice.CODES)
    with pytest.raises(NotFoundError):
        practice.picture(run, 6, Step.SMALL, stamp="x")
