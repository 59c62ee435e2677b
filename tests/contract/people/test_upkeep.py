"""What is forgotten, what follows a rotation of the service keys, and passkeys and accounts at their edges."""

import base64
from datetime import timedelta
from os import urandom

import pytest
from sqlalchemy import func, select

from rempart.errors import RefusedError, TamperedError
from rempart.evidence.vault import HeldKeys
from rempart.people import persons
from rempart.people.account import Account
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.people.records.tables import ceremonies, key_usage, sessions, signin_attempts, signin_links
from rempart.people.records.tables import persons as person_rows
from rempart.people.rewrapping import rewrap_seeds, secret_keys
from rempart.people.sealing import SecretBox
from rempart.people.signin import one_time_link
from rempart.people.upkeep import forget
from signing import PASSWORD, Watch, add_person, code, enrolled, entry_of, signed_in


@pytest.fixture
def entry(store):
    return entry_of(store, Watch())


def counts(entry):
    with entry.store.read() as conn:
        return [
            conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (sessions, signin_links, ceremonies, signin_attempts, key_usage)
        ]


def test_what_has_served_is_forgotten_and_what_serves_is_kept(entry):
    person = add_person(entry, "ana", [Role.LEAD])
    seed, _ = enrolled(entry, person)
    entry.passkey_options()
    entry.clock.forward(seconds=30)
    entry.with_password(name="ana", password=PASSWORD, code=code(seed, entry.clock()), address="::1")
    with pytest.raises(RefusedError):
        entry.with_password(name="ana", password="x", code="1", address="::1")
    before = counts(entry)
    with entry.store.write() as conn:
        forget(conn, at=entry.clock() + timedelta(hours=12))
    assert counts(entry) == before
    with entry.store.write() as conn:
        forget(conn, at=entry.clock() + timedelta(days=3))
    assert counts(entry) == [0, 0, 0, 0, 0]


def ring(*keys):
    return HeldKeys("\n".join(base64.b64encode(key).decode() for key in keys))


def test_seeds_follow_a_rotation_of_the_service_keys(entry):
    old, both, new = ring(b"a" * 32), ring(b"b" * 32, b"a" * 32), ring(b"b" * 32)
    person = add_person(entry, "ana", [Role.LEAD])
    sealed = SecretBox(lambda: secret_keys(old), random=urandom).seal("seed", owner=person.id)
    with entry.store.write() as conn:
        conn.execute(person_rows.update().values(totp_secret=sealed))
        assert [rewrap_seeds(conn, keyring=both) for _ in range(2)] == [1, 0]
        found = persons.found(conn, person.id).totp_secret
    assert SecretBox(lambda: secret_keys(new), random=urandom).open(found, owner=person.id) == "seed"
    with pytest.raises(TamperedError):
        SecretBox(lambda: secret_keys(old), random=urandom).open(found, owner=person.id)


def test_a_ceremony_is_taken_once_by_whose_it_is_and_not_too_late(entry):
    token = entry.ceremony("code", {"sealed": "00"}, person="person_1")
    for kind, person in (("code", "person_2"), ("code", None), ("passkey", "person_1")):
        with pytest.raises(RefusedError):
            entry.seen(token, kind, person=person)
    assert entry.seen(token, "code", person="person_1") == {"sealed": "00"}
    assert entry.taken(token, "code", person="person_1") == {"sealed": "00"}
    with pytest.raises(RefusedError, match="took too long"):
        entry.taken(token, "code", person="person_1")
    late = entry.ceremony("code", {}, person="person_1")
    entry.clock.forward(minutes=10)
    with pytest.raises(RefusedError, match="took too long"):
        entry.taken(late, "code", person="person_1")


@pytest.mark.parametrize(
    "answer",
    ["", "x", "{}", "[]", "7", '{"id": 7}', '{"id": "!!!"}', '{"id": "AAAA"}', '{"id": "AAAA", "response": 1}'],
)
def test_an_answer_that_no_passkey_gave_signs_nobody_in(entry, answer):
    token, options = entry.passkey_options()
    assert '"userVerification": "required"' in options
    with pytest.raises(RefusedError) as refused:
        entry.with_passkey(token, answer, address="::1")
    assert refused.value.hint


@pytest.mark.parametrize("answer", ["", "x", "{}", "[]", '{"id": "AAAA", "rawId": "AAAA", "type": "public-key"}'])
def test_an_answer_that_makes_no_passkey_adds_none(entry, answer):
    account = Account(entry=entry, who=signed_in(entry, "ana", Role.LEAD))
    token, _ = account.begin_passkey()
    with pytest.raises(RefusedError, match="could not be added"):
        account.add_passkey(token, answer, label="x")
    assert account.passkeys() == ()


def test_the_only_way_in_cannot_be_removed(entry):
    account = Account(entry=entry, who=signed_in(entry, "ana", Role.LEAD))
    account.link_provider("https://login.example.org", "subject")
    account.unlink_provider()
    with entry.store.write() as conn:
        conn.execute(person_rows.update().values(password=None))
    account.link_provider("https://login.example.org", "subject")
    with pytest.raises(RefusedError, match="your only way in"):
        account.unlink_provider()


def test_one_account_of_a_provider_belongs_to_one_person(entry):
    for name in ("ana", "ben"):
        account = Account(entry=entry, who=signed_in(entry, name, Role.LEAD))
        if name == "ana":
            account.link_provider("https://login.example.org", "subject")
    with pytest.raises(RefusedError, match="linked to somebody else"):
        account.link_provider("https://login.example.org", "subject")


def test_a_new_password_ends_the_other_sessions(entry):
    who = signed_in(entry, "ana", Role.LEAD)
    with entry.store.write() as conn:
        token = one_time_link(
            conn, persons.found(conn, who.id), by=CONSOLE, at=entry.clock(), random=urandom, purpose="sign-in"
        )
    entry.with_link(token)
    Account(entry=entry, who=who).set_password("another five good words", "another five good words")
    assert Account(entry=entry, who=who).sign_out_elsewhere() == 0


@pytest.mark.parametrize("name", ["", "a", "a b", "x" * 65, "a\x00b", "a/b", "\u202eana"])
def test_a_name_that_cannot_be_one_is_refused(entry, name):
    with pytest.raises(RefusedError, match="This name cannot be used"):
        add_person(entry, name, [])


def test_two_names_that_read_the_same_are_one(entry):
    add_person(entry, "ana", [])
    for name in ("Ana", " ANA ", "\uff41na"):
        with pytest.raises(RefusedError, match="taken"):
            add_person(entry, name, [])
