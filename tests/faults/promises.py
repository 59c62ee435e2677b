"""What a service was promised by the answers it got, and whether that still holds."""

import hashlib
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx

from rempart.signals.values import Signal

MARK = b"known bytes of a test, "
"""Begins the tail of every body that is sent: it must be found nowhere on the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A check that was answered: by bytes (`content`), or by signals alone."""

    answer: dict[str, Any]
    content: bytes | None = None

    @property
    def kept(self) -> bool:
        """Whether the bytes must be sealed: the default policy keeps what it does not allow."""
        return self.content is not None and self.answer["verdict"] != "allow"


@dataclass(slots=True)
class Promises:
    """All that was acknowledged, and what was asked without an answer. Safe from several threads under `lock`."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    checks: dict[str, Answered] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    live: dict[str, Signal] = field(default_factory=dict)
    withdrawn: dict[str, Signal] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)
    decided: dict[str, str] = field(default_factory=dict)
    replays: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = field(default_factory=dict)
    open_ends: set[str] = field(default_factory=set)
    feed: list[dict[str, Any]] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    asked: int = 0

    def new_since(self, seen: set[str]) -> list[str]:
        """Items that were checked since, and are promised still."""
        return [name for name in self.checks if name not in seen]


class Keeper:
    """Looks, on a running server, whether promises are kept; `gone` remembers which deletions were looked at."""

    most_entries = 1_000

    def __init__(self, promises: Promises, client: httpx.Client, *, gone: set[str] | None = None) -> None:
        self._promises, self._client = promises, client
        self._gone = set() if gone is None else gone
        self.looked_at = 0

    def all_kept(self, names: list[str]) -> None:
        """Every one of these items, and every list entry, feed and answer that was promised."""
        self.feed_goes_on()
        for name in names:
            self.item_is_there(name)
        for name in self._promises.deleted - self._gone:
            assert self._client.get(f"/v1/items/{name}").status_code == 404, f"{name} came back"
        self._gone |= self._promises.deleted
        self.entries_are_what_they_were()
        self.answers_are_given_again()

    def item_is_there(self, name: str) -> None:
        """An item whose check was answered has that verdict, or the one of the last decision about it."""
        if name in self._promises.deleted or name in self._promises.open_ends:
            return
        told = self._promises.checks[name]
        found = self._client.get(f"/v1/items/{name}")
        assert found.status_code == 200, f"{name} was answered {told.answer} and is gone: {found.text}"
        shown = found.json()
        if shown["verdict"] != told.answer["verdict"]:
            self.feed_goes_on()
            last = [one for one in self._promises.feed if one["item_id"] == name][-1:]
            assert last, f"{name} was {told.answer['verdict']}, is {shown['verdict']}, and no decision says so"
            assert last[0]["verdict"] == shown["verdict"]
        assert shown["request_id"] == told.answer["request_id"]
        if told.kept and not (shown["decided"] or shown["content"]):
            self.was_judged(name, told)
        self.looked_at += 1

    def was_judged(self, name: str, told: Answered) -> None:
        """People let its bytes go; what they decided is shown no more when a younger entry of a list undid it."""
        self.feed_goes_on()
        about = [one for one in self._promises.feed if one["item_id"] == name]
        assert "case" in {one["reason"] for one in about}, f"{name}: the bytes of {told.answer} are gone: {about}"

    def feed_goes_on(self) -> None:
        """The feed begins with all that was read from it before, and has no gap; erased items lose their names."""
        known, found = self._promises.feed, self._read_feed()
        numbers = [one["seq"] for one in found]
        assert numbers == list(range(1, len(found) + 1)), f"gaps in the feed: {numbers}"
        assert [one["id"] for one in found[: len(known)]] == [one["id"] for one in known], "the feed was rewritten"
        for before, now in zip(known, found, strict=False):
            assert before["verdict"] == now["verdict"]
            assert now["item_id"] in (before["item_id"], None)
        self._promises.feed = found

    def entries_are_what_they_were(self) -> None:
        """What was added matches, what was withdrawn does not."""
        asked = [*self._promises.live.items(), *self._promises.withdrawn.items()][-self.most_entries :]
        for start in range(0, len(asked), 500):
            some = asked[start : start + 500]
            checks = [
                {"item_id": f"look-{ref}", "signals": {signal.kind.value: str(signal)}} for ref, signal in some
            ]  # fmt: skip
            found = self._client.post("/v1/check/batch", json={"checks": checks})
            assert found.status_code == 200, found.text
            for (ref, _), one in zip(some, found.json()["results"], strict=True):
                refs = {match["entry"] for match in one["matches"]}
                assert (ref in refs) == (ref in self._promises.live), f"{ref}: {one}"

    def answers_are_given_again(self) -> None:
        """A request that is sent again under its key has the answer it had; one without answer gets its first."""
        with self._promises.lock:
            replays, self._promises.replays = self._promises.replays, {}
        for asked, answer in replays.values():
            if answer is not None and answer["item_id"] in self._promises.deleted | self._promises.open_ends:
                continue  # its service deleted it, or may have: then it would be a new check
            again = self._client.post("/v1/check", **asked)
            if answer is None:
                assert again.status_code == 200, again.text
                name = again.json()["item_id"]
                self._promises.checks[name] = Answered(answer=again.json(), content=asked.get("content"))
                self._promises.open_ends.discard(name)
                self.item_is_there(name)
            else:
                assert again.json() == answer

    def _read_feed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self._client.get("/v1/decisions", params={"after": found[-1]["seq"] if found else 0, "limit": 1000})
            assert page.status_code == 200, page.text
            found += page.json()["decisions"]
            if not page.json()["more"]:
                return found


def digest(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
