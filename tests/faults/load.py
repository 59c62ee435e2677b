"""A service's traffic from several threads, with the answers written down as promises."""

import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from faults.promises import MARK, Answered, Promises, digest
from faults.stand import BLOCKED, TRIED, Listed, Stand
from judging import assess_over
from pictures import jpeg
from rempart.signals.pool import WorkerPool
from rempart.signals.values import Md5, PdqHash, Sha256

KINDS = 12
"""How many different pictures there are; the last two are on the blocking list by sight, their bytes vary."""


def bodies() -> tuple[bytes, ...]:
    """The pictures that uploads are made of."""
    return tuple(jpeg(number, 160, 120) for number in range(KINDS))


def listed(pictures: Sequence[bytes]) -> Listed:
    """A blocking list that knows one body to the byte, and two pictures by sight."""
    with WorkerPool() as pool:
        seen = [pool.examine(one) for one in pictures[-2:]]
    by_sight = tuple(one.pdq for one in seen if one.pdq is not None)
    assert len(by_sight) == 2
    return Listed(digests=(Sha256.from_hex(digest(blocked_body(pictures))),), pictures=by_sight)


def blocked_body(pictures: Sequence[bytes]) -> bytes:
    """The one body that is listed to the byte."""
    return pictures[0] + MARK + b"blocked"


class Load:
    """Threads that ask until `stop`, or until the server is gone. Answers nobody expects are kept in `strange`."""

    def __init__(
        self, stand: Stand, url: str, promises: Promises, pictures: Sequence[bytes], *, seed: int, threads: int = 5
    ) -> None:
        self._stand, self._url, self._promises, self._pictures = stand, url, promises, pictures
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(seed * 1000 + n), n), daemon=True)
            for n in range(threads)
        ]

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask nothing more; what was asked ends with or without an answer."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a request never ended"

    def _run(self, chance: random.Random, number: int) -> None:
        client = httpx.Client(
            base_url=self._url, headers={"Authorization": f"Bearer {self._stand.key}"}, timeout=30
        )  # fmt: skip
        with client:
            one = _Asker(self._stand, self._url, client, self._promises, self._pictures, chance)
            deeds, weights = zip(*one.deeds(curates=number == 0), strict=True)
            while not self._stopping.is_set():
                deed: Callable[[], None] = chance.choices(deeds, weights)[0]
                try:
                    deed()
                except httpx.TransportError:
                    return  # the server is gone; what was asked has an open end
                except Exception as err:  # noqa: BLE001 - told by the test
                    self._promises.strange.append(f"{deed.__name__}: {err!r}")
                    return


class _Asker:
    """One thread's doings."""

    def __init__(
        self,
        stand: Stand,
        url: str,
        client: httpx.Client,
        promises: Promises,
        pictures: Sequence[bytes],
        chance: random.Random,
    ) -> None:
        self._stand, self._url, self._client, self._promises = stand, url, client, promises
        self._pictures, self._chance = pictures, chance
        self._own: list[str] = []

    def deeds(self, *, curates: bool) -> list[tuple[Callable[[], None], int]]:
        """What this thread does, and how often; lists are changed and cases decided by one thread."""
        usual = [
            (self.photo, 8), (self.listed_photo, 3), (self.listed_picture, 3), (self.unreadable, 1),
            (self.signals, 4), (self.batch, 2), (self.content_later, 1), (self.delete, 2),
        ]  # fmt: skip
        if not curates:
            return usual
        return [
            (self.photo, 2), (self.add_entry, 2), (self.withdraw_entry, 1), (self.block_what_is_hosted, 2),
            (self.decide_a_case, 3), (self.look, 2),
        ]  # fmt: skip

    def photo(self) -> None:
        self._check(self._body(self._chance.randrange(1, KINDS - 2)))

    def listed_photo(self) -> None:
        self._check(blocked_body(self._pictures))

    def listed_picture(self) -> None:
        self._check(self._body(KINDS - 1 - self._chance.randrange(2)))

    def unreadable(self) -> None:
        self._check(self._pictures[3][:900] + self._tail())

    def signals(self) -> None:
        name = self._name()
        asked = {"json": {"item_id": name, "signals": {"sha256": digest(name.encode())}}}
        self._ask(name, asked, None)

    def batch(self) -> None:
        names = [self._name() for _ in range(self._chance.randrange(2, 8))]
        checks = [{"item_id": name, "signals": {"md5": digest(name.encode())[:32]}} for name in names]
        self._promises.open_ends.update(names)
        found = self._client.post("/v1/check/batch", json={"checks": checks})
        assert found.status_code == 200, found.text
        for name, answer in zip(names, found.json()["results"], strict=True):
            self._answered(name, answer, None)

    def content_later(self) -> None:
        """Signals first, and the bytes when a case needs them."""
        content, name = blocked_body(self._pictures), self._name()
        asked = {"json": {"item_id": name, "signals": {"sha256": digest(content)}}}
        self._ask(name, asked, None)
        self._promises.open_ends.add(name)
        headers = {"Content-Type": "image/jpeg"}
        found = self._client.put(f"/v1/items/{name}/content", content=content, headers=headers)
        assert found.status_code in (200, 409, 422), found.text  # the case may have been decided meanwhile
        if found.status_code == 200:
            self._answered(name, found.json(), content)
        else:
            self._promises.open_ends.discard(name)

    def delete(self) -> None:
        if len(self._own) < 4:
            return
        name = self._own.pop(self._chance.randrange(len(self._own)))
        self._promises.open_ends.add(name)
        found = self._client.delete(f"/v1/items/{name}")
        assert found.status_code == 204, found.text
        with self._promises.lock:
            self._promises.deleted.add(name)

    def add_entry(self) -> None:
        ref, signal = f"e-{secrets.token_hex(6)}", self._signal()
        found = self._client.post(
            f"/v1/lists/{self._list(TRIED)}/entries",
            json={"entries": [{"ref": ref, "signals": [{"type": signal.kind.value, "value": str(signal)}]}]},
        )
        assert found.status_code == 201, found.text
        self._promises.live[ref] = signal

    def withdraw_entry(self) -> None:
        if not self._promises.live:
            return
        ref = self._chance.choice(list(self._promises.live))
        signal = self._promises.live.pop(ref)  # until it is answered nothing is promised
        found = self._client.delete(f"/v1/lists/{self._list(TRIED)}/entries/{ref}", params={"reason": "a test"})
        assert found.status_code == 204, found.text
        self._promises.withdrawn[ref] = signal

    def block_what_is_hosted(self) -> None:
        """Two curators list the bytes of something that was allowed: look-back tells the service."""
        hosted = [one.content for one in list(self._promises.checks.values()) if one.content is not None]
        if not hosted:
            return
        signal = {"type": "sha256", "value": digest(self._chance.choice(hosted))}
        with self._stand.person("curator", self._url) as first, self._stand.person("second", self._url) as second:
            staged = first.post(
                f"/v1/lists/{self._list(BLOCKED)}/entries",
                json={"entries": [{"ref": f"b-{secrets.token_hex(6)}", "signals": [signal]}]},
            )
            assert staged.status_code == 202, staged.text
            name = staged.json()["id"]
            self._promises.changes[name] = "staged"
            done = second.post(f"/v1/changes/{name}/decision", json={"approve": True, "reason": "seen"})
            assert done.status_code == 200, done.text
            self._promises.changes[name] = done.json()["state"]

    def decide_a_case(self) -> None:
        with self._stand.person("reviewer", self._url) as reviewer:
            found = reviewer.get("/v1/cases", params={"limit": 50}).json()["cases"]
            cases = [one for one in found if one["assessors"] == 1 and one["stage"] == "first"]
            if not cases:
                return
            name, word = self._chance.choice(cases)["id"], self._chance.choice(["release", "remove"])
            found = assess_over(reviewer, name, word)
            assert found.status_code == 200, found.text
            self._promises.decided[name] = word

    def look(self) -> None:
        """Keep the newest checkpoint, as an outsider would, and read on in the feed."""
        found = self._client.get("/ledger/checkpoint")
        if found.status_code == 200 and found.text not in self._promises.checkpoints[-1:]:
            self._promises.checkpoints.append(found.text)
        time.sleep(0.05)

    def _check(self, content: bytes) -> None:
        name = self._name()
        asked = {
            "params": {"item_id": name, "uploader": "somebody"}, "content": content,
            "headers": {"Content-Type": "image/jpeg"},
        }  # fmt: skip
        self._ask(name, asked, content)

    def _ask(self, name: str, asked: dict[str, Any], content: bytes | None) -> None:
        key = secrets.token_hex(16) if self._chance.random() < 0.3 else None
        self._promises.open_ends.add(name)
        if key:
            asked = {**asked, "headers": {**asked.get("headers", {}), "Idempotency-Key": key}}
            self._promises.replays[key] = (asked, None)
        found = self._client.post("/v1/check", **asked)
        assert found.status_code == 200, f"{found.status_code} {found.text}"
        if key:
            self._promises.replays[key] = (asked, found.json())
        self._answered(name, found.json(), content)

    def _answered(self, name: str, answer: dict[str, Any], content: bytes | None) -> None:
        assert answer["item_id"] == name, answer
        with self._promises.lock:
            self._promises.checks[name] = Answered(answer=answer, content=content)
            self._promises.open_ends.discard(name)
        self._own.append(name)

    def _name(self) -> str:
        with self._promises.lock:
            self._promises.asked += 1
            return f"item-{self._promises.asked}-{self._chance.getrandbits(40):x}"

    def _tail(self) -> bytes:
        return MARK + b"%x" % self._chance.getrandbits(128)

    def _body(self, number: int) -> bytes:
        return self._pictures[number] + self._tail()

    def _signal(self) -> Md5 | PdqHash:
        if self._chance.random() < 0.5:
            return Md5.from_hex(f"{self._chance.getrandbits(128):032x}")
        return PdqHash.from_hex(f"{self._chance.getrandbits(256):064x}")

    def _list(self, name: str) -> str:
        found = self._client.get("/v1/lists").json()["lists"]
        return str(next(one["id"] for one in found if one["name"] == name))
