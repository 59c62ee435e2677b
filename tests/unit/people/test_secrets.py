"""Passwords, codes, tokens and sealed seeds by themselves."""

from datetime import UTC, datetime, timedelta
from os import urandom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.errors import RefusedError, TamperedError
from rempart.people.passwords import Passwords, refuse_weak
from rempart.people.sealing import SecretBox
from rempart.people.tokens import looks_like_token, new_token, token_hash
from rempart.people.totp import matching_step, new_secret
from signing import code

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUICK = Passwords(time_cost=1, memory_kib=64)


def test_a_password_is_known_again_and_no_other():
    stored = QUICK.hashed("pässwörd fünf wörter")
    assert stored.startswith("$argon2id$")
    assert QUICK.right(stored, "pässwörd fünf wörter")
    assert not QUICK.right(stored, "passwort funf worter")
    assert not QUICK.right(None, "pässwörd fünf wörter")


def test_the_same_letters_in_another_form_are_the_same_password():
    stored = QUICK.hashed("caf\u00e9 caf\u00e9 caf\u00e9")
    assert QUICK.right(stored, "cafe\u0301 cafe\u0301 cafe\u0301")


@given(st.text(max_size=2000))
def test_any_text_can_be_tried_as_a_password(text):
    assert not QUICK.right(QUICK.hashed("one two three"), text + "x")


def test_parameters_of_the_day_are_told_from_older_ones():
    assert Passwords(time_cost=2, memory_kib=64).outdated(QUICK.hashed("one two three"))
    assert not QUICK.outdated(QUICK.hashed("one two three"))


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaaaa", "anaanaanaana", "Ana Martin 12", "abcdeabcdeabcde", "x" * 257, " " * 20]
)
def test_a_weak_password_is_refused_and_says_what_to_do(password):
    with pytest.raises(RefusedError) as refused:
        refuse_weak(password, names=("ana", "Ana Martin"))
    assert refused.value.hint


@pytest.mark.parametrize("password", ["quiet otters fold maps", "长长的密码要有十二个字才行", "pässwörd fünf"])
def test_a_good_password_is_taken(password):
    refuse_weak(password, names=("ana", "Ana Martin"))


@pytest.mark.parametrize("text", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34 5", "------", "12345\x00"])
def test_what_is_no_code_matches_no_step(text):
    assert matching_step("A" * 32, text, at=AT) is None


def test_a_code_matches_with_spaces_as_apps_show_it():
    secret = new_secret()
    right = code(secret, AT)
    assert matching_step(secret, f" {right[:3]} {right[3:]} ", at=AT) == int(AT.timestamp()) // 30


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_the_step_of_a_code_is_told(steps):
    secret = new_secret()
    assert matching_step(secret, code(secret, AT, steps=steps), at=AT) == int(AT.timestamp()) // 30 + steps


def test_a_code_of_five_minutes_ago_matches_nothing():
    secret = new_secret()
    assert matching_step(secret, code(secret, AT - timedelta(minutes=5)), at=AT) is None


def test_a_sealed_seed_opens_for_its_owner_with_its_key_and_for_nobody_else():
    ring = [b"a" * 32]
    box = SecretBox(lambda: ring, random=urandom)
    sealed = box.seal("seed", owner="person_1")
    assert b"seed" not in sealed
    assert box.open(sealed, owner="person_1") == "seed"
    ring.insert(0, b"b" * 32)
    assert box.open(sealed, owner="person_1") == "seed"
    assert not box.current(sealed, owner="person_1")
    for other in (sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:5], b""):
        with pytest.raises((TamperedError, ValueError)):
            box.open(other, owner="person_1")
    with pytest.raises(TamperedError):
        box.open(sealed, owner="person_2")
    del ring[1]
    with pytest.raises(TamperedError, match="does not open"):
        box.open(sealed, owner="person_1")


def test_tokens_are_long_and_never_the_same():
    found = {new_token(urandom, "rk_") for _ in range(100)}
    assert len(found) == 100
    assert all(looks_like_token(token, "rk_") and len(token) == 46 for token in found)
    assert len({token_hash(token) for token in found}) == 100


@pytest.mark.parametrize(
    "text", ["", "rk_", "rk_" + "a" * 42, "rk_" + "a" * 44, "rk_" + "é" * 43, "rk_" + "a" * 43 + "\n"]
)
def test_what_cannot_be_a_token_is_told_at_once(text):
    assert not looks_like_token(text, "rk_")
