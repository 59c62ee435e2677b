"""A record's number is found again, or none: never another one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.provenance.watermark import bch
from rempart.provenance.watermark.framing import TURNED, chance, crc, record_of, word_of

records = st.integers(0, 2**48 - 1)


def soft_of(word, rng=None, noise=0.0):
    soft = np.array([1.0 - 2 * (word >> place & 1) for place in range(127)])
    return (soft + (rng.normal(0, noise, 127) if rng else 0)).astype(np.float32)


def test_the_checksum_is_the_known_one():
    assert crc(int.from_bytes(b"123456", "big")) == 0x2EF4


@given(records)
def test_a_number_comes_back(record):
    assert record_of(soft_of(word_of(record))) == record


@given(records, st.sets(st.integers(0, 126), min_size=11, max_size=10 + TURNED))
def test_more_errors_than_the_code_corrects_are_borne_where_they_are_the_least_certain_bits(record, places):
    soft = soft_of(word_of(record))
    for place in places:
        soft[place] *= -0.1
    assert record_of(soft) == record


def test_noise_gives_no_number():
    rng = np.random.default_rng(7)
    assert all(record_of(rng.normal(0, 1, 127).astype(np.float32)) is None for _ in range(60))


def test_under_growing_noise_the_right_number_is_found_or_none():
    rng, found = np.random.default_rng(8), {0.4: 0, 0.6: 0, 0.8: 0, 1.2: 0}
    for noise in found:
        for _ in range(25):
            record = int(rng.integers(0, 2**48))
            read = record_of(soft_of(word_of(record), rng, noise))
            assert read in (record, None)
            found[noise] += read == record
    assert found[0.4] == 25
    assert found[1.2] < 13


def test_a_code_word_whose_checksum_is_wrong_is_no_number():
    assert record_of(soft_of(bch.encode(12345 << 16 | (crc(12345) ^ 1)))) is None


def test_the_chance_that_is_written_is_the_chance():
    assert 2e-8 < chance() < 3e-8


@pytest.mark.parametrize("record", [-1, 2**48])
def test_what_does_not_fit_is_refused(record):
    with pytest.raises(ValueError, match="48 bits"):
        word_of(record)
