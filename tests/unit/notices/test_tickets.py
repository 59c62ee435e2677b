"""Numbers and secrets can be written by hand, cannot be guessed, and are compared in constant time."""

import inspect
import math
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noticing import URL, form, hashes
from rempart.deadlines.regimes import Element
from rempart.errors import RefusedError
from rempart.intake.notices import hashes as page_hashes
from rempart.intake.notices import tickets
from rempart.intake.notices.locating import addresses
from rempart.intake.notices.sealing import network_of
from rempart.intake.notices.values import Answer, Location, Role, Track


def test_a_secret_has_eighty_random_bits_in_groups_of_letters_that_nobody_mistakes():
    assert math.log2(len(tickets.ALPHABET)) * 20 >= 80
    assert not set(tickets.ALPHABET) & set("0O1IL2Z5S8BU")
    number, secret = tickets.new_number(secrets.token_bytes), tickets.new_secret(secrets.token_bytes)
    assert [len(part) for part in number.split("-")] == [4, 4]
    assert [len(part) for part in secret.split("-")] == [4] * 5
    assert set(number + secret) <= set(tickets.ALPHABET + "-")


def test_every_letter_is_as_likely_as_every_other():
    drawn = "".join(tickets.new_secret(secrets.token_bytes) for _ in range(2_000)).replace("-", "")
    counts = [drawn.count(one) for one in tickets.ALPHABET]
    expected = len(drawn) / len(tickets.ALPHABET)
    assert sum((one - expected) ** 2 / expected for one in counts) < 60  # one in ten thousand by chance


def test_a_secret_opens_however_it_is_typed_and_nothing_else_does():
    secret = tickets.new_secret(secrets.token_bytes)
    kept = tickets.hash_of(secret)
    for typed in (secret, secret.lower(), secret.replace("-", ""), f" {secret.replace('-', ' ')} \n"):
        assert tickets.opens(typed, kept)
    for typed in ("", secret[:-1], secret + secret[0], tickets.new_secret(secrets.token_bytes), "\x00", "é" * 99):
        assert not tickets.opens(typed, kept)
    assert not tickets.opens(secret, None)
    assert not tickets.opens("", None)


def test_secrets_are_compared_in_constant_time_whether_there_is_one_or_not():
    told = inspect.getsource(tickets.opens)
    assert told.count("compare_digest") == 1
    assert told.index("compare_digest") < told.index("is not None")


@settings(max_examples=30)
@given(st.text(max_size=300))
def test_any_text_is_a_number_to_look_for_and_a_secret_to_try(text):
    tickets.number_of(text)
    assert not tickets.opens(text, tickets.hash_of(tickets.new_secret(secrets.token_bytes)))


def test_the_pages_text_of_hashes_is_read_to_the_letter():
    pdq = secrets.token_bytes(32)
    read = page_hashes.read_hashes(hashes((pdq, 80), (pdq, 100), (bytes(32), 12), sha256=b"s" * 32))
    assert bytes(read.sha256) == b"s" * 32
    assert [(bytes(one.pdq), one.quality) for one in read.frames] == [(pdq, 100), (bytes(32), 12)]
    assert [one.quality for one in read.guarding] == [100]
    assert page_hashes.read_hashes(" \n") is None


@pytest.mark.parametrize(
    "text",
    [
        "hello", "recipe srgb8-full-v2\n" + "0" * 64 + " 100", "recipe srgb8-full-v1",
        "recipe srgb8-full-v1\n" + "0" * 63 + " 100", "recipe srgb8-full-v1\n" + "0" * 64 + " 101",
        "recipe srgb8-full-v1\n" + "0" * 64, "recipe srgb8-full-v1\nsha256 " + "g" * 64,
        "recipe srgb8-full-v1\n" + "\n".join(f"{n:064x} 100" for n in range(201)), "x" * 20_000,
    ],
)  # fmt: skip
def test_any_other_text_of_hashes_is_refused(text):
    with pytest.raises(RefusedError, match="The text of the hash"):
        page_hashes.read_hashes(text)


def test_a_childs_form_says_nothing_but_where():
    told = form(minor=Answer.UNSURE, signals=hashes())
    assert (told.track, told.elements(), told.told()) == (Track.CHILD, (Element.LOCATION,), {})
    assert form(minor=Answer.YES, role=Role.AUTHORITY).elements() == (Element.LOCATION, Element.ORDER)


@pytest.mark.parametrize("more", [
    {"language": "de"}, {"locations": ()}, {"name": "x" * 201}, {"explanation": "\x00"}, {"contact": "x" * 321},
    {"locations": (Location(url=URL), Location(url=URL))},
    {"locations": tuple(Location(url=f"{URL}/{n}") for n in range(21))},
])  # fmt: skip
def test_what_cannot_be_kept_is_refused_with_what_to_do(more):
    with pytest.raises(RefusedError):
        form(**more)


def test_an_address_is_the_same_with_capital_letters_in_its_host_and_either_scheme():
    assert addresses("HTTPS://Forum.Example/A?b=/C") == (
        "HTTPS://Forum.Example/A?b=/C", "https://forum.example/A?b=/C", "http://forum.example/A?b=/C",
    )  # fmt: skip
    assert addresses("https://forum.example")[0] == "https://forum.example"


def test_a_household_is_one_sender():
    assert network_of("198.51.100.7") != network_of("198.51.100.8")
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:ff::9")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:302::1")
    assert network_of("unknown") == ""
