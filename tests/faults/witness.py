"""Somebody who asks all the time while something is broken, and tells honest answers from others."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import httpx

from faults.load import KINDS, blocked_body
from faults.promises import MARK, Answered, digest
from faults.stand import Stand

TRUTH = {
    "photo": {"allow"},
    "signal": {"allow"},
    "listed photo": {"block", "hold"},
    "listed picture": {"hold"},
    "listed signal": {"block", "hold"},
}
"""What is right for each kind of question. A breaker may make a hold of a block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer: no status when the connection ended without one."""

    kind: str
    item: str
    status: int | None
    body: dict[str, Any]
    seconds: float
    at: float


class Witness:
    """Threads that ask every kind of question, as a context manager."""

    def __init__(self, stand: Stand, url: str, pictures: Sequence[bytes], *, threads: int = 3, pause: float = 0.01):
        self._stand, self._url, self._pictures, self._pause = stand, url, pictures, pause
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        self._lock = threading.Lock()
        self.said: list[Said] = []
        self.promised: dict[str, Answered] = {}

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a question never ended"

    def since(self, moment: float) -> list[Said]:
        """What was said to questions that were asked after a moment of the steady clock."""
        with self._lock:
            return [one for one in self.said if one.at >= moment]

    def statuses(self, moment: float = 0.0) -> Counter[int | None]:
        """How often each status came."""
        return Counter(one.status for one in self.since(moment))

    def wait_for(self, status: int, kinds: Sequence[str] = tuple(TRUTH), seconds: float = 90.0) -> None:
        """Wait until every kind of question that is asked from now on was answered with a status."""
        began = time.monotonic()
        while not set(kinds) <= {one.kind for one in self.since(began) if one.status == status}:
            assert time.monotonic() < began + seconds, f"no {status} in time: {self.told(began)}"
            time.sleep(0.05)

    def told(self, moment: float = 0.0) -> dict[str, int]:
        """A summary for people."""
        counts = Counter(f"{one.kind}: {one.status} {one.body.get('verdict', '')}" for one in self.since(moment))
        return dict(sorted(counts.items()))

    def honest(self) -> None:
        """No answer is milder than the truth: what failed is a 503 that says what to do, or a hold."""
        for one in self.said:
            if one.status is None:
                continue
            if one.status != 200:
                assert one.status == 503, one
                assert one.body["detail"], one
                assert one.body["hint"], one
            elif one.body["outcome"] in ("ok", "not_examined"):
                assert one.body["verdict"] in TRUTH[one.kind], one
            else:
                assert one.body["verdict"] == "hold", one

    def kept(self, client: httpx.Client) -> int:
        """Every check that was answered is there, and its bytes where they are to be kept."""
        for name, told in self.promised.items():
            found = client.get(f"/v1/items/{name}")
            assert found.status_code == 200, f"{told.answer} is gone: {found.text}"
            assert found.json()["verdict"] == told.answer["verdict"]
            assert found.json()["request_id"] == told.answer["request_id"]
            assert not told.kept or found.json()["content"]
        return len(self.promised)

    def _run(self) -> None:
        headers = {"Authorization": f"Bearer {self._stand.key}"}
        with httpx.Client(base_url=self._url, headers=headers, timeout=60) as client:
            while True:
                for kind in TRUTH:
                    if self._stopping.wait(self._pause):
                        return
                    self._ask(client, kind)

    def _ask(self, client: httpx.Client, kind: str) -> None:
        name, at = f"{kind.replace(' ', '-')}-{secrets.token_hex(8)}", time.monotonic()
        content, asked = self._question(kind, name)
        try:
            found = client.post("/v1/check", **asked)
        except httpx.TransportError:
            found = None
        said = Said(
            kind=kind, item=name, status=found and found.status_code, body=found.json() if found else {}, at=at,
            seconds=time.monotonic() - at,
        )  # fmt: skip
        with self._lock:
            self.said.append(said)
            if said.status == 200:
                self.promised[name] = Answered(answer=said.body, content=content)

    def _question(self, kind: str, name: str) -> tuple[bytes | None, dict[str, Any]]:
        listed = blocked_body(self._pictures)
        if kind.endswith("signal"):
            known = digest(listed) if kind.startswith("listed") else digest(name.encode())
            return None, {"json": {"item_id": name, "signals": {"sha256": known}}}
        tail = MARK + secrets.token_hex(8).encode()
        content = {
            "photo": self._pictures[2] + tail,
            "listed photo": listed,
            "listed picture": self._pictures[KINDS - 1] + tail,
        }[kind]
        return content, {"params": {"item_id": name}, "content": content, "headers": {"Content-Type": "image/jpeg"}}
