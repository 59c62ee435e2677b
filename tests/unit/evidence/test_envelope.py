"""The sealed form: nothing in it can be changed, moved or cut without being told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.errors import ForeignFileError, IncompleteError, TamperedError
from rempart.evidence.vault.envelope import (
    CHUNK,
    HEADER,
    TAG,
    new_object_key,
    open_pieces,
    seal_pieces,
    sealed_size,
    unwrap_key,
    wrap_key,
)

KEY = new_object_key()


def sealed(data, object_id="object_a", key=KEY):
    return b"".join(seal_pieces(data, key=key, object_id=object_id))


def opened(blob, size, object_id="object_a", key=KEY, piece=None):
    room = bytearray(size)
    step = piece or max(1, len(blob))
    pieces = (blob[start : start + step] for start in range(0, len(blob), step))
    open_pieces(pieces, memoryview(room), key=key, object_id=object_id)
    return bytes(room)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])
def test_what_was_sealed_opens_whatever_its_length(size):
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    blob = sealed(data)
    assert len(blob) == sealed_size(size)
    assert opened(blob, size, piece=700_001) == data


@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=300), piece=st.integers(1, 400))
def test_pieces_of_any_size_give_the_same(data, piece):
    assert opened(sealed(data), len(data), piece=piece) == data


def test_every_altered_byte_of_a_blob_is_reported_as_tampered():
    blob = sealed(b"forty-two bytes of something worth keeping")
    for place in range(len(HEADER), len(blob)):
        altered = bytearray(blob)
        altered[place] ^= 1
        with pytest.raises(TamperedError):
            opened(bytes(altered), 42)


def test_a_changed_header_is_foreign():
    blob = sealed(b"abc")
    for place in range(len(HEADER)):
        altered = bytearray(blob)
        altered[place] ^= 1
        with pytest.raises(ForeignFileError):
            opened(bytes(altered), 3)


def test_a_blob_that_was_cut_anywhere_is_incomplete():
    blob = sealed(b"some bytes")
    for length in range(len(blob)):
        with pytest.raises((IncompleteError, ForeignFileError)):
            opened(blob[:length], 10)


def test_a_blob_cut_at_a_chunk_and_its_length_with_it_is_tampered():
    blob = sealed(bytes(2 * CHUNK))
    with pytest.raises(TamperedError):
        opened(blob[: len(HEADER) + CHUNK + TAG], CHUNK)


def test_chunks_that_changed_places_are_tampered():
    blob = sealed(b"\x01" * CHUNK + b"\x02" * CHUNK + b"\x03" * CHUNK)
    frame = CHUNK + TAG
    first, second, third = (blob[len(HEADER) + n * frame :][:frame] for n in range(3))
    with pytest.raises(TamperedError):
        opened(HEADER + second + first + third, 3 * CHUNK)


def test_bytes_after_the_end_are_tampered():
    with pytest.raises(TamperedError):
        opened(sealed(b"abc") + b"x", 3)


def test_a_blob_passed_off_as_another_objects_is_tampered():
    with pytest.raises(TamperedError):
        opened(sealed(b"abc", object_id="object_b"), 3)


def test_a_chunk_that_failed_leaves_nothing_readable():
    blob = bytearray(sealed(b"secret bytes"))
    blob[-1] ^= 1
    room = bytearray(12)
    with pytest.raises(TamperedError):
        open_pieces([bytes(blob)], memoryview(room), key=KEY, object_id="object_a")
    assert room == bytes(12)


def test_equal_bytes_never_give_equal_blobs():
    assert sealed(b"abc", key=new_object_key()) != sealed(b"abc", key=new_object_key())


WRAP = {"service_key": bytes(32), "service_key_id": "sk1", "object_id": "object_a"}


def test_a_wrapped_key_opens_under_its_service_key_for_its_object():
    wrap = wrap_key(KEY, **WRAP)
    assert unwrap_key(wrap, **WRAP) == KEY
    assert KEY not in wrap


@pytest.mark.parametrize(
    "change", [{"service_key": b"\x01" * 32}, {"service_key_id": "sk2"}, {"object_id": "object_b"}]
)
def test_a_wrap_under_another_key_or_for_another_object_is_tampered(change):
    with pytest.raises(TamperedError):
        unwrap_key(wrap_key(KEY, **WRAP), **{**WRAP, **change})


def test_every_altered_or_missing_byte_of_a_wrap_is_tampered():
    wrap = wrap_key(KEY, **WRAP)
    for place in range(len(wrap)):
        altered = bytearray(wrap)
        altered[place] ^= 0x80
        for bad in (bytes(altered), wrap[:place]):
            with pytest.raises(TamperedError):
                unwrap_key(bad, **WRAP)
