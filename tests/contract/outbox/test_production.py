"""Filing for real is on only where the operator set it, two people said so, and the service knew the credentials."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from actors import NOON, person
from rempart.errors import ConflictError, NotPermittedError, RefusedError
from rempart.evidence.ledger.lookup import about
from rempart.people.permissions import Role
from rempart.reports.cybertip import production
from rempart.reports.cybertip.production import Checked, SwitchState, Target

LEA, LOU = person("lea"), person("lou")
TARGET = Target(
    setting="production", address="https://report.example/ispws", user="forum", reporter="A forum",
    email="trust@forum.example",
)  # fmt: skip


class Service:
    """The reporting service, as far as the switch asks it."""

    def __init__(self, kind="ok"):
        self.kind, self.asked = kind, 0

    def status(self):
        self.asked += 1
        return SimpleNamespace(kind=self.kind)


def checked(target=TARGET, *, at=NOON):
    return Checked.by_asking(Service(), target, at=at)


def asked(store, *, target=TARGET, who=LEA):
    with store.write() as conn:
        return production.ask(conn, who, target, checked=checked(target), at=NOON)


def decided(store, approval, who=LOU, *, target=TARGET, approve=True, found=None, **more):
    with store.write() as conn:
        production.decide(
            conn, approval, who, approve, "Both of us looked.", target=target,
            checked=found or checked(target), at=NOON, **more,
        )  # fmt: skip


def state(store, target=TARGET):
    with store.read() as conn:
        return production.switch(conn, target).state


def test_one_asks_another_confirms_and_only_then_it_is_on(store):
    assert state(store) is SwitchState.OFF
    with store.read() as conn, pytest.raises(RefusedError):
        production.require(conn, TARGET)
    approval = asked(store)
    assert state(store) is SwitchState.ASKED
    decided(store, approval)
    assert state(store) is SwitchState.ON
    with store.read() as conn:
        production.require(conn, TARGET)
        told = [one.action for one in about(conn, production.SUBJECT)]
    assert told == ["report.production_on", "approval.given", "approval.asked"]
    with pytest.raises(ConflictError):
        asked(store)


def test_who_asked_does_not_confirm_and_a_refusal_leaves_it_off(store):
    approval = asked(store)
    with pytest.raises(RefusedError):
        decided(store, approval, LEA)
    decided(store, approval, approve=False)
    assert state(store) is SwitchState.OFF


@pytest.mark.parametrize("changed", [
    {"address": "https://other.example/ispws"}, {"user": "other"}, {"reporter": "B"}, {"email": "b@forum.example"},
])  # fmt: skip
def test_other_credentials_or_another_name_switch_it_off(store, changed):
    decided(store, asked(store))
    other = replace(TARGET, **changed)
    assert state(store, other) is SwitchState.CHANGED
    with store.read() as conn, pytest.raises(RefusedError):
        production.require(conn, other)


def test_what_was_asked_for_other_settings_is_not_confirmed(store):
    approval = asked(store)
    with pytest.raises(RefusedError):
        decided(store, approval, target=replace(TARGET, user="other"))
    assert state(store) is SwitchState.ASKED


@pytest.mark.parametrize("setting", ["rehearsal", "test", "Production", ""])
def test_without_the_very_setting_it_is_neither_asked_nor_on(store, setting):
    decided(store, asked(store))
    other = replace(TARGET, setting=setting)
    assert state(store, other) is SwitchState.NOT_SET
    with pytest.raises(RefusedError):
        asked(store, target=other)


@pytest.mark.parametrize("kind", ["credentials", "again", "unknown", "wrong"])
def test_credentials_that_the_service_does_not_accept_are_not_checked(kind):
    with pytest.raises(RefusedError):
        Checked.by_asking(Service(kind), TARGET, at=NOON)


def test_a_check_of_other_credentials_or_an_old_one_counts_for_nothing(store):
    approval = asked(store)
    for found in (checked(replace(TARGET, user="x")), checked(at=NOON - timedelta(minutes=6)),
                  checked(at=NOON + timedelta(minutes=1))):  # fmt: skip
        with pytest.raises(RefusedError):
            decided(store, approval, found=found)
    with store.write() as conn, pytest.raises(RefusedError):
        production.decide(conn, approval, LOU, True, "", target=TARGET, checked=None, at=NOON)
    assert state(store) is SwitchState.ASKED


def test_a_lead_switches_it_off_alone_at_once_with_a_reason(store):
    decided(store, asked(store))
    with store.write() as conn:
        with pytest.raises(RefusedError):
            production.switch_off(conn, LEA, why=" ", at=NOON)
        with pytest.raises(NotPermittedError):
            production.switch_off(conn, person("rui", Role.REVIEWER), why="No.", at=NOON)
        production.switch_off(conn, LEA, why="The password leaked.", at=NOON)
    assert state(store) is SwitchState.OFF
    with store.write() as conn, pytest.raises(ConflictError):
        production.switch_off(conn, LEA, why="Again.", at=NOON)


def test_switching_off_takes_back_a_question_that_waits(store):
    approval = asked(store)
    with store.write() as conn:
        production.switch_off(conn, LEA, why="Not today.", at=NOON)
    with pytest.raises(RefusedError):
        decided(store, approval)
    assert state(store) is SwitchState.OFF


def test_no_reviewer_asks_or_confirms(store):
    with pytest.raises(NotPermittedError):
        asked(store, who=person("rui", Role.REVIEWER))
    approval = asked(store)
    with pytest.raises(RefusedError):
        decided(store, approval, person("rui", Role.REVIEWER))


def test_after_a_restore_it_is_off_if_it_was_switched_off_since(store):
    decided(store, asked(store))
    with store.write() as conn:
        assert production.off_again(conn, at=NOON)
        assert not production.off_again(conn, at=NOON)
    assert state(store) is SwitchState.OFF


def test_a_turn_of_the_switch_is_never_altered(store):
    decided(store, asked(store))
    from sqlalchemy import text
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError), store.write() as conn:
        conn.execute(text("UPDATE report_switches SET enabled = false"))
