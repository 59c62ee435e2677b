"""The vault on both databases: sealed, opened, held, let go, destroyed; and what goes wrong on the way."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from rempart.errors import (
    BlobMissingError,
    BlobStoreUnavailableError,
    LegalHoldError,
    ObjectDestroyedError,
    RefusedError,
    ServiceKeyMissingError,
    TamperedError,
    UnavailableError,
)
from rempart.evidence.vault import HeldKeys
from rempart.evidence.vault.records import bases, custody, find_object, objects
from rempart.evidence.vault.upkeep import GRACE, Sweep, delete_blob, handlers, run_retention
from rempart.evidence.vault.vault import RECORD_WITHIN
from rempart.store.jobs import JobRunner
from rempart.store.workers import Worker
from vaults import BY, Hands, a_vault, actions, key_text, put_in, read


def run_jobs(vault):
    with Worker(vault.store) as worker:
        return JobRunner(vault.store, worker, handlers(vault, by=BY)).run_due()


def row(vault, object_id):
    with vault.store.read() as conn:
        return find_object(conn, object_id)


def test_what_was_sealed_opens_again_and_both_are_on_record(store):
    vault = a_vault(store)
    object_id = put_in(vault, b"a picture" * 1000)
    assert read(vault, object_id) == b"a picture" * 1000
    with store.read() as conn:
        assert [(one.action, one.who, one.why) for one in vault.custody(conn, object_id)] == [
            ("sealed", "reviewer-7", "case"),
            ("opened", "reviewer-7", "a test"),
        ]
    assert actions(store) == ["vault.sealed", "vault.opened"]


def test_no_plaintext_is_in_the_blobs_or_the_database(store, tmp_path):
    vault = a_vault(store, blobs=tmp_path / "blobs")
    put_in(vault, b"needle-in-a-haystack" * 100)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.parent.parent.name == "blobs" for path in files)
    assert [path for path in files if b"needle-in-a-haystack" in path.read_bytes()] == []


def test_an_object_is_opened_for_a_purpose_only(store):
    vault = a_vault(store)
    object_id = put_in(vault)
    with pytest.raises(RefusedError), vault.opened(object_id, purpose=" ", by=BY):
        pass


def test_the_view_shows_nothing_after_the_block(store):
    vault = a_vault(store)
    with vault.opened(put_in(vault, b"x" * 9000), purpose="a test", by=BY) as view:
        part = view[:100]
        with pytest.raises(TypeError):
            view[0] = 1
    assert bytes(part) == bytes(100)


@pytest.mark.parametrize("column", ["wrap", "blob"])
def test_altered_evidence_is_reported_as_tampered_and_the_failure_is_on_record(store, column):
    vault = a_vault(store)
    object_id = put_in(vault)
    found = row(vault, object_id)
    if column == "wrap":
        with store.write() as conn:
            conn.execute(update(objects).values(wrap=bytes([found.wrap[0] ^ 1]) + found.wrap[1:]))
    else:
        blob = b"".join(vault.blobs.get(found.blob))
        vault.blobs.put(found.blob, [blob[:-1] + bytes([blob[-1] ^ 1])])
    with pytest.raises(TamperedError):
        read(vault, object_id)
    with store.read() as conn:
        last = vault.custody(conn, object_id)[-1]
    assert (last.action, last.result) == ("open_failed", "TamperedError")
    assert actions(store)[-1] == "vault.open_failed"


def test_the_keys_of_two_objects_cannot_be_swapped(store):
    vault = a_vault(store)
    one, other = put_in(vault, b"one"), put_in(vault, b"two")
    with store.write() as conn:
        conn.execute(update(objects).where(objects.c.id == one).values(wrap=row(vault, other).wrap))
    with pytest.raises(TamperedError):
        read(vault, one)


def test_without_the_service_key_nothing_opens_and_the_missing_key_is_named(store):
    vault = a_vault(store)
    object_id = put_in(vault)
    vault.keyring = HeldKeys(key_text())
    with pytest.raises(ServiceKeyMissingError, match=row(vault, object_id).key_id):
        read(vault, object_id)


def test_a_transaction_that_fails_leaves_no_object_and_no_leaf(store):
    vault = a_vault(store)
    sealed = vault.seal(b"abc")
    with suppress(ZeroDivisionError), store.write() as conn:
        vault.record(conn, sealed, item=None, basis="case", media_type="image/png", by=BY)
        raise ZeroDivisionError
    assert row(vault, sealed.object_id) is None
    assert actions(store) == []


def test_the_blob_store_may_go_away_and_come_back(store, tmp_path):
    vault = a_vault(store, blobs=tmp_path / "blobs")
    object_id = put_in(vault, b"kept")
    (tmp_path / "blobs").rename(tmp_path / "away")
    with pytest.raises(BlobStoreUnavailableError):
        vault.seal(b"new")
    with pytest.raises(BlobStoreUnavailableError):
        read(vault, object_id)
    (tmp_path / "away").rename(tmp_path / "blobs")
    assert read(vault, object_id) == b"kept"
    vault.seal(b"new")


def test_a_blob_that_is_lost_is_told_apart_from_a_store_that_is_away(store, tmp_path):
    vault = a_vault(store, blobs=tmp_path / "blobs")
    object_id = put_in(vault)
    vault.blobs.delete(row(vault, object_id).blob)
    with pytest.raises(BlobMissingError):
        read(vault, object_id)


def test_destroying_erases_the_keys_at_once_and_the_blob_soon(store):
    vault = a_vault(store)
    object_id = put_in(vault)
    blob = row(vault, object_id).blob
    with store.write() as conn:
        assert vault.destroy(conn, object_id, reason="order 17", by=BY, authority="a court") is True
    found = row(vault, object_id)
    assert (found.wrap, found.custodian_wrap, found.key_id, found.sha256) == (None, None, None, None)
    with pytest.raises(ObjectDestroyedError):
        read(vault, object_id)
    run_jobs(vault)
    with pytest.raises(BlobMissingError):
        b"".join(vault.blobs.get(blob))
    assert row(vault, object_id).blob is None
    with store.write() as conn:
        assert vault.destroy(conn, object_id, reason="again", by=BY) is False
    assert actions(store).count("vault.destroyed") == 1


def test_destroyed_keys_are_in_no_file_of_a_sqlite_database(sqlite_store):
    vault = a_vault(sqlite_store)
    object_id = put_in(vault)
    wrap = row(vault, object_id).wrap
    with sqlite_store.write() as conn:
        vault.destroy(conn, object_id, reason="a test", by=BY)
    run_jobs(vault)
    files = list(sqlite_store.path.parent.glob("rempart.db*"))
    assert [path.name for path in files if wrap in path.read_bytes()] == []


def test_a_blob_store_that_is_away_puts_the_deletion_off(store, tmp_path):
    vault = a_vault(store, blobs=tmp_path / "blobs")
    object_id = put_in(vault)
    with store.write() as conn:
        vault.destroy(conn, object_id, reason="a test", by=BY)
    (tmp_path / "blobs").rename(tmp_path / "away")
    run_jobs(vault)
    assert row(vault, object_id).blob is not None
    (tmp_path / "away").rename(tmp_path / "blobs")
    vault.clock.go_on(hours=1)
    run_jobs(vault)
    assert row(vault, object_id).blob is None


def test_a_hold_wins_over_destruction_and_retention_until_it_is_released(store):
    vault = a_vault(store)
    object_id = put_in(vault)
    with store.write() as conn:
        hold = vault.hold(conn, object_id, reason="proceedings", by=BY)
        second = vault.hold(conn, object_id, reason="another court", by=BY)
        vault.let_go(conn, basis="case", reference="case_1", by=BY)
    with pytest.raises(LegalHoldError), store.write() as conn:
        vault.destroy(conn, object_id, reason="wish", by=BY)
    assert run_retention(vault, by=BY) == 0
    with store.write() as conn:
        vault.release(conn, hold, reason="over", by=BY)
    assert run_retention(vault, by=BY) == 0
    with store.write() as conn:
        vault.release(conn, second, reason="over", by=BY)
    assert run_retention(vault, by=BY) == 1
    with pytest.raises(RefusedError), store.write() as conn:
        vault.release(conn, second, reason="again", by=BY)


def test_what_a_case_kept_is_destroyed_once_the_case_lets_go(store):
    vault = a_vault(store)
    one, other = put_in(vault), put_in(vault, reference="case_2")
    assert run_retention(vault, by=BY) == 0
    with store.write() as conn:
        assert vault.let_go(conn, basis="case", reference="case_1", by=BY) == (one,)
    assert run_retention(vault, by=BY) == 1
    assert row(vault, one).destroyed is not None
    assert row(vault, other).destroyed is None


def test_a_second_reason_keeps_what_a_case_lets_go(store):
    vault = a_vault(store)
    object_id = put_in(vault)
    with store.write() as conn:
        vault.keep(conn, object_id, basis="us-2258a", keep_until=vault.clock.now + timedelta(days=365), by=BY)
        vault.let_go(conn, basis="case", reference="case_1", by=BY)
    assert run_retention(vault, by=BY) == 0
    vault.clock.go_on(days=366)
    assert run_retention(vault, by=BY) == 0, "it ran out by the clock: seen for the first time"
    vault.clock.go_on(seconds=GRACE.total_seconds())
    assert run_retention(vault, by=BY) == 1


def test_a_duty_keeps_only_where_the_operator_switched_it_on(store):
    vault = a_vault(store)
    object_id = put_in(vault)
    triggered = vault.clock.now
    with store.write() as conn:
        assert vault.oblige(conn, object_id, regime="us-2258a", triggered=triggered, by=BY) is None
        vault.duties = frozenset({"us-2258a"})
        until = vault.oblige(conn, object_id, regime="us-2258a", triggered=triggered, by=BY)
        assert until == triggered.replace(year=triggered.year + 1)
        with pytest.raises(RefusedError):
            vault.oblige(conn, object_id, regime="xx-none", triggered=triggered, by=BY)
        vault.let_go(conn, basis="case", reference="case_1", by=BY)
    assert run_retention(vault, by=BY) == 0
    with store.read() as conn:
        assert set(conn.scalars(select(bases.c.keep_until))) == {None, until}


def test_a_clock_that_jumps_ahead_and_back_within_a_day_destroys_nothing(store):
    vault = a_vault(store)
    object_id = put_in(vault, keep_until=vault.clock.now + timedelta(days=30))
    vault.clock.go_on(days=400)
    run_retention(vault, by=BY)
    vault.clock.go_on(days=-400, hours=5)
    run_retention(vault, by=BY)
    assert row(vault, object_id).due_seen is None
    vault.clock.go_on(days=2)
    assert run_retention(vault, by=BY) == 0


def test_a_reason_told_twice_only_lengthens(store):
    vault = a_vault(store)
    later, sooner = vault.clock.now + timedelta(days=9), vault.clock.now + timedelta(days=3)
    object_id = put_in(vault, basis="eu-tco", reference="", keep_until=later)
    with store.write() as conn:
        vault.keep(conn, object_id, basis="eu-tco", keep_until=sooner, by=BY)
    with store.read() as conn:
        assert conn.scalars(select(bases.c.keep_until)).all() == [later]


def test_bytes_that_nobody_recorded_are_swept_and_the_others_stay(store):
    vault = a_vault(store)
    kept = put_in(vault, b"kept")
    stray = vault.seal(b"stray")
    sweep = Sweep(vault)
    assert sweep.run() == 0
    vault.clock.go_on(seconds=RECORD_WITHIN)
    assert sweep.run() == 0
    vault.clock.go_on(seconds=RECORD_WITHIN)
    assert sweep.run() == 1
    assert read(vault, kept) == b"kept"
    with pytest.raises(UnavailableError), store.write() as conn:
        vault.record(conn, stray, item=None, basis="case", media_type="image/png", by=BY)


def test_what_is_recorded_just_in_time_is_not_swept(store):
    vault = a_vault(store)
    sealed = vault.seal(b"late")
    sweep = Sweep(vault)
    sweep.run()
    vault.clock.go_on(seconds=RECORD_WITHIN - 1)
    with store.write() as conn:
        vault.record(conn, sealed, item=None, basis="case", media_type="image/png", by=BY)
    vault.clock.go_on(seconds=2 * RECORD_WITHIN)
    assert sweep.run() == 0
    assert read(vault, sealed.object_id) == b"late"


def test_the_custody_log_refuses_to_be_changed(store):
    vault = a_vault(store)
    put_in(vault)
    for statement in (update(custody).values(who="nobody"), delete(custody)):
        with pytest.raises(DBAPIError), store.write() as conn:
            conn.execute(statement)


def test_counts_tell_what_is_there(store):
    vault = a_vault(store, hands=Hands())
    one = put_in(vault, b"12345")
    two = put_in(vault, b"123")
    with store.write() as conn:
        vault.hold(conn, one, reason="court", by=BY)
        vault.destroy(conn, two, reason="a test", by=BY)
        assert vault.status(conn) == {
            "objects": 1, "bytes": 5, "destroyed": 1, "due": 0, "blobs_to_delete": 1, "held": 1,
        }  # fmt: skip
    assert callable(delete_blob)
