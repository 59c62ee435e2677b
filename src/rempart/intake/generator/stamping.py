"""Stamping what a generator made: its label, its mark, its credentials and its record.

In this order, because each step would break the next ones:

 1. a number of 48 bits is drawn that no record has;
 2. in a decode worker the picture is decoded, labelled in XMP (IPTC's digital source type) and marked with the number;
    what was written is read again, and the mark must be found in it;
 3. it is signed: how it was made, the number, what a gate checked, and which references there were;
 4. what was signed is read back, and must be trusted with the own anchor, or nothing leaves;
 5. number, manifest, hash and gate record are written down, so that it is recognised when all of that was stripped.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError

from rempart.clock import Clock
from rempart.errors import ConflictError
from rempart.evidence.vault import Keyring
from rempart.intake.generator.records import generated
from rempart.intake.generator.records.generated import GeneratedRow
from rempart.intake.generator.values import GateRecord
from rempart.provenance.stamp import labels
from rempart.provenance.stamp.making import Made, make
from rempart.provenance.stamp.signing import PARENT, Claim, SignedFile, Signing
from rempart.signals.examine import Examination
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.pool import WorkerPool
from rempart.signals.values import PdqHash
from rempart.store.engine import Store

RECORD_BITS = 48
_WAIT_SECONDS = 20.0
_MOST_WORDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A picture that went into what was made. Nothing of it is put into the manifest but what stands here: its
    `relation` (`inputTo`, or `parentOf` for the one picture that was edited) and its kind."""

    relation: str = "inputTo"
    media_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be said of a picture: made by a generator, or `edited` with one; by which `system`; what a gate
    checked."""

    edited: bool = False
    system: str | None = None
    system_version: str | None = None
    references: tuple[Reference, ...] = ()
    gate: GateRecord | None = None

    @property
    def source_type(self) -> str:
        """IPTC's term for it."""
        return labels.EDITED if self.edited else labels.MADE


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
    before, with the probes that were asked for, so that a gate decodes it once. `pdq` is of what was made."""

    data: bytes = field(repr=False)
    media_type: str
    record_id: int
    psnr_db: float | None
    unmarked: str | None
    replaced: tuple[str, ...]
    pdq: PdqHash | None
    pdq_quality: int | None
    width: int
    height: int
    examination: Examination


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamper:
    """What a stamp is made with: where it is recorded, where pictures are decoded (a `making_pool`), whose mark and
    whose signature, if any (asked for each time, since certificates are renewed). Safe from several threads; blocks.
    The server has one (`Service.stamper`)."""

    store: Store
    pool: WorkerPool
    keyring: Keyring
    signing: Callable[[], Signing | None]
    clock: Clock
    random_record: Callable[[int], int] = secrets.randbits


def mark(data: bytes, *, asked: Asked, stamper: Stamper, probe_set: str | None = None) -> Marked:
    """The first half of `stamp`, for a gate that looks the picture up before it is signed. Raises as `stamp` does."""
    record = _free_record(stamper)
    label = labels.Label(
        source_type=asked.source_type, system=_words(asked.system), system_version=_words(asked.system_version)
    )
    made = make(
        stamper.pool, data, record=record, key=stamper.keyring.mark_keys()[0], label=label, probe_set=probe_set,
        timeout=_WAIT_SECONDS,
    )  # fmt: skip
    return _marked(made, record)


def sign(marked: Marked, *, asked: Asked, stamper: Stamper, by: str) -> Stamped:
    """The second half: signs, verifies, records. `asked.gate` may say by now what was checked."""
    signing = stamper.signing()
    signed = None if signing is None else _signed(marked, asked, signing)
    data = marked.data if signed is None else signed.data
    _record(marked, asked, signed, data, stamper=stamper, by=by)
    return Stamped(
        data=data, media_type=marked.media_type, record_id=marked.record_id, psnr_db=marked.psnr_db,
        c2pa=None if signed is None else _credentials(signed), unmarked=marked.unmarked, replaced=marked.replaced,
    )  # fmt: skip


def stamp(data: bytes, *, asked: Asked, stamper: Stamper, by: str) -> Stamped:
    """Stamp a picture: JPEG, PNG or WebP. `by` says whose it is: the id of a service's key, or `command`.

    Raises NotMediaError, UnreadableImageError, TooLargeError and NotStampableError (animated, CMYK, another format)
    for what the picture is; UnavailableError and SigningUnavailableError when it may be tried again;
    CertificateError when what was signed does not read back as trusted: nothing leaves then.
    """
    return sign(mark(data, asked=asked, stamper=stamper), asked=asked, stamper=stamper, by=by)


def references(count: int, *, edited: bool) -> tuple[Reference, ...]:
    """So many pictures of which no more is told; of one that was edited, the first is that one."""
    return tuple(Reference(relation=PARENT if edited and not place else "inputTo") for place in range(count))


def _free_record(stamper: Stamper) -> int:
    with stamper.store.read() as conn:
        while True:
            record = stamper.random_record(RECORD_BITS)
            if not generated.is_taken(conn, record):
                return record


def _marked(made: Made, record: int) -> Marked:
    return Marked(
        data=made.data, media_type=made.media_type, record_id=record, psnr_db=made.psnr_db, unmarked=made.unmarked,
        replaced=made.replaced, pdq=made.pdq, pdq_quality=made.pdq_quality, width=made.width, height=made.height,
        examination=made.examination,
    )  # fmt: skip


def _signed(marked: Marked, asked: Asked, signing: Signing) -> SignedFile:
    claim = Claim(
        source_type=asked.source_type, record=None if marked.psnr_db is None else marked.record_id,
        system=_words(asked.system), system_version=_words(asked.system_version),
        references=tuple((one.relation, one.media_type) for one in asked.references),
        gate=None if asked.gate is None else asked.gate.assertion(),
    )  # fmt: skip
    return signing.sign(marked.data, marked.media_type, claim)


def _credentials(signed: SignedFile) -> Signed:
    return Signed(state="trusted", manifest=signed.manifest, signer=signed.signer, timestamped=signed.timestamped)


def _record(marked: Marked, asked: Asked, signed: SignedFile | None, data: bytes, *, stamper: Stamper, by: str) -> None:
    good = marked.pdq is not None and (marked.pdq_quality or 0) >= LOW_QUALITY_BELOW
    row = GeneratedRow(
        record=marked.record_id, at=stamper.clock(), by=by, media_type=marked.media_type,
        sha256=hashlib.sha256(data).digest(), edited=asked.edited, marked=marked.psnr_db is not None,
        pdq=marked.pdq if good else None, manifest=None if signed is None else signed.manifest,
        manifest_digest=None if signed is None else hashlib.sha256(signed.store).digest(),
        gate=None if asked.gate is None else asked.gate.document(),
    )  # fmt: skip
    try:
        with stamper.store.write() as conn:
            generated.add(conn, row)
    except IntegrityError as err:
        raise ConflictError("This number was given to another picture meanwhile.", hint="Stamp it again.") from err


def _words(text: str | None) -> str | None:
    """What a generator is called, as it is written into files."""
    return "".join(one if one.isprintable() else " " for one in text).strip()[:_MOST_WORDS] or None if text else None
