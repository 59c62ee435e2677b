"""What is asked about an upload, what is found out on the way, and what is answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rempart.evidence.vault import Sealed
from rempart.items.records.signals import ItemSignal
from rempart.lists.lookup import EXACT, GIVEN, Asked, Found, ListMatch, asked_of, asked_signals
from rempart.lists.parts.values import Looked
from rempart.people.principal import Principal
from rempart.policy.facts import Ruling, Verdict
from rempart.provenance.origin.values import Origin
from rempart.signals.examine import Examination
from rempart.signals.outcome import LOW_QUALITY_BELOW, Outcome
from rempart.signals.values import PdqHash, Sha256, Signal

NOT_EXAMINED = "not_examined"
"""The outcome that is told where a service sent signals alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """One question: bytes (`content`) or signals about an item, with what its service says of it.

    `item_id` has 1 to 512 characters. `key` is the digest of an Idempotency-Key. `quality` is that of the PDQ signal,
    where the service told it. With `known` the item must be there already, with this internal id; `case` is the open
    case that its bytes are for. What was not `hosted` but only brought is kept for its case alone, and never looked
    back at.
    """

    service: str
    by: Principal
    item_id: str
    content: bytes | None = None
    signals: tuple[Signal, ...] = ()
    quality: int | None = None
    uploader: str | None = None
    url: str | None = None
    published: bool | None = None
    context: Mapping[str, object] = field(default_factory=dict)
    key: bytes | None = None
    known: int | None = None
    case: str | None = None
    hosted: bool = True

    def asked(self) -> bytes:
        """A digest of all that was asked, to tell a request that is sent again from another one."""
        told = [
            self.item_id, self.uploader, self.url, self.published, self.context, self.quality,
            [f"{one.kind}:{one.hex()}" for one in self.signals],
        ]  # fmt: skip
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode("utf-8", "surrogatepass"))
        if self.content is not None:
            digest.update(b"\0")
            digest.update(self.content)
        return digest.digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAnswer:
    """What a service is told; `case` and `matches` only where its key may see them. `origin` is what the file says of
    where it comes from, None where there were no bytes: no part of the verdict follows from it."""

    item_id: str
    verdict: Verdict
    outcome: str
    request_id: str
    case: str | None = None
    matches: tuple[Mapping[str, Any], ...] = ()
    origin: Mapping[str, Any] | None = None

    def stored(self) -> dict[str, Any]:
        """The answer as it is kept for a request that is sent again."""
        return {
            "item_id": self.item_id, "verdict": self.verdict.value, "outcome": self.outcome,
            "request_id": self.request_id, "case": self.case, "matches": list(self.matches),
            "origin": self.origin,
        }  # fmt: skip

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> CheckAnswer:
        """The answer that `stored` gave."""
        return cls(
            item_id=stored["item_id"], verdict=Verdict(stored["verdict"]), outcome=stored["outcome"],
            request_id=stored["request_id"], case=stored["case"], matches=tuple(stored["matches"]),
            origin=stored.get("origin"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """What the lists and the policy say, and of which of their versions."""

    found: Found
    ruling: Ruling
    policy: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A check that is ready to be written down: what is known of the bytes, what was ruled, what was sealed."""

    request: CheckRequest
    request_id: str
    seen: Examination | None
    origin: Origin | None = None
    ruled: Ruled | None = None
    sealed: Sealed | None = None
    parts: Looked | None = None

    @property
    def outcome(self) -> Outcome | None:
        """What became of the bytes; None where there were none.

        Where parts of listed pictures could not be looked for, that is what became of them.
        """
        if self.seen is None:
            return None
        could_not = self.parts is not None and self.parts.outcome is not Outcome.OK
        return self.parts.outcome if self.parts is not None and could_not else self.seen.outcome

    @property
    def sha256(self) -> bytes | None:
        """The digest of the bytes, where it is known."""
        if self.seen is not None:
            return None if self.seen.sha256 is None else bytes(self.seen.sha256)
        return next((bytes(one) for one in self.request.signals if isinstance(one, Sha256)), None)

    def asked(self) -> tuple[Asked, ...]:
        """What is looked up in the lists."""
        if self.seen is not None:
            return asked_of(self.seen)
        return asked_signals(one for one in self.request.signals if self._says_enough(one))

    def kept_signals(self) -> tuple[ItemSignal, ...]:
        """What is kept of the item, so that a new entry finds it: all that was looked up."""
        seen = self.seen
        if seen is None:
            return tuple(
                ItemSignal(signal=one, probe=GIVEN, quality=self.request.quality)
                if isinstance(one, PdqHash)
                else ItemSignal(signal=one, probe=EXACT)
                for one in self.request.signals
            )
        digests = (one for one in (seen.sha256, seen.sha1, seen.md5) if one is not None)
        return (
            *(ItemSignal(signal=one, probe=EXACT) for one in digests),
            *(
                ItemSignal(signal=one.hash, probe=one.name, recipe=seen.recipe, quality=one.quality)
                for one in seen.probes
            ),
        )

    def _says_enough(self, one: Signal) -> bool:
        quality = self.request.quality
        return not isinstance(one, PdqHash) or quality is None or quality >= LOW_QUALITY_BELOW


def told_origin(origin: Origin) -> Mapping[str, Any]:
    """An origin as services are told it."""
    signed = origin.credentials
    return {
        "declaration": origin.declaration.value,
        "c2pa": {"present": signed.present, "state": signed.state and signed.state.value},
        "generator": origin.generator,
    }


def told_matches(matches: tuple[ListMatch, ...], *, most: int = 100) -> tuple[Mapping[str, Any], ...]:
    """Matches as analysts are told them, the nearest first."""
    return tuple(match.document() for match in matches[:most])
