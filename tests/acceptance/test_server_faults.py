"""What a server needs goes away and comes back: it refuses or holds, loses nothing, and lets nobody through by it."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from databases import Cluster
from faults import atrest
from faults.disks import A_DISK, small_disk
from faults.load import bodies, listed
from faults.stand import Group, Stand, children, wait_until_alone
from faults.witness import Witness
from receivers import wait_until

PICTURES = bodies()
LISTED = listed(PICTURES)
NEEDS_SEALING = ("listed photo", "listed picture")
OTHERS = ("photo", "signal", "listed signal")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """A service on SQLite, which goes through one fault after the other."""
    return Stand(tmp_path_factory.mktemp("faults") / "service", listed=LISTED)


@pytest.fixture(scope="module")
def server(stand: Stand) -> Iterator[Group]:
    """Its server."""
    started = stand.start()
    yield started
    started.kill()


def ready(stand: Stand, server: Group) -> list[str]:
    """What `/readyz` says is lacking."""
    with server.client(stand.key) as client:
        answer = client.get("/readyz").json()
        return [one["where"] for one in answer.get("errors", ())]


def all_is_well(stand: Stand, server: Group, witness: Witness, home: Path) -> None:
    """Everything that was promised is kept, the server is ready, and its data agree with each other."""
    witness.honest()
    with server.client(stand.key) as client:
        assert witness.kept(client) > 10
    assert ready(stand, server) == []
    with stand.store() as store:
        atrest.rows_have_their_leaves(store)
        atrest.ledger_verifies(stand.settings, store, (), home)
        atrest.evidence_opens(stand.settings, store, set())
    assert atrest.no_plaintext([stand.data]) > 0
    assert not any("Traceback" in line for line in server.log), "".join(server.log[-80:])


def test_full_disk_refuses_what_it_cannot_keep_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        stand = Stand(disk.path / "service", listed=LISTED)
        server = stand.start()
        try:
            with Witness(stand, server.url, PICTURES) as witness:
                witness.wait_for(200)
                disk.fill(server.process.pid)
                witness.wait_for(503, NEEDS_SEALING)
                time.sleep(1.0)
                disk.free(server.process.pid)
                witness.wait_for(200)
            all_is_well(stand, server, witness, tmp_path)
        finally:
            server.kill()


def test_postgres_whose_disk_is_full_refuses_and_goes_on_when_there_is_room(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = Path(tempfile.mkdtemp(prefix="rempart-disk-", dir="/tmp"))  # for a socket's name is short
    place.chmod(0o711)  # and Postgres is somebody else
    request.addfinalizer(lambda: shutil.rmtree(place, ignore_errors=True))
    with small_disk(place / "disk", room=192 << 20) as disk:
        if disk.how != A_DISK:
            pytest.skip("a file system of its own cannot be mounted here, and Postgres would die of a limit on files")
        cluster = Cluster(disk=disk.path)
        stand = Stand(tmp_path / "service", database=cluster.new_database(), listed=LISTED)
        server = stand.start()
        try:
            with Witness(stand, server.url, PICTURES) as witness:
                witness.wait_for(200)
                disk.fill(0)
                witness.wait_for(503)
                disk.free(0)
                if cluster.process.poll() is not None:
                    cluster.resume()  # it gave up, as it does when its log has no room; its operator starts it again
                witness.wait_for(200)
            all_is_well(stand, server, witness, tmp_path)
        finally:
            server.kill()
            cluster.stop()


def test_database_file_that_is_moved_away_and_back_has_every_answer(
    stand: Stand, server: Group, tmp_path: Path
) -> None:
    names = [stand.data / f"rempart.db{end}" for end in ("", "-wal", "-shm")]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Witness(stand, server.url, PICTURES) as witness:
        witness.wait_for(200)
        for path in names:
            path.rename(elsewhere / path.name)
        witness.wait_for(503)
        gone = time.monotonic()
        time.sleep(1.0)
        assert set(witness.statuses(gone)) == {503}
        assert "database" in ready(stand, server)
        assert not names[0].exists(), "a new database was made in its place"
        for path in reversed(names):
            (elsewhere / path.name).rename(path)
        witness.wait_for(200)
    all_is_well(stand, server, witness, tmp_path)


def test_postgres_that_stops_or_dies_and_comes_back_has_every_answer(cluster: Cluster, tmp_path: Path) -> None:
    stand = Stand(tmp_path / "service", database=cluster.new_database(), listed=LISTED)
    server = stand.start()
    try:
        with Witness(stand, server.url, PICTURES) as witness:
            for number in (signal.SIGINT, signal.SIGQUIT):  # in order, and at once
                witness.wait_for(200)
                cluster.halt(number)
                try:
                    witness.wait_for(503)
                    gone = time.monotonic()
                    time.sleep(1.0)
                    assert set(witness.statuses(gone)) == {503}
                    assert "database" in ready(stand, server)
                finally:
                    cluster.resume()
            witness.wait_for(200)
        all_is_well(stand, server, witness, tmp_path)
    finally:
        server.kill()


@pytest.mark.parametrize(("name", "called"), [("blobs", "blobs"), ("keys/service.key", "service key")])
def test_blobs_or_service_key_that_go_away_stop_only_what_must_be_sealed(
    stand: Stand, server: Group, tmp_path: Path, name: str, called: str
) -> None:
    place, elsewhere = stand.data / name, tmp_path / "elsewhere"
    with Witness(stand, server.url, PICTURES) as witness:
        witness.wait_for(200)
        place.rename(elsewhere)
        witness.wait_for(503, NEEDS_SEALING)
        witness.wait_for(200, OTHERS)
        assert ready(stand, server) == [called]
        assert not place.exists(), "a new one was made in its place"
        elsewhere.rename(place)
        witness.wait_for(200)
    all_is_well(stand, server, witness, tmp_path)


def test_decode_workers_that_are_killed_cost_their_own_picture_at_most(
    stand: Stand, server: Group, tmp_path: Path
) -> None:
    with Witness(stand, server.url, PICTURES) as witness:
        witness.wait_for(200)
        killed = 0
        for _ in range(6):
            for worker in children(server.process.pid):
                os.kill(worker, signal.SIGKILL)
                killed += 1
            time.sleep(0.6)
        assert killed >= 6
        witness.wait_for(200)
    assert set(witness.statuses()) <= {200, 503}
    all_is_well(stand, server, witness, tmp_path)


def test_server_processes_that_are_killed_are_replaced_and_end_with_their_keeper(tmp_path: Path) -> None:
    stand = Stand(tmp_path / "service", listed=LISTED)
    server = stand.start("--workers", "2")
    try:
        with Witness(stand, server.url, PICTURES) as witness:
            witness.wait_for(200)
            first = children(server.process.pid)
            assert len(first) == 2
            for process in first:
                os.kill(process, signal.SIGKILL)
                witness.wait_for(200)
            wait_until(lambda: len(children(server.process.pid)) == 2)
            assert not set(first) & set(children(server.process.pid))
        assert set(witness.statuses()) <= {200, None}
        all_is_well(stand, server, witness, tmp_path)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        wait_until_alone(server.process.pid, 30)
    finally:
        server.kill()
