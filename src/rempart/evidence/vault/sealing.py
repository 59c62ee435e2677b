"""Values that pass between sealing and recording, and who may stand behind an access."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol


class Actor(Protocol):
    """Whoever does something to the vault; only the pseudonym is written down."""

    @property
    def pseudonym(self) -> str:
        """The name that the ledger shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Bytes that are encrypted and lie in the blob store, but belong to nothing yet.

    To be handed to `Vault.record` soon: what nobody recorded is swept away.
    """

    object_id: str
    size: int
    sha256: bytes = field(repr=False)
    blob: str
    blob_size: int
    blob_sha256: bytes = field(repr=False)
    key_id: str
    wrap: bytes = field(repr=False)
    custodian_mark: str
    custodian_wrap: bytes | None = field(repr=False)
    sealed_at: float
    """On the steady clock of this machine (`steady`)."""


class Counted:
    """Size and SHA-256 of plaintext: of what is there, or of what is gone `over` in pieces."""

    def __init__(self, data: bytes | memoryview = b"") -> None:
        self.size = len(data)
        self._digest = hashlib.sha256(data)

    def over(self, pieces: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """The same pieces, counted as they pass."""
        for piece in pieces:
            self._digest.update(piece)
            self.size += memoryview(piece).nbytes
            yield piece

    @property
    def sha256(self) -> bytes:
        """The digest of what has passed."""
        return self._digest.digest()


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """An opened object: how long it is, and its plaintext in chunks, once."""

    size: int
    chunks: Iterator[memoryview] = field(repr=False)

    def __iter__(self) -> Iterator[memoryview]:
        return self.chunks


def steady() -> float:
    """Seconds that never jump and go on while the machine sleeps, where the system offers that."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
