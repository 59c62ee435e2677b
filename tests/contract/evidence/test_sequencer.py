"""Positions and checkpoints on both databases: no leaf lost, none twice, whoever dies, stands still or comes late."""

import io
import os
import random
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ledgers import peak_of, some_leaves
from rempart.clock import utc_now
from rempart.errors import LeaseLostError, LedgerForkedError, LedgerIncompleteError, RempartError
from rempart.evidence.ledger import append_many, erase
from rempart.evidence.ledger.export import export
from rempart.evidence.ledger.notes import Signer, parse_checkpoint
from rempart.evidence.ledger.proof import check_proof, prove
from rempart.evidence.ledger.records import positions
from rempart.evidence.ledger.sequencer import LastSigned, Sequencer, latest_checkpoint
from rempart.evidence.ledger.status import status_of
from rempart.evidence.ledger.storedtree import StoredTree
from rempart.evidence.ledger.tree import inclusion_path, is_consistent, is_included, root_of
from rempart.evidence.ledger.upkeep import periodics
from rempart.evidence.ledger.verify import verify
from rempart.store.workers import Worker
from standstill import resume, stop_outside_a_transaction

ROOT = Path(__file__).resolve().parents[3]
LONG = "REMPART_CAMPAIGN" in os.environ
SIGNER = Signer.generate("example.org/ledger")


def nobody(_):
    """A guard that never minds."""


def write(store, count, first=0):
    with store.write() as conn:
        return append_many(conn, some_leaves(count, first), at=utc_now())


def verified(store, folder, checkpoints=(), keys=(SIGNER.key,)):
    """Export, and verify what was exported."""
    path = folder / "export.jsonl"
    with path.open("wb") as stream:
        export(store, stream)
    return verify(path, keys=keys, checkpoints=checkpoints)


def status(store):
    with store.read() as conn:
        return status_of(conn)


def placed(store):
    with store.read() as conn:
        return conn.execute(select(positions).order_by(positions.c.position)).all()


def test_checkpoints_of_a_growing_tree_are_consistent_with_each_other(store, tmp_path):
    sequencer, notes, done = Sequencer(store, signer=SIGNER, batch=100), [sequencer_note(store)], 0
    for size in (1, 2, 255, 256, 257, 600):
        write(store, size - done, done)
        done = size
        made = sequencer.checkpoint()
        assert made.size == size
        notes.append(made.note)
    assert verified(store, tmp_path, notes).confirmed == (0, 1, 2, 255, 256, 257, 600)
    hashes = [row.hash for row in placed(store)]
    with store.read() as conn:
        tree = StoredTree(conn, 600)
        for old in (0, 1, 2, 255, 256, 257, 511, 512, 513, 600):
            before = StoredTree(conn, old).root()
            assert before == root_of(hashes[:old])
            assert is_consistent(old, before, 600, tree.root(), tree.consistency(old))
        for leaf in (0, 1, 255, 256, 511, 512, 599):
            path = tree.inclusion(leaf)
            assert path == inclusion_path(leaf, 600, lambda start, end: root_of(hashes[start:end]))
            assert is_included(hashes[leaf], leaf, 600, path, tree.root())


def sequencer_note(store):
    """The checkpoint of an empty ledger."""
    made = Sequencer(store, signer=SIGNER).checkpoint()
    assert made.size == 0
    return made.note


def test_nothing_is_signed_twice_and_nothing_before_it_is_time(store):
    now = [utc_now()]
    store.clock = lambda: now[0]
    sequencer = Sequencer(store, signer=SIGNER, every=timedelta(seconds=30))
    with Worker(store) as worker:
        write(store, 3)
        sequencer.run(worker)
        write(store, 3, 3)
        sequencer.run(worker)
        assert (status(store).in_tree, status(store).checkpoint_size) == (6, 3)
        now[0] += timedelta(seconds=31)
        sequencer.run(worker)
        sequencer.run(worker)
        assert status(store).checkpoint_size == 6
        now[0] -= timedelta(hours=2)
        write(store, 1, 6)
        sequencer.run(worker)
        assert status(store).checkpoint_size == 7, "a clock that was set back must not stop checkpoints"
        assert sequencer.checkpoint().id == sequencer.checkpoint().id
    (work,) = periodics(sequencer)
    assert work.seconds <= 60


def test_only_the_holder_of_the_lease_sequences(store):
    with Worker(store) as one, Worker(store) as other:
        write(store, 10)
        Sequencer(store, signer=SIGNER).run(one)
        write(store, 10, 10)
        with pytest.raises(LeaseLostError):
            Sequencer(store, signer=SIGNER).run(other)
        assert status(store).waiting == 10
        one.stop()
        Sequencer(store, signer=SIGNER).run(other)
        assert status(store).waiting == 0


def test_leaves_of_many_writers_are_all_sequenced_while_they_write(store, tmp_path):
    written, stop = [], threading.Event()

    def appender(name):
        chance = random.Random(name)
        for n in range(12):
            with store.write() as conn:
                mine = append_many(conn, some_leaves(chance.randint(1, 9), 1000 * name + n), at=utc_now())
                time.sleep(chance.random() * (0.05 if store.dialect == "postgresql" else 0.002))
            written.extend(mine)

    def sequence():
        one = Sequencer(store, signer=SIGNER, batch=7)
        while not stop.is_set():
            one.checkpoint()

    appenders = [threading.Thread(target=appender, args=(n,)) for n in range(5)]
    sequencers = [threading.Thread(target=sequence) for _ in range(2)]
    for thread in (*appenders, *sequencers):
        thread.start()
    for thread in appenders:
        thread.join()
    stop.set()
    for thread in sequencers:
        thread.join()
    Sequencer(store, signer=SIGNER).checkpoint()
    rows = placed(store)
    assert sorted(row.leaf_id for row in rows) == sorted(written)
    assert [row.position for row in rows] == list(range(len(written)))
    assert verified(store, tmp_path).size == len(written)


def test_a_leaf_that_is_committed_after_larger_numbers_were_sequenced_gets_its_place(store, tmp_path):
    if store.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time: nobody commits out of order")
    sequencer = Sequencer(store, signer=SIGNER)
    with store.write() as late:
        first = append_many(late, some_leaves(2), at=utc_now())
        others = write(store, 3, 2)
        assert min(others) > max(first)
        assert sequencer.checkpoint().size == 3
    assert sequencer.checkpoint().size == 5
    assert [row.leaf_id for row in placed(store)] == [*others, *first]
    assert verified(store, tmp_path).size == 5


CHILD = """
import sys, time
sys.path[:0] = [{src!r}, {tests!r}]
from ledgers import peak_of, some_leaves
from rempart.clock import utc_now
from rempart.errors import RempartError
from rempart.evidence.ledger import append_many
from rempart.evidence.ledger.notes import Signer
from rempart.evidence.ledger.sequencer import Sequencer
from rempart.store.engine import Store
from rempart.store.workers import Worker
store = Store.open(sys.argv[1])
sequencer = Sequencer(store, signer=Signer.parse(sys.argv[2]), batch=10)
def say(*words):
    print(*words, flush=True)
{body}
"""


def child(url, body):
    code = CHILD.format(src=str(ROOT / "src"), tests=str(ROOT / "tests"), body=body)
    return subprocess.Popen(
        [sys.executable, "-c", code, url, SIGNER.private_line()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


TAKE = 'exec("with store.write() as conn: assert worker.take(conn, \\"sequencer\\")")'
STANDS_STILL = """
with Worker(store, ttl=1.5) as worker:
    def stands_still(conn):
        assert worker.take(conn, "sequencer")
        {inside}
    {before}
    try:
        sequencer.sequence(stands_still)
        say("wrote")
    except (RempartError, AssertionError) as err:
        say("refused", type(err).__name__)
    store.close()
"""


def test_a_sequencer_that_stood_still_writes_nothing_when_it_wakes_up(store, database_url, tmp_path):
    """SIGSTOP while it holds the lease; on Postgres within the transaction too, with the lock on the tree's end."""
    write(store, 25)
    wait = "say('here'); sys.stdin.readline()"
    parts = {"inside": wait, "before": "pass"}
    if store.dialect == "sqlite":  # who stands still within a transaction there stops all writers: nothing can go on
        parts = {"inside": "pass", "before": f"{TAKE}; {wait}"}
    process = child(database_url, STANDS_STILL.format(**parts))
    try:
        assert process.stdout.readline() == "here\n", process.stderr.read()
        stop_outside_a_transaction(store, process.pid)
        with Worker(store, ttl=1.5) as worker:
            mine = Sequencer(store, signer=SIGNER)
            deadline = time.monotonic() + 30
            while status(store).waiting:
                assert time.monotonic() < deadline, "the other process never took over"
                try:
                    mine.run(worker)
                except RempartError:
                    time.sleep(0.2)
            note = mine.checkpoint().note
            write(store, 30, 25)
            resume([process.pid])
            out, err = process.communicate("go on\n", timeout=60)
            assert out.startswith("refused"), (out, err)
            mine.run(worker)
    finally:
        process.kill()
        process.communicate()
    Sequencer(store, signer=SIGNER).checkpoint()
    assert status(store).lost == status(store).waiting == 0
    assert verified(store, tmp_path, [note]).size == 55


WORKS = """
for n in range(100_000):
    with store.write() as conn:
        append_many(conn, some_leaves(7, n), at=utc_now())
    say("wrote", 7)
    if n % 3 == 0:
        note = sequencer.checkpoint().note
        say("signed", note.encode().hex())
"""


def test_a_process_killed_at_any_moment_loses_no_leaf_and_forks_nothing(store, database_url, tmp_path):
    chance, wrote, notes = random.Random(7), 0, []
    for _ in range(40 if LONG else 4):
        lines = []
        with child(database_url, WORKS) as process:
            for line in process.stdout:
                lines.append(line)
                if len(lines) > chance.randint(1, 40):
                    break
            process.kill()
            out, err = process.stdout.read(), process.stderr.read()  # from where the lines ended
        assert not err, err
        for line in (*lines, *out.splitlines(keepends=True)):
            if line.endswith("\n") and line.startswith("wrote"):
                wrote += 7
            elif line.endswith("\n"):
                notes.append(bytes.fromhex(line.split()[1]).decode())
    made = Sequencer(store, signer=SIGNER).checkpoint()
    assert made.size >= wrote > 0
    assert notes
    found = verified(store, tmp_path, notes)
    assert found.confirmed == tuple(parse_checkpoint(note).size for note in notes)
    assert status(store).lost == 0


def test_a_database_that_was_set_back_is_not_signed_again(store, tmp_path):
    last = LastSigned(tmp_path / "ledger" / "checkpoint")
    write(store, 5)
    Sequencer(store, signer=SIGNER, last_signed=last).checkpoint()
    later = parse_checkpoint((tmp_path / "ledger" / "checkpoint").read_text())
    text = later.text.replace("\n5\n", "\n9\n")
    last.write(SIGNER.sign(text))
    write(store, 1)
    with pytest.raises(LedgerForkedError, match="set back"):
        Sequencer(store, signer=SIGNER, last_signed=last).checkpoint()
    assert status(store).in_tree == 5
    last.write(SIGNER.sign(later.text.replace("\n5\n", "\n4\n")))
    with pytest.raises(LedgerForkedError, match="not the one"):
        Sequencer(store, signer=SIGNER, last_signed=last).checkpoint()


def test_erasing_salts_keeps_every_proof(store, tmp_path):
    write(store, 300)
    made = Sequencer(store, signer=SIGNER).checkpoint()
    with store.read() as conn:
        proof = prove(conn, 7, values={"item_id": "photo-7"})
    with store.write() as conn:
        for n in range(300):
            erase(conn, subject=f"item:{n}")
    assert verified(store, tmp_path, [made.note]).unaltered_since == 300
    assert check_proof(proof, keys=[SIGNER.key]).opened["item_id"] == "photo-7"
    told = (tmp_path / "export.jsonl").read_text()
    assert '"opens":{"at"' in told
    assert '"subject":{"salt"' not in told


def test_before_the_first_checkpoint_there_is_nothing_to_export(store):
    with pytest.raises(LedgerIncompleteError, match="rempart ledger checkpoint"):
        export(store, io.BytesIO())
    with store.read() as conn:
        assert latest_checkpoint(conn) is None
        with pytest.raises(LedgerIncompleteError):
            prove(conn, 0)


def test_memory_does_not_grow_with_the_ledger(store, tmp_path):
    """Sequencing, exporting and verifying four times as much takes no more memory."""
    peaks = [peak_of(store, tmp_path, size) for size in ((25_000, 100_000) if LONG else (1024, 4096))]
    assert peaks[1] < 1.3 * peaks[0] + 200_000
    assert peaks[1] < 12 << 20
