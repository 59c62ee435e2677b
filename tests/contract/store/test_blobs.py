"""Blobs in a folder, in memory, and in an object store over HTTP: whole or not there, and failures told apart."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from rempart.errors import BlobMissingError, BlobStoreUnavailableError, RefusedError, StorageFullError
from rempart.store.blobs import open_blobs
from s3 import Bucket

NAME = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def bucket():
    with Bucket() as one:
        yield one


@pytest.fixture(params=["folder", "memory", "s3"])
def blobs(request, tmp_path):
    if request.param == "s3":
        one = request.getfixturevalue("bucket")
        return open_blobs("s3://bucket/evidence", options=one.options, timeout=5)
    return open_blobs(str(tmp_path / "blobs") if request.param == "folder" else "memory:///")


def got(blobs, name=NAME):
    return b"".join(blobs.get(name))


@pytest.mark.parametrize("pieces", [[], [b"one"], [b"one", b"two"], [bytes(3 << 20)] * 5], ids=["0", "1", "2", "5"])
def test_a_blob_comes_back_as_it_was_put(blobs, pieces):
    blobs.put(NAME, iter(pieces))
    assert got(blobs) == b"".join(pieces)
    assert [(one.name, one.size) for one in blobs.found()] == [(NAME, sum(map(len, pieces)))]


def test_a_deleted_blob_is_missing_and_deleting_twice_is_harmless(blobs):
    blobs.put(NAME, [b"x"])
    blobs.delete(NAME)
    blobs.delete(NAME)
    with pytest.raises(BlobMissingError):
        got(blobs)
    assert list(blobs.found()) == []


def test_what_fails_while_it_is_put_is_not_there(blobs):
    def pieces():
        for _ in range(3):
            yield bytes(6 << 20)
        raise RuntimeError("the rest cannot be had")

    with pytest.raises((RuntimeError, BlobStoreUnavailableError)):
        blobs.put(NAME, pieces())
    with pytest.raises(BlobMissingError):
        got(blobs)


def test_a_store_that_works_says_so(blobs):
    blobs.check()
    assert list(blobs.found()) == []


@pytest.mark.parametrize("mode", ["503", "403"])
def test_an_object_store_that_refuses_is_unavailable_for_everything(bucket, mode):
    blobs = open_blobs("s3://bucket", options=bucket.options, timeout=3)
    blobs.put(NAME, [b"x"])
    bucket.mode = mode
    for attempt in (
        lambda: blobs.put(NAME, [b"x"]),
        lambda: got(blobs),
        lambda: blobs.delete(NAME),
        lambda: list(blobs.found()),
        blobs.check,
    ):
        with pytest.raises(BlobStoreUnavailableError):
            attempt()
    bucket.mode = "well"
    assert got(blobs) == b"x"


def test_an_object_store_that_takes_too_long_is_unavailable(bucket):
    blobs = open_blobs("s3://bucket", options=bucket.options, timeout=0.5)
    bucket.mode = "slow"
    with pytest.raises(BlobStoreUnavailableError):
        got(blobs)


def test_an_object_store_that_is_not_there_is_unavailable(bucket):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        options = bucket.options | {"endpoint": f"http://127.0.0.1:{free.getsockname()[1]}"}
        with pytest.raises(BlobStoreUnavailableError):
            open_blobs("s3://bucket", options=options, timeout=1).put(NAME, [b"x"])


@pytest.mark.parametrize("url", ["ftp://host/x", "https://host/x", "s3://", "gopher://x"])
def test_an_address_that_is_no_place_for_blobs_is_refused(url):
    with pytest.raises(RefusedError):
        open_blobs(url)


def test_a_folder_is_named_by_its_path_or_a_file_address(tmp_path):
    folder = tmp_path / "with space"
    open_blobs(folder.as_uri()).put(NAME, [b"x"])
    assert got(open_blobs(str(folder))) == b"x"


def test_files_are_for_their_owner_only_whatever_the_umask(tmp_path):
    old = os.umask(0)
    try:
        open_blobs(str(tmp_path / "blobs")).put(NAME, [b"x"])
    finally:
        os.umask(old)
    modes = {path: path.stat().st_mode & 0o777 for path in [tmp_path / "blobs", *(tmp_path / "blobs").rglob("*")]}
    assert set(modes.values()) == {0o600, 0o700}
    assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items())


@pytest.mark.parametrize("name", ["../up", "a/b", "", "unfinished/../x", "näme", "a.b"])
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(RefusedError):
        open_blobs(str(tmp_path / "blobs")).put(name, [b"x"])


def test_a_folder_that_went_away_is_not_made_anew(tmp_path):
    blobs = open_blobs(str(tmp_path / "blobs"))
    blobs.put(NAME, [b"x"])
    (tmp_path / "blobs").rename(tmp_path / "away")
    for attempt in (lambda: blobs.put(NAME, [b"y"]), lambda: got(blobs), lambda: blobs.delete(NAME), blobs.check):
        with pytest.raises(BlobStoreUnavailableError):
            attempt()
    assert not (tmp_path / "blobs").exists()


def test_a_full_disk_is_told_apart(tmp_path, monkeypatch):
    blobs = open_blobs(str(tmp_path / "blobs"))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageFullError):
        blobs.put(NAME, [b"x"])
    monkeypatch.undo()
    assert list(blobs.found()) == []


KILLED = """
import sys, time
from rempart.store.blobs import open_blobs
blobs = open_blobs(sys.argv[1])
blobs.put("a" * 32, [b"acknowledged"])
print("ready", flush=True)
def pieces():
    yield b"half"
    print("half", flush=True)
    time.sleep(60)
blobs.put("b" * 32, pieces())
"""


def test_what_a_killed_process_left_half_done_is_found_and_can_be_swept(tmp_path):
    folder = str(tmp_path / "blobs")
    process = subprocess.Popen([sys.executable, "-c", KILLED, folder], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert [process.stdout.readline().strip() for _ in range(2)] == [b"ready", b"half"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    blobs = open_blobs(folder)
    assert got(blobs, "a" * 32) == b"acknowledged"
    left = [one.name for one in blobs.found() if one.name != "a" * 32]
    assert len(left) == 1
    assert left[0].startswith("unfinished/")
    blobs.delete(left[0])
    assert [one.name for one in blobs.found()] == ["a" * 32]
