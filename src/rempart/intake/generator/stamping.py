"""Stamping what a generator made: its label, its mark, its credentials and its record.

In this order, because each step would break the next ones: IPTC and XMP first, then the mark in the pixels, and the
signature last. What leaves was read back: its credentials are trusted with the own anchor, its mark is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rempart.clock import Clock
from rempart.evidence.vault import Keyring
from rempart.provenance.stamp.signing import Signing
from rempart.signals.examine import Examination
from rempart.signals.pool import WorkerPool
from rempart.signals.values import PdqHash
from rempart.store.engine import Store

AI_MADE = "trainedAlgorithmicMedia"
AI_EDITED = "compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A picture that went into what was made. Nothing of it is put into the manifest but what stands here: its
    `relation` (`inputTo`, or `parentOf` for the one picture that was edited), its kind, and that it was checked."""

    relation: str = "inputTo"
    media_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be said of a picture. `gate`: what a gate checked, as it is signed and recorded (a flat mapping of
    texts, numbers and lists of texts; no digest, no user, no prompt)."""

    edited: bool = False
    system: str | None = None
    system_version: str | None = None
    references: tuple[Reference, ...] = ()
    gate: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Credentials that were read back: always `trusted` with the own anchor, since nothing else leaves."""

    state: str
    manifest: str
    signer: str
    timestamped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """What leaves. `psnr_db` is None where the picture carries no mark (`unmarked` says why: `too_small`,
    `not_found`), `c2pa` None where no certificate is set up. `replaced` names what the file carried and carries no
    more."""

    data: bytes = field(repr=False)
    media_type: str
    record_id: int
    psnr_db: float | None
    c2pa: Signed | None
    unmarked: str | None = None
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A picture that carries its label and its mark and is neither signed nor recorded yet. `examination`: what it was
    before, with the probes that were asked for, so that a gate decodes it once."""

    data: bytes = field(repr=False)
    media_type: str
    record_id: int
    psnr_db: float | None
    unmarked: str | None
    replaced: tuple[str, ...]
    pdq: PdqHash | None
    pdq_quality: int | None
    examination: Examination


class Stamper:
    """What a stamp is made with: where pictures are decoded, whose mark, whose signature, where it is recorded. Safe
    from several threads; blocks. The server has one (`Service.stamper`)."""

    def __init__(self, store: Store, *, pool: WorkerPool, keyring: Keyring, signing: Signing | None, clock: Clock) -> None:
        raise NotImplementedError


def mark(data: bytes, *, asked: Asked, stamper: Stamper, probe_set: str | None = None) -> Marked:
    """The first half of `stamp`, for a gate that looks the picture up before it is signed. Raises as `stamp` does."""
    raise NotImplementedError


def sign(marked: Marked, *, asked: Asked, stamper: Stamper, by: str) -> Stamped:
    """The second half: signs, verifies, records. `asked.gate` may say by now what was checked."""
    raise NotImplementedError


def stamp(data: bytes, *, asked: Asked, stamper: Stamper, by: str) -> Stamped:
    """Stamp a picture: JPEG, PNG or WebP. `by` says whose it is: the id of a service's key, or `command`.

    Raises NotMediaError, UnreadableImageError, TooLargeError and NotStampableError (animated, CMYK, another format)
    for what the picture is; UnavailableError and SigningUnavailableError when it may be tried again;
    CertificateError when what was signed does not read back as trusted: nothing leaves then.
    """
    raise NotImplementedError
