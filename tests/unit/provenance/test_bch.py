"""The code corrects whatever it says it corrects, and owns up to the rest."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.provenance.watermark import bch

messages = st.integers(0, 2**64 - 1)


def bits_of(word):
    return np.array([word >> place & 1 for place in range(bch.LENGTH)], dtype=np.uint8)


def turned(word, places):
    for place in places:
        word ^= 1 << place
    return word


def test_the_generator_is_the_known_one():
    assert bch.GENERATOR.bit_length() == 64
    # x^127 - 1 is a multiple of it: the code is cyclic
    rest = (1 << 127) | 1
    while rest.bit_length() >= 64:
        rest ^= bch.GENERATOR << rest.bit_length() - 64
    assert rest == 0


@given(messages, st.sets(st.integers(0, 126), max_size=10))
def test_any_ten_errors_are_corrected(message, places):
    word = bch.encode(message)
    assert bch.message_of(word) == message
    assert bch.decode(bits_of(turned(word, places))) == word


def test_every_single_and_double_error_is_corrected():
    word = bch.encode(0x0123456789ABCDEF)
    for count in (1, 2):
        for places in combinations(range(127), count):
            found = np.bitwise_xor.reduce([bch.turned(place) for place in places])
            assert bch.errors(found) == list(places)
    assert bch.is_word(word)
    assert not bch.is_word(word ^ 1)


@pytest.mark.parametrize("weight", range(11, 16))
def test_more_errors_are_never_taken_for_the_word_that_was_sent(weight):
    rng, word = np.random.default_rng(weight), bch.encode(2**64 - 1)
    for _ in range(60):
        places = rng.choice(127, weight, replace=False)
        found = bch.decode(bits_of(turned(word, map(int, places))))
        assert found != word
        assert found is None or bch.is_word(found)


def test_two_words_differ_in_21_places_at_least():
    rng = np.random.default_rng(1)
    for _ in range(500):
        message = int(rng.integers(1, 2**63))
        assert bch.encode(message).bit_count() >= 21


@pytest.mark.parametrize("message", [-1, 2**64])
def test_what_does_not_fit_is_refused(message):
    with pytest.raises(ValueError, match="64 bits"):
        bch.encode(message)
