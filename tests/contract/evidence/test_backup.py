"""Backups on both databases: made while others write, checked, brought back, and closed until finished."""

import io
import threading
from contextlib import closing

import pytest
from sqlalchemy import select, update

from rempart.clock import utc_now
from rempart.errors import (
    BackupFormatError,
    IncompleteError,
    LedgerChangedError,
    ObjectDestroyedError,
    RefusedError,
    RempartError,
    RestorePendingError,
    ServiceKeyMissingError,
    TamperedError,
)
from rempart.evidence.backup.ledgercheck import check_ledger
from rempart.evidence.backup.making import make_backup
from rempart.evidence.backup.replaying import destroyed_again, finish, later_steps
from rempart.evidence.backup.restoring import check_backup, load_backup, refuse_while_pending
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.ledger.catchup import catch_up
from rempart.evidence.ledger.export import export
from rempart.evidence.ledger.notes import Signer
from rempart.evidence.ledger.records import leaves
from rempart.evidence.ledger.sequencer import Sequencer
from rempart.evidence.vault import HeldKeys
from rempart.store.blobs import open_blobs
from rempart.store.dump import snapshot
from rempart.store.engine import Store
from rempart.store.jobs import enqueue, jobs
from vaults import BY, a_vault, key_text, put_in, read


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request, tmp_path):
    """An empty database of each kind: a backup of one is restored into the other too."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'restored.db'}"
    else:
        url = request.getfixturevalue("cluster").empty_database()
    with Store.open(url, clock=utc_now) as opened:
        yield opened


def backup_of(vault, **more):
    stream = io.BytesIO()
    made = make_backup(
        vault.store, vault.blobs, stream, keyring=vault.keyring, settings=b"# mine\n", version="1", **more
    )
    return stream.getvalue(), made


def restored_from(data, vault, store, tmp_path):
    """Check and load; gives the vault over the restored database."""
    checked = check_backup(io.BytesIO(data), keyring=vault.keyring)
    blobs = open_blobs(str(tmp_path / "restored-blobs"))
    result = load_backup(store, blobs, lambda: closing(io.BytesIO(data)), checked, clock=vault.clock)
    return a_vault(store, blobs=blobs, keys=vault.keyring, hands=vault.clock), result


def everything(store):
    with snapshot(store) as shot:
        left_out = {"sessions", "signin_links", "signin_attempts", "ceremonies", "restores", "leases"}
        return {name: list(map(list, shot.rows(name))) for name in shot.tables if name not in left_out}


def test_a_backup_brings_everything_back_on_either_database(store, empty, tmp_path):
    vault = a_vault(store, blobs=tmp_path / "blobs")
    objects = [put_in(vault, bytes([number]) * 3000) for number in range(5)]
    with store.write() as conn:
        vault.hold(conn, objects[0], reason="naïve “court”\r\n\u2028 order", by=BY)
        enqueue(conn, "something", {"ü": [1, None, True]}, now=vault.clock.now)
    before = everything(store)
    data, made = backup_of(vault)
    assert (made.blobs, made.whole, made.rows["vault_objects"]) == (5, True, 5)
    again, result = restored_from(data, vault, empty, tmp_path)
    assert everything(empty) == before
    assert result.without_bytes == ()
    assert [read(again, one)[:1] for one in objects] == [bytes([number]) for number in range(5)]
    assert put_in(again, b"numbering goes on") not in objects


def test_no_key_is_in_a_backup(store, tmp_path):
    text = key_text()
    vault = a_vault(store, keys=HeldKeys(text))
    put_in(vault, b"plain bytes that must not show")
    data, _ = backup_of(vault)
    assert text.encode() not in data
    assert vault.keyring.active().secret not in data
    assert b"plain bytes that must not show" not in data


def test_a_backup_made_while_others_write_is_of_one_moment(store, tmp_path):
    vault = a_vault(store)
    stop = threading.Event()
    failed = []

    def keep_writing():
        while not stop.is_set():
            try:
                put_in(vault, b"more")
            except RempartError as err:
                failed.append(err)
                return

    put_in(vault)
    writers = [threading.Thread(target=keep_writing) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        counts = []
        for _ in range(5):
            made = backup_of(vault)[1]
            counts.append(
                {made.rows[name] for name in ("vault_objects", "vault_custody", "vault_bases", "ledger_leaves")}
            )
            assert made.whole
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert failed == []
    assert [len(one) for one in counts] == [1] * 5, counts


def test_a_backup_that_was_cut_anywhere_is_refused_and_not_taken_for_less(sqlite_store):
    vault = a_vault(sqlite_store)
    put_in(vault)
    data, _ = backup_of(vault)
    end = len(data.rstrip(b"\0"))
    for length in {*range(0, end, 997), end - 1}:
        with pytest.raises((IncompleteError, BackupFormatError)):
            check_backup(io.BytesIO(data[:length]), keyring=vault.keyring)
    with pytest.raises(IncompleteError):
        check_backup(io.BytesIO(data[: end // 2]), keyring=vault.keyring)


def test_an_altered_backup_is_noticed_or_says_exactly_what_was_written(sqlite_store):
    vault = a_vault(sqlite_store)
    put_in(vault)
    data, _ = backup_of(vault)
    right = check_backup(io.BytesIO(data), keyring=vault.keyring)
    end = len(data.rstrip(b"\0"))
    noticed = 0
    for place in range(0, end, 211):
        altered = bytearray(data)
        altered[place] ^= 1
        try:  # what may change unseen is padding between members
            assert check_backup(io.BytesIO(bytes(altered)), keyring=vault.keyring) == right
        except (TamperedError, IncompleteError, BackupFormatError):
            noticed += 1
    assert noticed > end // 211 // 4


def test_a_backup_rewritten_with_right_checksums_needs_the_service_key(sqlite_store):
    vault = a_vault(sqlite_store)
    put_in(vault)
    stream = io.BytesIO()
    forger = HeldKeys(key_text())
    make_backup(sqlite_store, vault.blobs, stream, keyring=forger, settings=b"", version="1")
    with pytest.raises(ServiceKeyMissingError):
        check_backup(io.BytesIO(stream.getvalue()), keyring=vault.keyring)
    bare = io.BytesIO()
    make_backup(sqlite_store, vault.blobs, bare, keyring=None, settings=b"", version="1")
    with pytest.raises(TamperedError):
        check_backup(io.BytesIO(bare.getvalue()), keyring=vault.keyring)
    assert check_backup(io.BytesIO(bare.getvalue()), keyring=None).authentic is False


def test_what_is_no_backup_is_told_so():
    for data in (b"", b"not a backup", bytes(10_000)):
        with pytest.raises((BackupFormatError, IncompleteError)):
            check_backup(io.BytesIO(data), keyring=None)


def test_lost_and_damaged_blobs_are_named_and_do_not_stop_the_backup(store, tmp_path):
    vault = a_vault(store, blobs=tmp_path / "blobs")
    good, lost, damaged = (put_in(vault, data) for data in (b"good", b"lost", b"damaged"))
    blobs = {path.name: path for path in (tmp_path / "blobs").rglob("*") if path.is_file()}
    with snapshot(store) as shot:
        names = {row[0]: row[6] for row in shot.rows("vault_objects")}
    blobs[names[lost]].unlink()
    blobs[names[damaged]].write_bytes(b"something else")
    _, made = backup_of(vault)
    assert (made.blobs, made.missing, made.damaged, made.whole) == (1, (lost,), (damaged,), False)
    assert read(vault, good) == b"good"


def test_a_restore_into_a_database_in_use_is_refused(store, tmp_path):
    vault = a_vault(store)
    object_id = put_in(vault)
    data, _ = backup_of(vault)
    with pytest.raises(RefusedError):
        restored_from(data, vault, store, tmp_path)
    assert read(vault, object_id) == b"a picture"


def test_an_interrupted_restore_leaves_the_database_empty_and_can_be_repeated(store, empty, tmp_path, monkeypatch):
    vault = a_vault(store)
    put_in(vault)
    data, _ = backup_of(vault)
    with monkeypatch.context() as patch:
        patch.setattr("rempart.evidence.backup.restoring.begin_restore", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            restored_from(data, vault, empty, tmp_path)
    _, result = restored_from(data, vault, empty, tmp_path)
    assert result.rows["vault_objects"] == 1


def exported(store, path):
    """Sign what is there and write the full export."""
    signer = Signer.generate("test/ledger")
    Sequencer(store, signer=signer).checkpoint()
    with path.open("wb") as stream:
        export(store, stream)
    return signer.key


def test_nothing_is_served_until_the_later_destructions_are_repeated(store, empty, tmp_path):
    vault = a_vault(store)
    doomed, kept = put_in(vault, b"doomed"), put_in(vault, b"kept")
    exported(store, tmp_path / "early")
    lately = put_in(vault, b"not yet in the tree when the backup was made")
    data, made = backup_of(vault)
    assert made.ledger_size == 2
    with store.write() as conn:
        vault.destroy(conn, doomed, reason="an order", by=BY)
    key = exported(store, tmp_path / "newest")
    again, _ = restored_from(data, vault, empty, tmp_path)
    with empty.read() as conn, pytest.raises(RestorePendingError):
        refuse_while_pending(conn)
    with pytest.raises(RefusedError):
        finish(empty, (), {}, by=BY)
    assert catch_up(empty, tmp_path / "newest", keys=[key]) == 2
    steps = later_steps(tmp_path / "newest", after=made.ledger_size)
    done = finish(empty, steps, {"vault.destroyed": destroyed_again(again)}, by=BY)
    assert done == {"vault.destroyed": 1}
    with empty.read() as conn:
        refuse_while_pending(conn)
        assert check_ledger(conn) == 4
    with pytest.raises(ObjectDestroyedError):
        read(again, doomed)
    assert read(again, kept) == b"kept"
    assert read(again, lately).startswith(b"not yet")
    with pytest.raises(RefusedError):
        finish(empty, (), {}, by=BY)


def test_a_ledger_that_was_altered_in_the_database_is_noticed(sqlite_store, tmp_path):
    vault = a_vault(sqlite_store)
    put_in(vault)
    exported(sqlite_store, tmp_path / "export")
    with sqlite_store.write() as conn:
        assert check_ledger(conn) == 1
        conn.exec_driver_sql("DROP TRIGGER ledger_leaves_no_update")
        conn.execute(update(leaves).values(body="{}"))
    with sqlite_store.read() as conn, pytest.raises(LedgerChangedError):
        check_ledger(conn)


def test_without_a_newer_ledger_a_reason_is_needed_and_written_down(store, empty, tmp_path):
    vault = a_vault(store)
    put_in(vault)
    data, _ = backup_of(vault)
    restored_from(data, vault, empty, tmp_path)
    assert finish(empty, (), {}, by=BY, without_ledger="the machine burned") == {}
    with empty.read() as conn:
        assert '"restore.done"' in conn.scalars(select(leaves.c.body).order_by(leaves.c.id.desc())).first()


def test_work_that_was_in_hand_at_the_moment_of_the_backup_is_queued_again(store, empty, tmp_path):
    vault = a_vault(store)
    with store.write() as conn:
        append(conn, Leaf(action="a.thing", actor="nobody"), at=vault.clock.now)
        enqueue(conn, "something", {}, now=vault.clock.now)
        conn.execute(update(jobs).values(state="running", worker="worker_gone"))
    data, _ = backup_of(vault)
    restored_from(data, vault, empty, tmp_path)
    with empty.read() as conn:
        assert [(row.state, row.worker) for row in conn.execute(select(jobs))] == [("queued", None)]
