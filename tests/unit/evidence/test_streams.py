"""Sealing and opening by stream: the same blob as all at once, and flat memory."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.errors import ForeignFileError, IncompleteError, TamperedError
from rempart.evidence.vault.envelope import (
    CHUNK,
    HEADER,
    TAG,
    new_object_key,
    open_stream,
    seal_pieces,
    seal_stream,
    sealed_size,
)

KEY = new_object_key()


def cut(data, step):
    return [data[start : start + step] for start in range(0, len(data), step)]


def streamed(pieces):
    return b"".join(seal_stream(pieces, key=KEY, object_id="object_a"))


def opened(blob, size, object_id="object_a", step=70_001):
    room = memoryview(bytearray(CHUNK))
    chunks = open_stream(cut(blob, step), size, room, key=KEY, object_id=object_id)
    return b"".join(map(bytes, chunks)), room


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5])
@pytest.mark.parametrize("step", [CHUNK // 3 + 1, CHUNK, 3 * CHUNK])
def test_a_stream_is_sealed_to_the_bytes_that_the_whole_is_sealed_to(size, step):
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    blob = streamed(cut(data, step))
    assert blob == b"".join(seal_pieces(data, key=KEY, object_id="object_a"))
    assert len(blob) == sealed_size(size)
    assert opened(blob, size)[0] == data


@settings(max_examples=30, deadline=None)
@given(pieces=st.lists(st.binary(max_size=40), max_size=12))
def test_empty_pieces_and_pieces_of_any_size_change_nothing(pieces):
    assert opened(streamed(map(memoryview, pieces)), len(b"".join(pieces)))[0] == b"".join(pieces)


def test_nothing_stays_in_the_room():
    assert bytes(opened(streamed([b"x" * 900_000]), 900_000)[1]) == bytes(CHUNK)


def test_what_is_altered_swapped_cut_or_longer_is_told():
    data = bytes(range(250)) * 12_000
    blob = bytearray(streamed([data]))
    size, frame = len(data), CHUNK + TAG
    first, second = slice(len(HEADER), len(HEADER) + frame), slice(len(HEADER) + frame, len(HEADER) + 2 * frame)
    altered, swapped = bytearray(blob), bytearray(blob)
    altered[-20] ^= 1
    swapped[first], swapped[second] = blob[second], blob[first]
    for wrong in (altered, swapped, blob + b"x"):
        with pytest.raises(TamperedError):
            opened(bytes(wrong), size)
    with pytest.raises(TamperedError):
        opened(bytes(blob), size, object_id="object_b")
    with pytest.raises(IncompleteError):
        opened(bytes(blob[:-1]), size)
    with pytest.raises(TamperedError):  # cut at a chunk, with the size that would fit
        opened(bytes(blob[: second.stop]), 2 * CHUNK)
    with pytest.raises(ForeignFileError):
        opened(b"remparx\x01" + bytes(blob[8:]), size)


def test_each_chunk_is_given_as_soon_as_it_is_authentic():
    data = bytes(3 * CHUNK)
    blob = streamed([data])
    taken = []

    def pieces():
        for piece in cut(blob, CHUNK):
            taken.append(len(piece))
            yield piece

    first = next(open_stream(pieces(), len(data), memoryview(bytearray(CHUNK)), key=KEY, object_id="object_a"))
    assert len(first) == CHUNK
    assert sum(taken) < len(HEADER) + 3 * CHUNK
