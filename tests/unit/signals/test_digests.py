"""The three digests of content are right by every way in, and cost one pass."""

import hashlib
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.signals.digests import CHUNK, digest_bytes, digest_bytes_by_hashlib, digest_fd, digest_stream

LENGTHS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 77]


def content(length):
    return (b"rempart " * (length // 8 + 1))[:length]


def assert_right(digests, data):
    assert digests.size == len(data)
    assert digests.sha256 == type(digests.sha256)(hashlib.sha256(data).digest())
    assert digests.sha1.hex() == hashlib.sha1(data).hexdigest()
    assert digests.md5.hex() == hashlib.md5(data).hexdigest()


@pytest.mark.parametrize("length", LENGTHS)
def test_bytes_stream_and_descriptor_agree_with_hashlib(length, tmp_path):
    data = content(length)
    (tmp_path / "file").write_bytes(data)
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        for digests in (
            digest_bytes(data),
            digest_bytes(memoryview(data)),
            digest_stream(io.BytesIO(data)),
            digest_fd(fd),
        ):
            assert_right(digests, data)
    finally:
        os.close(fd)


@given(st.binary(max_size=300), st.integers(1, 64))
def test_any_chunk_size_gives_the_same(data, chunk):
    assert_right(digest_stream(io.BytesIO(data), chunk=chunk), data)


def test_the_empty_file_has_its_published_digests():
    digests = digest_bytes(b"")
    assert digests.md5.hex() == "d41d8cd98f00b204e9800998ecf8427e"
    assert digests.sha1.hex() == "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    assert digests.sha256.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_descriptor_is_read_whole_and_its_position_stays(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    with (tmp_path / "file").open("rb") as file:
        os.lseek(file.fileno(), 4, os.SEEK_SET)
        assert digest_fd(file.fileno(), chunk=3) == digest_bytes(b"0123456789")
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 4


def test_a_stream_is_read_from_where_it_stands():
    stream = io.BytesIO(b"0123456789")
    stream.seek(4)
    assert digest_stream(stream) == digest_bytes(b"456789")


def test_bytes_of_another_shape_count_as_bytes():
    numbers = memoryview(b"12345678").cast("I")
    assert digest_bytes(numbers).size == 8


def test_without_the_kernel_a_python_in_fips_mode_still_digests(monkeypatch):
    def only_when_harmless(name):
        def made(data=b"", *, usedforsecurity=True):
            if usedforsecurity:
                raise ValueError("disabled for FIPS")
            return hashlib.new(name, data, usedforsecurity=False)

        return made

    for name in ("md5", "sha1"):
        monkeypatch.setattr(hashlib, name, only_when_harmless(name))
    assert digest_bytes_by_hashlib(b"").md5.hex() == "d41d8cd98f00b204e9800998ecf8427e"
