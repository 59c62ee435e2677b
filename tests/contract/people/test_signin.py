"""Every way in, and every way that is shut."""

import contextlib
import threading
from datetime import timedelta
from os import urandom

import pytest

from rempart.errors import RefusedError, TooManyRequestsError
from rempart.people import sessions
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.people.signin import one_time_link
from signing import PASSWORD, Watch, add_person, code, enrolled, entry_of

ADDRESS = "192.0.2.7"


@pytest.fixture
def clock():
    return Watch()


@pytest.fixture
def entry(store, clock):
    return entry_of(store, clock)


@pytest.fixture
def ana(entry):
    """A reviewer and the seed of her codes; the code of her first sign-in is used up."""
    person = add_person(entry, "ana", [Role.REVIEWER])
    seed, _ = enrolled(entry, person)
    entry.clock.forward(seconds=30)
    return person, seed


def sign_in(entry, seed, *, name="ana", password=PASSWORD, at=None, steps=0, address=ADDRESS):
    return entry.with_password(
        name=name, password=password, code=code(seed, at or entry.clock(), steps=steps), address=address
    )


def whose(entry, token):
    found = sessions.resolve(entry.store, token, at=entry.clock(), limits=entry.limits)
    return found and found[0].name


def test_name_password_and_code_open_a_session(entry, ana):
    assert whose(entry, sign_in(entry, ana[1]).token) == "ana"
    entry.clock.forward(seconds=30)
    assert whose(entry, sign_in(entry, ana[1], name=" ANA ").token) == "ana"


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_code_from_the_step_beside_is_taken(entry, ana, steps):
    entry.clock.forward(seconds=60)
    assert sign_in(entry, ana[1], steps=steps).person.name == "ana"


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_from_further_away_is_refused(entry, ana, steps):
    entry.clock.forward(seconds=90)
    with pytest.raises(RefusedError):
        sign_in(entry, ana[1], steps=steps)


def test_a_code_that_was_used_is_refused_and_so_are_older_ones(entry, ana):
    entry.clock.forward(seconds=60)
    sign_in(entry, ana[1])
    for steps in (0, -1):
        with pytest.raises(RefusedError):
            sign_in(entry, ana[1], steps=steps)


def test_a_code_raced_is_good_once(entry, ana):
    opened, barrier = [], threading.Barrier(6)

    def attempt(number):
        barrier.wait()
        with contextlib.suppress(RefusedError):
            opened.append(sign_in(entry, ana[1], address=f"192.0.2.{number}"))

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1


def test_whatever_is_wrong_the_answer_is_the_same(entry, ana):
    gone = add_person(entry, "gone", [Role.REVIEWER])
    seed, _ = enrolled(entry, gone)
    with entry.store.write() as conn:
        from rempart.people import persons

        persons.deactivate(conn, gone.id, by=CONSOLE, at=entry.clock())
    add_person(entry, "new", [Role.REVIEWER])
    entry.clock.forward(seconds=60)
    tries = [
        {"name": "ana", "password": "not her password"},
        {"name": "ana", "steps": 7},
        {"name": "nobody"},
        {"name": "gone"},
        {"name": "new"},
        {"name": ""},
        {"name": "a\x00b"},
    ]
    answers = set()
    for one in tries:
        with pytest.raises(RefusedError) as refused:
            sign_in(entry, seed if one["name"] == "gone" else ana[1], **one)
        answers.add(str(refused.value))
    assert len(answers) == 1
    assert "administrator" in answers.pop()


@pytest.mark.parametrize("name", ["ana", "nobody"])
def test_guessing_is_stopped_and_says_when_to_try_again(entry, ana, name):
    for _ in range(6):
        with pytest.raises(RefusedError):
            sign_in(entry, ana[1], name=name, password="wrong wrong wrong")
    with pytest.raises(TooManyRequestsError, match="Wait a quarter of an hour") as stopped:
        sign_in(entry, ana[1], name=name)
    assert stopped.value.retry_after == 900
    entry.clock.forward(minutes=16)
    if name == "ana":
        assert sign_in(entry, ana[1]).person.name == "ana"


def test_guesses_made_at_once_count_too(entry, ana):
    answers, barrier = [], threading.Barrier(12)

    def guess():
        barrier.wait()
        try:
            sign_in(entry, ana[1], password="wrong wrong wrong")
        except (RefusedError, TooManyRequestsError) as err:
            answers.append(type(err))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(RefusedError) == 6
    assert answers.count(TooManyRequestsError) == 6


def test_a_stranger_elsewhere_does_not_lock_the_owner_out(entry, ana):
    for number in range(3):
        for _ in range(7):
            with pytest.raises((RefusedError, TooManyRequestsError)):
                sign_in(entry, ana[1], password="wrong wrong wrong", address=f"198.51.100.{number}")
    assert sign_in(entry, ana[1]).person.name == "ana"


def test_one_address_cannot_try_many_names(entry, ana):
    for number in range(40):
        with pytest.raises(RefusedError):
            sign_in(entry, ana[1], name=f"name{number}")
    with pytest.raises(TooManyRequestsError):
        sign_in(entry, ana[1], name="another")


def test_a_one_time_link_is_good_once_however_many_try(entry):
    person = add_person(entry, "ben", [Role.REVIEWER])
    with entry.store.write() as conn:
        token = one_time_link(conn, person, by=CONSOLE, at=entry.clock(), random=urandom)
    opened, refused, barrier = [], [], threading.Barrier(5)

    def open_it():
        barrier.wait()
        try:
            opened.append(entry.with_link(token))
        except RefusedError as err:
            refused.append(str(err))

    threads = [threading.Thread(target=open_it) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1
    assert len(refused) == 4
    assert "Ask an administrator for a new one" in refused[0]
    with pytest.raises(RefusedError):
        entry.with_link(token)


def test_a_link_expires_and_a_newer_one_makes_it_void(entry):
    person = add_person(entry, "ben", [Role.REVIEWER])
    with entry.store.write() as conn:
        first = one_time_link(conn, person, by=CONSOLE, at=entry.clock(), random=urandom)
        second = one_time_link(conn, person, by=CONSOLE, at=entry.clock(), random=urandom, life=timedelta(hours=1))
    assert entry.link(first) is None
    assert entry.link(second) is not None
    entry.clock.forward(hours=1)
    assert entry.link(second) is None
    with pytest.raises(RefusedError):
        entry.with_link(second)


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "é" * 43, "../../etc/passwd"])
def test_an_invented_link_opens_nothing(entry, token):
    assert entry.link(token) is None
    with pytest.raises(RefusedError):
        entry.with_link(token)


def test_opening_a_link_voids_what_the_person_had_and_ends_their_sessions(entry, ana):
    person, seed = ana
    old = sign_in(entry, seed)
    with entry.store.write() as conn:
        token = one_time_link(conn, person, by=CONSOLE, at=entry.clock(), random=urandom)
    assert whose(entry, old.token) == "ana"
    entry.with_link(token)
    assert whose(entry, old.token) is None
    entry.clock.forward(seconds=60)
    with pytest.raises(RefusedError):
        sign_in(entry, seed)


def test_a_link_to_sign_in_opens_a_full_session_and_voids_nothing(entry, ana):
    person, seed = ana
    with entry.store.write() as conn:
        token = one_time_link(conn, person, by=CONSOLE, at=entry.clock(), random=urandom, purpose="sign-in")
    assert entry.with_link(token).session.stage == "full"
    entry.clock.forward(seconds=60)
    assert sign_in(entry, seed).person.name == "ana"


def test_what_is_stored_does_not_hold_what_was_given(entry, ana, database_url):
    from sqlalchemy import select

    from rempart.people.records.tables import persons, signin_links
    from rempart.people.records.tables import sessions as rows

    started = sign_in(entry, ana[1])
    with entry.store.write() as conn:
        token = one_time_link(conn, ana[0], by=CONSOLE, at=entry.clock(), random=urandom)
        kept = repr([conn.execute(select(table)).all() for table in (persons, rows, signin_links)])
    for secret in (started.token, token, PASSWORD, ana[1]):
        assert secret not in kept


def test_a_session_ends_when_it_is_not_used(entry, ana):
    started = sign_in(entry, ana[1])
    for _ in range(4):
        entry.clock.forward(minutes=29)
        assert whose(entry, started.token) == "ana"
    entry.clock.forward(minutes=30)
    assert whose(entry, started.token) is None


def test_a_session_ends_at_its_absolute_limit_however_busy(entry, ana):
    started = sign_in(entry, ana[1])
    for _ in range(35):
        entry.clock.forward(minutes=20)
        assert whose(entry, started.token) == "ana"
    entry.clock.forward(minutes=20)
    assert whose(entry, started.token) is None


def test_signing_in_again_replaces_the_session(entry, ana):
    first = sign_in(entry, ana[1])
    entry.clock.forward(seconds=60)
    second = entry.with_password(
        name="ana", password=PASSWORD, code=code(ana[1], entry.clock()), address=ADDRESS, replaces=first.session.id
    )
    assert whose(entry, first.token) is None
    assert whose(entry, second.token) == "ana"


def test_signing_out_everywhere_ends_all_sessions_but_the_one_named(entry, ana):
    first = sign_in(entry, ana[1])
    entry.clock.forward(seconds=60)
    second = sign_in(entry, ana[1])
    with entry.store.write() as conn:
        ended = sessions.end_everywhere(conn, ana[0].id, by=CONSOLE, at=entry.clock(), but=second.session.id)
    assert ended == 2  # the one that began with the setting up, and the first
    assert whose(entry, first.token) is None
    assert whose(entry, second.token) == "ana"


def test_a_person_deactivated_is_out_at_once(entry, ana):
    from rempart.people import persons

    started = sign_in(entry, ana[1])
    with entry.store.write() as conn:
        persons.deactivate(conn, ana[0].id, by=CONSOLE, at=entry.clock())
    assert whose(entry, started.token) is None


def test_people_who_share_an_address_do_not_lock_each_other_out_by_signing_in(entry):
    names = ("ana", "ben", "eve")
    seeds = {name: enrolled(entry, add_person(entry, name, [Role.LEAD]))[0] for name in names}
    for _ in range(20):  # sixty sign-ins from one address within ten minutes
        entry.clock.forward(seconds=30)
        for name, seed in seeds.items():
            assert sign_in(entry, seed, name=name).person.name == name


def test_a_link_that_sets_up_anew_also_ends_what_an_identity_provider_vouched_for(entry, ana):
    from rempart.people.account import Account

    person, seed = ana
    started = sign_in(entry, seed)
    Account(entry=entry, who=sessions.principal_of(started.person, started.session)).link_provider("https://i", "s")
    assert entry.with_provider("https://i", "s", asked_anew=False).person.name == "ana"
    with entry.store.write() as conn:
        token = one_time_link(conn, person, by=CONSOLE, at=entry.clock(), random=urandom)
    entry.with_link(token)
    with pytest.raises(RefusedError, match="not linked"):
        entry.with_provider("https://i", "s", asked_anew=True)
