"""Signals are typed bytes that are parsed once and refuse what they are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.errors import InvalidSignalError
from rempart.signals.values import SIGNAL_TYPES, Md5, PdqHash, Sha1, Sha256, SignalKind, parse_signal

BRIDGE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
BRIDGE_CHANGED = "f8f8f0cee0f4a84f06370a2a038f63f0b36e26d596621e1d33e6b39c4e9c9b22"


def test_published_pair_of_hashes_is_two_bits_apart():
    assert PdqHash.from_hex(BRIDGE).distance(PdqHash.from_hex(BRIDGE_CHANGED)) == 2


def test_a_negative_is_256_bits_away():
    picture = PdqHash.from_hex(BRIDGE)
    assert picture.distance(picture.complement()) == 256


def test_equal_bytes_of_different_kinds_are_not_equal():
    raw = bytes(range(32))
    assert PdqHash(raw) != Sha256(raw)
    assert len({PdqHash(raw), Sha256(raw)}) == 2
    assert raw != PdqHash(raw)


def test_64_bare_digits_are_pdq_and_prefixes_say_otherwise():
    assert parse_signal(BRIDGE.upper() + "\n") == PdqHash.from_hex(BRIDGE)
    assert parse_signal("sha256:" + BRIDGE) == Sha256.from_hex(BRIDGE)
    assert parse_signal("SHA1: " + BRIDGE[:40]) == Sha1.from_hex(BRIDGE[:40])
    assert parse_signal("md5:" + BRIDGE[:32]).kind is SignalKind.MD5
    assert parse_signal("pdq:" + BRIDGE) == PdqHash.from_hex(BRIDGE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "64 hexadecimal digits, not 0"),
        (BRIDGE[:-1], "not 63"),
        (BRIDGE[:40], "Write sha256:"),
        ("g" * 64, "hexadecimal digits only"),
        ("sha256:" + BRIDGE[:-2], "64 hexadecimal digits, not 62"),
        ("blake3:" + BRIDGE, "no kind of signal"),
        ("md5:" + "é" * 32, "hexadecimal digits only"),
        ("md5:" + "00 " * 10 + "00", "hexadecimal digits only"),
    ],
)
def test_what_is_no_signal_is_refused_with_what_was_expected(text, says):
    with pytest.raises(InvalidSignalError, match=says):
        parse_signal(text)


@given(st.sampled_from(list(SIGNAL_TYPES.values())), st.data())
def test_text_form_round_trips(kind, data):
    signal = kind(data.draw(st.binary(min_size=kind.size, max_size=kind.size)))
    assert parse_signal(f"{signal.kind}:{signal}") == signal


def test_wrong_number_of_bytes_is_refused():
    with pytest.raises(InvalidSignalError, match="16 bytes, not 15"):
        Md5(bytes(15))
