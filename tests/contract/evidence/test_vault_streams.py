"""Long evidence: sealed and opened by stream, on both databases and in both kinds of blob store."""

import hashlib

import pytest

import film_process
from rempart.errors import RefusedError, TamperedError
from rempart.evidence.vault.envelope import CHUNK
from rempart.evidence.vault.records import find_object
from rempart.store.blobs import open_blobs
from s3 import Bucket
from vaults import BY, a_vault, actions, read

PIECES = [bytes([number]) * 300_000 for number in range(10)]


def put_stream(vault, pieces=PIECES):
    sealed = vault.seal_stream(iter(pieces))
    with vault.store.write() as conn:
        return vault.record(conn, sealed, item=None, basis="case", reference="case_1", media_type="video/mp4", by=BY)


def test_a_stream_opens_as_a_whole_and_as_a_stream(store, tmp_path):
    vault = a_vault(store, blobs=tmp_path / "blobs")
    object_id, whole = put_stream(vault), b"".join(PIECES)
    with store.read() as conn:
        row = find_object(conn, object_id)
    assert (row.size, row.sha256) == (len(whole), hashlib.sha256(whole).digest())
    assert read(vault, object_id) == whole
    with vault.open_stream(object_id, purpose="a test", by=BY) as film:
        assert film.size == len(whole)
        assert b"".join(map(bytes, film)) == whole
    assert actions(store) == ["vault.sealed", "vault.opened", "vault.opened"]


def test_a_chunk_shows_nothing_once_the_stream_is_over(store):
    vault = a_vault(store)
    with vault.open_stream(put_stream(vault), purpose="a test", by=BY) as film:
        kept = next(film.chunks)
        assert bytes(kept[:3]) == b"\0\0\0"
        kept = next(film.chunks)
        assert bytes(kept[:1]) == b"\x03"
        with pytest.raises(TypeError):
            kept[0] = 1
    assert bytes(kept) == bytes(CHUNK)


def test_a_stream_is_opened_for_a_purpose_and_its_failure_is_on_record(store, tmp_path):
    vault = a_vault(store, blobs=tmp_path / "blobs")
    object_id = put_stream(vault)
    with pytest.raises(RefusedError), vault.open_stream(object_id, purpose=" ", by=BY):
        pass
    (blob,) = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    altered = bytearray(blob.read_bytes())
    altered[-30] ^= 1
    blob.write_bytes(altered)
    with vault.open_stream(object_id, purpose="a test", by=BY) as film:
        assert len(next(film.chunks)) == CHUNK
        with pytest.raises(TamperedError):
            list(film.chunks)
    assert actions(store) == ["vault.sealed", "vault.opened", "vault.open_failed"]


def test_what_goes_wrong_while_a_stream_is_sealed_leaves_nothing(store, tmp_path):
    def broken():
        yield from PIECES
        raise OSError("the camera's card was pulled out")

    vault = a_vault(store, blobs=tmp_path / "blobs")
    with pytest.raises(Exception, match="card"):
        vault.seal_stream(broken())
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


def test_an_object_store_takes_a_stream(store):
    with Bucket() as place:
        vault = a_vault(store, blobs=open_blobs("s3://bucket/films", options=place.options))
        assert read(vault, put_stream(vault, PIECES * 3)) == b"".join(PIECES) * 3


def test_sealing_and_uploading_a_film_takes_little_memory(tmp_path):
    """The short form: 64 MB. tests/campaign has the one of 2 GB."""
    assert film_process.measured(tmp_path, size=64 << 20) < 40 << 20
