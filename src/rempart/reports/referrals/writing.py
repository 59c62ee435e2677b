"""One sealed file: a ZIP of parts in a fixed order, streamed through age to several recipients.

Parts are stored as they are, each with the same time stamp, so that the same parts give the same ZIP. What is not yet
sealed runs through a pipe and never touches a disk.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from rempart.errors import RefusedError, StorageFullError, TamperedError
from rempart.evidence.ledger.notes import Signer
from rempart.reports.orders.values import RecipientClass
from rempart.reports.referrals import members
from rempart.reports.referrals.manifest import MANIFEST, STATEMENT, Member, manifest, statement
from rempart.reports.referrals.recipients import age_recipients
from rempart.reports.referrals.values import Part, hold_back
from rempart.signals.digests import Digests, digesting

Source = Callable[[str], AbstractContextManager[Iterable[bytes | memoryview]]]
"""Opens a sealed object: its bytes in pieces, for the length of the block."""
More = Callable[[], Iterable[tuple[str, bytes]]]
"""Gives what is read last: custody and proofs, after the contents were opened."""
_STAMP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A package as it was written: size and SHA-256 of the sealed file, SHA-256 of the manifest in it."""

    size: int
    digest: bytes
    manifest: bytes


def write_sealed(
    frozen: Mapping[str, Any], out: IO[bytes], *, source: Source, more: More, signer: Signer, made: datetime
) -> Written:
    """Seal a package for its recipients into `out`. What is there after an error is not to be used.

    Raises RefusedError before anything is read when a recipient may not be given one of its parts, TamperedError for
    content that is not what was confirmed, and whatever the source raises.
    """
    hold_back([Part(one) for one in frozen["parts"]], [RecipientClass(one["class"]) for one in frozen["to"]])
    keys = age_recipients([key for one in frozen["to"] for key in one["keys"]])
    if not keys:
        raise RefusedError("A package is for somebody.", hint="Choose who is to open it.")
    tally = _Tally(out)
    reading, writing = os.pipe()
    with ThreadPoolExecutor(1, "age") as pool, os.fdopen(writing, "wb") as plain:
        sealing = pool.submit(_seal, reading, tally, keys)
        try:
            digest = write_plain(frozen, plain, source=source, more=more, signer=signer, made=made)
            plain.flush()
        except BrokenPipeError:
            _why(sealing)
            raise
        finally:
            with suppress(BrokenPipeError):
                plain.close()
        _why(sealing)
    return Written(size=tally.size, digest=tally.digest.digest(), manifest=digest)


def write_plain(
    frozen: Mapping[str, Any], out: IO[bytes], *, source: Source, more: More, signer: Signer, made: datetime
) -> bytes:
    """The ZIP itself; gives the SHA-256 of its manifest. Part by part:

    how to check it, the cover, documents, contents, the VICS case, custody and ledger, the manifest, its signature.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        done = [_put(archive, name, data) for name, data in members.documents(frozen)]
        digests: dict[str, Digests] = {}
        for one in frozen["contents"] if Part.CONTENT.value in frozen["parts"] else ():
            found = _put_content(archive, one, source)
            digests[one["sha256"]] = found
            done.append(Member(name=one["file"], size=found.size, sha256=str(found.sha256)))
        if Part.SIGNALS.value in frozen["parts"]:
            done.append(_put(archive, members.VICS, members.vics(frozen, digests)))
        done += [_put(archive, name, data) for name, data in more()]
        told = manifest(done, referral=frozen["referral"], made=made)
        _put(archive, MANIFEST, told)
        _put(archive, STATEMENT, statement(frozen["referral"], told, signer=signer))
    return hashlib.sha256(told).digest()


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> Member:
    archive.writestr(zipfile.ZipInfo(name, date_time=_STAMP), data)
    return Member(name=name, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def _put_content(archive: zipfile.ZipFile, one: Mapping[str, Any], source: Source) -> Digests:
    info = zipfile.ZipInfo(one["file"], date_time=_STAMP)
    info.file_size = one["size"]
    running = digesting()
    with source(one["object"]) as pieces, archive.open(info, "w", force_zip64=one["size"] >= 1 << 31) as there:
        for piece in pieces:
            running.update(piece)
            there.write(piece)
    found = running.done()
    if str(found.sha256) != one["sha256"]:
        raise TamperedError("Sealed content is not what was confirmed; nothing was handed over.")
    return found


def _seal(reading: int, out: _Tally, keys: list[Any]) -> None:
    import pyrage

    with os.fdopen(reading, "rb") as plain:
        pyrage.encrypt_io(plain, out, keys)
        out.flush()


def _why(sealing: Future[None]) -> None:
    """Raise what went wrong while sealing, in words of ours."""
    import pyrage

    try:
        sealing.result()
    except (pyrage.EncryptError, OSError) as err:
        raise StorageFullError(f"The package could not be written: {str(err)[:200]}") from err


class _Tally:
    """What was written to a file, counted and digested."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._out.write(data)
        self.size += len(data)
        self.digest.update(data)
        return len(data)

    def flush(self) -> None:
        self._out.flush()
