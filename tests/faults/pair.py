"""Two servers on one Postgres, as on two machines; one is stopped while it holds all there is to hold."""

import re
import shutil
import time
from collections import Counter
from pathlib import Path

import httpx
from sqlalchemy import text

from databases import Cluster
from faults import atrest
from faults.load import bodies, listed
from faults.promises import MARK
from faults.stand import TRIED, Group, Stand
from faults.witness import Witness
from judging import assess_over
from receivers import Receiver, receiving, wait_until
from rempart.settings import read_settings
from rempart.signals.values import Md5

TAKEN_OVER = 120.0
"""Seconds within which the work of a process that stands still is taken over, on a machine that has much else to do."""
LEASES = {"sequencer", "vault.retention", "vault.sweep", "items.forget", "lists.tidy"}


def stands_still_and_comes_back(home: Path, *, cluster: Cluster, seconds: float) -> None:
    """All that happens to a pair whose first server stands still for so long, or until the other has taken over."""
    with receiving() as receiver:
        pair = Pair(home, database=cluster.new_database(), receiver=receiver)
        try:
            with pair.one.client(pair.stand.key) as client:
                assert client.post("/v1/webhooks", json={"url": receiver.url}).status_code == 201
            pair.stop_in_the_middle()
            pair.other_goes_on(seconds=seconds)
            pair.resumed_one_knows_all()
            pair.nothing_happened_twice()
            pair.killed_one_is_replaced_at_once()
        finally:
            pair.close()


class Pair:
    """`one` begins alone and so holds every lease; `other` comes later."""

    def __init__(self, home: Path, *, database: str, receiver: Receiver) -> None:
        self.home, self._receiver = home, receiver
        self.pictures = bodies()
        self.stand = Stand(home, database=database, listed=listed(self.pictures))
        self._blobs = {"REMPART_STORE__BLOBS": str(self.stand.data / "blobs")}
        self._second = home / "other"
        shutil.copytree(self.stand.data, self._second, ignore=shutil.ignore_patterns("index", "ledger"))
        for name in ("index", "ledger"):
            (self._second / name).mkdir(mode=0o700)
        self._second.chmod(0o700)
        self.store = self.stand.store()
        self.one = self.stand.start(environ=self._blobs)
        self.first = self.workers()
        wait_until(lambda: set(self.leases()) >= LEASES, 60)
        self._start_other()

    def _start_other(self) -> None:
        settings = read_settings(self._second, environ={})
        self.other = Group(settings, environ={"REMPART_CHECK__WORKERS": "1", **self._blobs})

    def close(self) -> None:
        """End both."""
        self.one.go_on()
        self.one.kill()
        self.other.kill()
        self.store.close()

    def workers(self) -> set[str]:
        """The processes that count as alive."""
        return set(self._rows("SELECT id FROM workers"))

    def leases(self) -> dict[str, str]:
        """Who holds what."""
        with self.store.read() as conn:
            rows = conn.execute(text("SELECT name, worker FROM leases WHERE worker IS NOT NULL")).all()
        return {row.name: row.worker for row in rows}

    def held_by_first(self) -> list[str]:
        """What the first server holds."""
        return [name for name, worker in self.leases().items() if worker in self.first]

    def running(self) -> Counter[str]:
        """The kinds of the jobs that the first server has in its hands."""
        with self.store.read() as conn:
            rows = conn.execute(text("SELECT kind, worker FROM jobs WHERE state = 'running'")).all()
        return Counter(row.kind for row in rows if row.worker in self.first)

    def decide(self, server: Group, count: int) -> None:
        """Let people decide so many cases, each of which is a message to the service."""
        with server.client(self.stand.key) as client, self.stand.person("reviewer", server.url) as reviewer:
            for _ in range(count):
                name = f"decided-{time.monotonic_ns()}"
                body = {"item_id": name, "signals": {"md5": f"{time.monotonic_ns():032x}"}}
                assert client.post("/v1/check", json=body).status_code == 200
                content = self.pictures[3][:900] + MARK + name.encode()
                checked = client.post(
                    "/v1/check", params={"item_id": name}, content=content, headers={"Content-Type": "image/jpeg"}
                )
                case = checked.json()["case"]
                done = assess_over(reviewer, case, "release")
                assert done.status_code == 200, done.text

    def stop_in_the_middle(self) -> None:
        """Stop the first server while it holds all leases and is in the middle of telling the service something."""
        self._receiver.behaviours = ["hang"] * 8
        self.decide(self.one, 6)
        wait_until(self._stands_in_the_middle, 60)
        self._receiver.behaviours = []

    def _stands_in_the_middle(self) -> bool:
        if not self.running()["webhook.deliver"]:
            return False
        self.one.stand_still()
        if self.running()["webhook.deliver"] and set(self.held_by_first()) >= LEASES:
            return True
        self.one.go_on()  # it came to the end of it just then
        return False

    def other_goes_on(self, *, seconds: float) -> None:
        """While the first stands still, the second answers, takes everything over, and finishes what was begun."""
        until = time.monotonic() + seconds
        with Witness(self.stand, self.other.url, self.pictures, threads=1, pause=0.05) as witness:
            wait_until(lambda: set(self.leases()) >= LEASES and not self.held_by_first(), TAKEN_OVER)
            signed = self.signed(self.other)
            wait_until(lambda: self.signed(self.other) > signed, TAKEN_OVER)
            wait_until(lambda: not self._rows("SELECT id FROM webhook_messages WHERE state = 'waiting'"), TAKEN_OVER)
            time.sleep(max(0.0, until - time.monotonic()))
        witness.honest()
        assert set(witness.statuses()) == {200}, witness.told()
        assert max(one.seconds for one in witness.said) < 30.0

    def resumed_one_knows_all(self) -> None:
        """The first goes on: at once it knows what was listed meanwhile, is fenced, and works again."""
        signal_ = Md5.from_hex("7" * 32)
        with self.other.client(self.stand.key) as client:
            lists = client.get("/v1/lists").json()["lists"]
            trial = next(one["id"] for one in lists if one["name"] == TRIED)
            entry = {"ref": f"meanwhile-{time.monotonic_ns()}", "signals": [{"type": "md5", "value": str(signal_)}]}
            assert client.post(f"/v1/lists/{trial}/entries", json={"entries": [entry]}).status_code == 201
        self.one.go_on()
        with self.one.client(self.stand.key) as client:
            body = {"item_id": f"look-{time.monotonic_ns()}", "signals": {"md5": str(signal_)}}
            answer = client.post("/v1/check", json=body)
            assert answer.status_code == 200, answer.text
            assert entry["ref"] in {match["entry"] for match in answer.json()["matches"]}
            wait_until(lambda: client.get("/readyz").status_code == 200, 60)
        wait_until(lambda: any("called dead" in line for line in self.one.log), 60)
        wait_until(lambda: len(self.workers()) == 2, 60)
        self.first = self.workers() - {self.leases()["sequencer"]}
        with Witness(self.stand, self.one.url, self.pictures, threads=1) as witness:
            witness.wait_for(200)
        witness.honest()
        assert set(witness.statuses()) == {200}, witness.told()

    def nothing_happened_twice(self) -> None:
        """Each decision was told once, or twice under the same id; rows, leaves and evidence agree."""
        atrest.hasten(self.store)
        wait_until(lambda: atrest.nothing_waits(self.store), 120)
        told = atrest.messages_told(self.store)
        assert all(one.state == "delivered" for one in told.values()), told
        times = Counter(self._receiver.ids())
        assert set(times) == set(told)
        assert max(times.values()) <= 2, times
        atrest.rows_have_their_leaves(self.store)
        atrest.ledger_verifies(self.stand.settings, self.store, self.published, self.home)
        atrest.evidence_opens(self.stand.settings, self.store, set())

    def killed_one_is_replaced_at_once(self) -> None:
        """When the second dies, the first does what has to be done all the time, and is asked as before."""
        self.other.kill()
        wait_until(lambda: len(self.workers()) == 1, TAKEN_OVER)
        wait_until(lambda: self.leases().get("sequencer") in self.workers(), TAKEN_OVER)
        with Witness(self.stand, self.one.url, self.pictures, threads=1) as witness:
            witness.wait_for(200)
            placed = self.placed()
            wait_until(lambda: self.placed() > placed, TAKEN_OVER)

    def placed(self) -> int:
        """How many leaves have a position in the tree; the next checkpoint covers them."""
        return len(self._rows("SELECT leaf_id FROM ledger_positions"))

    @property
    def published(self) -> list[str]:
        """Every checkpoint that was ever signed, as outsiders may have kept them."""
        return self._rows("SELECT note FROM ledger_checkpoints")

    def signed(self, server: Group) -> int:
        """How many leaves the newest checkpoint covers that a server publishes."""
        found = httpx.get(f"{server.url}/ledger/checkpoint", timeout=30)
        lines = re.findall(r"^\d+$", found.text, re.M) if found.status_code == 200 else []
        return int(lines[0]) if lines else -1

    def _rows(self, statement: str) -> list[str]:
        with self.store.read() as conn:
            return list(conn.execute(text(statement)).scalars())
