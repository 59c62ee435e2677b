"""Two persons, exactly what was asked, once."""

import threading
from datetime import timedelta
from os import urandom

import pytest
from sqlalchemy import text

from rempart.errors import RefusedError
from rempart.people import approvals, keys, persons
from rempart.people.permissions import Role, Scope
from rempart.people.principal import CONSOLE, SYSTEM
from rempart.people.sessions import principal_of
from signing import PASSWORD, Watch, code, entry_of, signed_in

D, E = b"d" * 32, b"e" * 32


@pytest.fixture
def entry(store):
    return entry_of(store, Watch())


def ask(entry, by, **more):
    with entry.store.write() as conn:
        given = {"kind": "policy", "subject": "policy:1", "digest": D, "at": entry.clock(), "facts": {"rules": 3}}
        return approvals.ask(conn, by=by, **(given | more))


def decide(entry, approval, by, *, approve=True, digest=D, **more):
    with entry.store.write() as conn:
        return approvals.decide(conn, approval, by, approve, "looked at it", digest=digest, at=entry.clock(), **more)


def waiting(entry, who=None):
    with entry.store.read() as conn:
        return [one.id for one in approvals.pending(conn, who=who)]


def actions(entry):
    with entry.store.read() as conn:
        rows = conn.execute(text("SELECT body FROM ledger_leaves ORDER BY id")).scalars()
        return [
            word for body in rows for word in [str(body).split('"action":"')[1].split('"')[0]] if "approval" in word
        ]


def test_another_person_approves_exactly_what_was_asked(entry):
    ana, ben = signed_in(entry, "ana", Role.LEAD), signed_in(entry, "ben", Role.CURATOR)
    asked = ask(entry, ana)
    assert waiting(entry, ben) == [asked]
    assert decide(entry, asked, ben).facts == {"rules": 3}
    assert waiting(entry) == []
    assert actions(entry) == ["approval.asked", "approval.given"]


def test_who_asked_cannot_approve_but_may_refuse(entry):
    ana = signed_in(entry, "ana", Role.LEAD)
    asked = ask(entry, ana)
    with pytest.raises(RefusedError, match="Who asked cannot approve"):
        decide(entry, asked, ana)
    assert waiting(entry) == [asked]
    decide(entry, asked, ana, approve=False)
    assert waiting(entry) == []


def test_who_made_the_key_that_asked_cannot_approve(entry):
    ana = signed_in(entry, "ana", Role.LEAD)
    with entry.store.write() as conn:
        made = keys.create(conn, label="x", service="x", scopes=[Scope.LISTS], by=ana, at=entry.clock(), random=urandom)
    asked = ask(entry, keys.principal_of(made.key))
    with pytest.raises(RefusedError, match="Who asked cannot approve"):
        decide(entry, asked, ana)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_a_person_without_the_permission_cannot_decide(entry, role):
    asked = ask(entry, signed_in(entry, "ana", Role.LEAD))
    with pytest.raises(RefusedError, match="You may not decide"):
        decide(entry, asked, signed_in(entry, "ben", role))


@pytest.mark.parametrize("by", [SYSTEM, CONSOLE])
def test_only_persons_decide(entry, by):
    asked = ask(entry, signed_in(entry, "ana", Role.LEAD))
    with pytest.raises(RefusedError, match="You may not decide"):
        decide(entry, asked, by)


def test_what_changed_since_it_was_asked_is_not_approved(entry):
    ana, ben = signed_in(entry, "ana", Role.LEAD), signed_in(entry, "ben", Role.LEAD)
    asked = ask(entry, ana)
    with pytest.raises(RefusedError, match="has changed since"):
        decide(entry, asked, ben, digest=E)
    assert waiting(entry) == [asked]


def test_a_newer_question_about_the_same_withdraws_the_older(entry):
    ana, ben = signed_in(entry, "ana", Role.LEAD), signed_in(entry, "ben", Role.LEAD)
    old, new = ask(entry, ana), ask(entry, ana, digest=E)
    assert waiting(entry) == [new]
    with pytest.raises(RefusedError, match="already decided or withdrawn"):
        decide(entry, old, ben)
    decide(entry, new, ben, digest=E)


def test_one_question_is_decided_once_however_many_try(entry):
    ana = signed_in(entry, "ana", Role.LEAD)
    others = [signed_in(entry, f"lead{number}", Role.LEAD) for number in range(4)]
    asked, done, barrier = ask(entry, ana), [], threading.Barrier(4)

    def attempt(who):
        barrier.wait()
        try:
            done.append(decide(entry, asked, who))
        except RefusedError as err:
            done.append(str(err))

    threads = [threading.Thread(target=attempt, args=(who,)) for who in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not isinstance(one, str) for one in done) == 1
    assert actions(entry).count("approval.given") == 1


def test_a_kind_that_nobody_declared_cannot_be_asked(entry):
    with pytest.raises(RefusedError, match="not known"):
        ask(entry, signed_in(entry, "ana", Role.LEAD), kind="everything")


def test_an_invented_approval_is_refused(entry):
    with pytest.raises(RefusedError, match="no such approval"):
        decide(entry, "approval_x", signed_in(entry, "ana", Role.LEAD))


ALONE = timedelta(hours=12)


def again(entry, name):
    """The same person, signed in anew."""
    started = entry.with_password(name=name, password=PASSWORD, code=code(SEEDS[name], entry.clock()), address="::1")
    return principal_of(started.person, started.session)


SEEDS: dict[str, str] = {}


def alone(entry, name="ana"):
    from signing import add_person, enrolled

    seed, started = enrolled(entry, add_person(entry, name, [Role.LEAD]))
    SEEDS[name] = seed
    return principal_of(started.person, started.session)


def test_a_declared_one_person_deployment_confirms_later_in_a_new_session_and_is_marked(entry):
    ana = alone(entry)
    asked = ask(entry, ana)
    with pytest.raises(RefusedError, match="same session"):
        decide(entry, asked, ana, alone_after=ALONE)
    entry.clock.forward(hours=1)
    with pytest.raises(RefusedError, match="too early"):
        decide(entry, asked, again(entry, "ana"), alone_after=ALONE)
    entry.clock.forward(hours=11)
    with pytest.raises(RefusedError, match="Who asked cannot approve"):
        decide(entry, asked, again(entry, "ana"))  # nothing was declared
    entry.clock.forward(minutes=1)
    decide(entry, asked, again(entry, "ana"), alone_after=ALONE)
    with entry.store.read() as conn:
        assert conn.execute(text("SELECT single FROM approvals")).scalar_one()
        body = conn.execute(text("SELECT body FROM ledger_leaves ORDER BY id DESC")).scalars().first()
    assert '"single":true' in str(body)


def test_a_deployment_declared_of_one_person_that_has_two_asks_the_other(entry):
    ana = alone(entry)
    ben = signed_in(entry, "ben", Role.LEAD)
    asked = ask(entry, ana)
    entry.clock.forward(hours=13)
    with pytest.raises(RefusedError, match="there is another person who may"):
        decide(entry, asked, again(entry, "ana"), alone_after=ALONE)
    with entry.store.write() as conn:
        persons.deactivate(conn, ben.id, by=CONSOLE, at=entry.clock())
    entry.clock.forward(minutes=1)
    decide(entry, asked, again(entry, "ana"), alone_after=ALONE)
