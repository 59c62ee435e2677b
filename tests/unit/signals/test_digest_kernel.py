"""The digest kernel gives hashlib's digests for every length, every way of cutting, and counters beyond 32 bits."""

import hashlib
import random
import struct
import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.signals import digests

digestkernel = pytest.importorskip("rempart._native.digestkernel")
if not digestkernel.available():
    pytest.skip("this processor lacks the SHA instructions", allow_module_level=True)

BYTES = random.Random(7).randbytes(4096)


def by_hashlib(data):
    return tuple(hashlib.new(name, data, usedforsecurity=False).digest() for name in ("md5", "sha1", "sha256"))


def in_pieces(*pieces):
    state = digestkernel.begin()
    for piece in pieces:
        digestkernel.update(state, piece)
    return digestkernel.finish(state)


@pytest.mark.parametrize("isa", digestkernel.available())
def test_every_length_to_300_has_hashlibs_digests(isa):
    digestkernel.force(isa)
    for length in range(301):
        data = BYTES[:length]
        assert digestkernel.digest(data) == by_hashlib(data), length


@pytest.mark.parametrize("offset", range(17))
def test_bytes_at_any_address_have_the_same_digests(offset):
    data = memoryview(BYTES)[offset:]
    assert digestkernel.digest(data) == by_hashlib(data)


def test_every_cut_in_two_gives_the_same():
    expected = by_hashlib(BYTES[:200])
    for cut in range(201):
        assert in_pieces(BYTES[:cut], BYTES[cut:200]) == expected, cut


@given(st.binary(max_size=700), st.lists(st.integers(0, 700), max_size=12))
def test_any_cutting_gives_the_same(data, cuts):
    cuts = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    assert in_pieces(*(data[a:b] for a, b in pairwise(cuts))) == by_hashlib(data)


def test_the_published_digests_of_abc_and_of_a_million_a():
    assert [value.hex() for value in digestkernel.digest(b"abc")] == [
        "900150983cd24fb0d6963f7d28e17f72",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ]
    assert [value.hex() for value in digestkernel.digest(b"a" * 1_000_000)] == [
        "7707d6ae4e027c70eea2a935c2296f21",
        "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    ]


def padded(size, tail):
    """The end of a message of `size` bytes, as the two byte orders want it (RFC 1321 3.1, FIPS 180-4 5.1.1)."""
    zeros = b"\x80" + b"\0" * (-(size + 9) % 64)
    bits = size * 8 % 2**64
    return tail + zeros + struct.pack("<Q", bits), tail + zeros + struct.pack(">Q", bits)


@pytest.mark.parametrize("size", [2**29 - 64, 2**29, 2**32 - 64, 2**32, 2**32 + 64 * 5, 2**35, 2**61 - 64])
def test_counters_beyond_32_bits_stand_in_the_padding(size):
    """The state of a message of `size` bytes, made by counting only, ends as one whose padding is written out."""
    tail = BYTES[:37]
    counted = digestkernel.begin()
    counted[:8] = struct.pack("=Q", size)
    digestkernel.update(counted, tail)
    md5, sha1, sha256 = digestkernel.finish(counted)
    # The counter aside, whole blocks of padding do to the chaining values what `finish` does; they follow the counter.
    little, big = (chained(end) for end in padded(size + len(tail), tail))
    assert md5 == little[:16]
    assert (sha1, sha256) == (big_endian(big[16:36]), big_endian(big[36:68]))


def chained(blocks):
    state = digestkernel.begin()
    digestkernel.update(state, blocks)
    return bytes(state[8:76])


def big_endian(words):
    return struct.pack(f">{len(words) // 4}I", *struct.unpack(f"={len(words) // 4}I", words))


def test_a_state_goes_on_after_its_digests_were_asked_for():
    state = digestkernel.begin()
    digestkernel.update(state, BYTES[:100])
    assert digestkernel.finish(state) == digestkernel.finish(state) == by_hashlib(BYTES[:100])
    digestkernel.update(state, BYTES[100:200])
    assert digestkernel.finish(state) == by_hashlib(BYTES[:200])


@given(st.binary(min_size=144, max_size=144), st.binary(max_size=200))
def test_a_state_of_any_content_is_safe(content, data):
    state = bytearray(content)
    assert len(state) == len(digestkernel.begin())
    digestkernel.update(state, data)
    assert [len(value) for value in digestkernel.finish(state)] == [16, 20, 32]


@pytest.mark.parametrize("state", [bytearray(), bytearray(143), bytearray(145)])
def test_a_state_of_another_length_is_refused(state):
    with pytest.raises(ValueError, match="not a state"):
        digestkernel.update(state, b"x")
    with pytest.raises(ValueError, match="not a state"):
        digestkernel.finish(state)


def test_what_is_no_contiguous_bytes_is_refused():
    for wrong in ("text", 7, memoryview(BYTES)[::2]):
        with pytest.raises((TypeError, BufferError)):
            digestkernel.digest(wrong)
        with pytest.raises((TypeError, BufferError)):
            digestkernel.update(digestkernel.begin(), wrong)
    with pytest.raises(BufferError):
        digestkernel.update(bytes(144), b"x")


def test_an_unknown_instruction_set_is_refused():
    with pytest.raises(ValueError, match="does not run"):
        digestkernel.force("abacus")
    assert digestkernel.isa() in digestkernel.available()


def test_threads_digest_side_by_side():
    data = [random.Random(k).randbytes(300_000) for k in range(4)]
    found = [None] * 4

    def work(k):
        found[k] = digestkernel.digest(data[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [by_hashlib(piece) for piece in data]


@pytest.mark.parametrize("length", [0, 1, 64, digests.CHUNK + 1])
def test_both_ways_of_the_module_agree(length):
    data = (BYTES * (length // len(BYTES) + 1))[:length]
    assert digests.backend() == "c/sha"
    assert digests.digest_bytes(data) == digests.digest_bytes_by_hashlib(data)
    running = [digests.ByKernel(), digests.ByHashlib()]
    for one in running:
        one.update(data[:1000])
        one.update(memoryview(data)[1000:])
    assert running[0].done() == running[1].done() == digests.digest_bytes(data)
