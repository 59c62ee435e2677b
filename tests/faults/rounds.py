"""Rounds of killing: a server under load is killed at a random moment, and the next one must keep all promises."""

import json
import os
import random
import signal
import time
from math import inf
from pathlib import Path

from faults import atrest
from faults.load import Load, bodies, listed
from faults.promises import Keeper, Promises
from faults.stand import Group, Stand
from receivers import Receiver, wait_until

CURATE = ("curator", "second", "reviewer")
"""Whoever changes lists and decides cases in the load."""


class Rounds:
    """One service that is killed again and again."""

    def __init__(self, home: Path, *, seed: int, receiver: Receiver, database: str = "", disk: tuple[Path, ...] = ()):
        self.home, self.seed, self._receiver = home, seed, receiver
        self._chance = random.Random(seed)
        self._pictures = bodies()
        self.stand = Stand(home, database=database, listed=listed(self._pictures))
        self.promises = Promises()
        self._places = (self.stand.data, *disk)
        self._known: set[str] = set()
        self._opened: set[str] = set()
        self._gone: set[str] = set()
        self.logs: list[str] = []
        self.kills = self.kills_at_start = self.looked_at = self.evidence = self.grepped = self.messages = (
            self._read
        ) = 0

    def run(self, rounds: int, *, seconds: float = inf) -> None:
        """So many rounds, or as many as there is time for; afterwards everything is looked at once more, and what was
        on its way has arrived."""
        until = time.monotonic() + seconds
        server = self.stand.start()
        try:
            self._add_webhook(server)
            while self.kills < rounds and time.monotonic() < until:
                self._load_and_kill(server)
                server = self._start_again()
                self._look(server, everything=False)
            self._look(server, everything=True)
            self._wait_for_messages()
        finally:
            server.kill()
        self._look_at_rest()

    def told(self) -> dict[str, int]:
        """Figures for people."""
        return {
            "kills": self.kills, "kills at the start": self.kills_at_start, "checks": len(self.promises.checks),
            "looked at": self.looked_at, "evidence opened": self.evidence, "decisions": len(self.promises.feed),
            "decided by people": len(self.promises.decided),
            "messages": self.messages, "checkpoints": len(self.promises.checkpoints), "bytes searched": self.grepped,
        }  # fmt: skip

    def _add_webhook(self, server: Group) -> None:
        with server.client(self.stand.key) as client:
            made = client.post("/v1/webhooks", json={"url": self._receiver.url})
            assert made.status_code == 201, made.text

    def _load_and_kill(self, server: Group) -> None:
        load = Load(self.stand, server.url, self.promises, self._pictures, seed=self._chance.getrandbits(30))
        answered = len(self.promises.checks) + self._chance.choice([0, 3, 20, 60])
        load.start()
        deadline = time.monotonic() + 60
        while not self._is_enough(answered) and time.monotonic() < deadline and not self.promises.strange:
            time.sleep(0.005)
        time.sleep(self._chance.random() * 0.2)
        server.kill()
        load.stop()
        self.kills += 1
        print(f"{time.monotonic():.0f}", self.told(), flush=True)
        self.logs += server.log
        assert not self.promises.strange, self.promises.strange

    def _is_enough(self, answered: int) -> bool:
        """Whether so many checks were answered; and people's decisions keep up, one for every other kill."""
        return len(self.promises.checks) >= answered and len(self.promises.decided) >= self.kills // 2

    def _start_again(self) -> Group:
        """The next server; now and then one before it is killed while it starts."""
        if self._chance.random() < 0.15:
            process = self.stand.begin()
            time.sleep(self._chance.uniform(0.1, 2.0))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.kills_at_start += 1
        for name in CURATE:
            self.stand.sign_in(name)  # what they do wants a sign-in that is not long ago
        return self.stand.start()

    def _look(self, server: Group, *, everything: bool) -> None:
        names = list(self.promises.checks) if everything else self.promises.new_since(self._known)
        with server.client(self.stand.key) as client:
            keeper = Keeper(self.promises, client, gone=set() if everything else self._gone)
            keeper.all_kept(names)
            self.looked_at += keeper.looked_at
        self._known.update(self.promises.checks)
        with self.stand.store() as store:
            atrest.rows_have_their_leaves(store)
            atrest.checked_once(store, self.promises)
            atrest.decisions_stand(store, self.promises)
            if everything or self.kills <= 10 or self.kills % 5 == 0:
                atrest.ledger_verifies(self.stand.settings, store, self.promises.checkpoints, self.home)
            self.evidence += atrest.evidence_opens(self.stand.settings, store, self._opened)
            self._no_message_without_decision(atrest.messages_told(store))

    def _no_message_without_decision(self, told: dict[str, atrest.Told]) -> None:
        with self._receiver.lock:
            got = list(self._receiver.requests)
        for _, headers, body in got[self._read :]:
            message = told.get(headers["webhook-id"])
            assert message is not None, "a message was delivered that no decision stands behind"
            assert message.decision == json.loads(body)["data"]["id"]
        self._read = len(got)

    def _wait_for_messages(self) -> None:
        """All have arrived, but those about items that their service deleted: these have no name any more."""
        with self.stand.store() as store:
            atrest.hasten(store)
            wait_until(lambda: atrest.nothing_waits(store), 120)
            atrest.decisions_stand(store, self.promises, all_done=True)
            told = atrest.messages_told(store)
        self._no_message_without_decision(told)
        lost = {name: one for name, one in told.items() if not one.erased}.keys() - set(self._receiver.ids())
        assert not lost, f"messages were lost: {[told[name] for name in lost]}"
        assert all(one.state == "delivered" or one.erased for one in told.values())
        self.messages = len(told)

    def _look_at_rest(self) -> None:
        with self.stand.store() as store:
            atrest.ledger_is_whole_at_rest(self.stand.settings, store, self.promises.checkpoints, self.home)
        self.grepped += atrest.no_plaintext(self._places)
        assert not any("known bytes of a test" in line for line in self.logs)
