"""The long forms of the server's faults: many kills, many questions, long standstills."""

import os
import random
import time
from pathlib import Path

import pytest

from databases import Cluster
from faults.load import bodies, listed
from faults.pair import stands_still_and_comes_back
from faults.questions import ask_everything
from faults.rounds import Rounds
from faults.stand import Stand, children
from faults.witness import Witness
from receivers import receiving
from standstill import stop

KILLS = int(os.environ.get("KILLS", "200"))
KILL_SECONDS = float(os.environ.get("KILL_SECONDS", "inf"))
SECONDS = float(os.environ.get("SECONDS", "600"))
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_what_was_acknowledged_outlives_two_hundred_kills(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    cluster: Cluster | None = request.getfixturevalue("cluster") if database == "postgres" else None
    print("seed", SEED)
    with receiving() as receiver:
        rounds = Rounds(
            tmp_path / "service", seed=SEED, receiver=receiver,
            database=cluster.new_database() if cluster else "", disk=(cluster.home,) if cluster else (),
        )  # fmt: skip
        try:
            rounds.run(KILLS, seconds=KILL_SECONDS)
        finally:
            print(database, rounds.told())
    assert rounds.kills > 0


@pytest.mark.timeout(0)
@pytest.mark.parametrize("number", range(4))
def test_every_answer_stands_in_the_document_at_length(number: int, tmp_path: Path) -> None:
    found = ask_everything(tmp_path / "service", passes=1_000, number=SEED + number, seconds=SECONDS / 4)
    assert not found.wrong, found.told()


@pytest.mark.timeout(0)
@pytest.mark.parametrize("number", range(3))
def test_server_that_stands_still_for_a_minute(number: int, cluster: Cluster, tmp_path: Path) -> None:
    stands_still_and_comes_back(tmp_path / "service", cluster=cluster, seconds=60)


@pytest.mark.timeout(0)
def test_decode_worker_that_stands_still_makes_its_picture_a_hold(tmp_path: Path) -> None:
    pictures = bodies()
    stand = Stand(tmp_path / "service", listed=listed(pictures))
    server = stand.start()
    try:
        with Witness(stand, server.url, pictures) as witness:
            witness.wait_for(200)
            stopped = children(server.process.pid)
            stop(stopped)
            began = time.monotonic()
            witness.wait_for(200, ("photo", "listed photo", "listed picture"), seconds=60)
        found = [one for one in witness.since(began) if one.status == 200 and one.body["outcome"] == "timed_out"]
        assert stopped
        assert found
        assert all(one.body["verdict"] == "hold" for one in found)
        witness.honest()
        with server.client(stand.key) as client:
            witness.kept(client)
    finally:
        server.kill()
