"""Checking a package that somebody was handed, with the sender's public key and without the sender's database.

`docs/verify_referral.py` does the same for whoever has no Rempart.
"""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from rempart.errors import ForeignFileError, IncompleteError, LedgerKeyError, RefusedError, TamperedError
from rempart.evidence.ledger.notes import VerifierKey, parse_signed
from rempart.evidence.ledger.proof import Proven, check_proof
from rempart.reports.referrals.manifest import FORMAT, MANIFEST, STATEMENT, statement_text
from rempart.signals.digests import digest_stream

_AGE = b"age-encryption.org/"
_MOST_SMALL = 64 << 20
_ODD_ZIP = (NotImplementedError, RuntimeError, zlib.error)
"""What the library raises for a ZIP of a kind that no package is of: encrypted, split, compressed in other ways."""
_LOCAL, _END = 30, 22
_DESCRIPTORS = frozenset({0, 12, 16, 20, 24})
"""How long what a ZIP says behind a part of its length may be."""
_LEDGER, _CONTENT = "ledger/", "content/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a package is. `proofs` are of its ledger steps; `sealed` are the leaves that show that a content of this
    package was sealed in the sender's vault, by the content's name."""

    referral: str
    made: str
    key: str
    parts: int
    contents: int
    proofs: int
    sealed: Mapping[str, int]
    tools: Mapping[str, str]


@contextmanager
def opened(path: Path, identities: Sequence[str] = ()) -> Iterator[IO[bytes]]:
    """A package's ZIP: the file itself, or, with age identities, what is sealed in it; that is held in memory alone.

    Raises RefusedError where identities are missing or none fits, ForeignFileError for another kind of file.
    """
    with path.open("rb") as stream:
        head = stream.read(len(_AGE))
        stream.seek(0)
        if head != _AGE:
            yield stream
            return
        if not identities:
            raise RefusedError("This package is sealed.", hint="Name the file with your age identity: --identity FILE.")
        with os.fdopen(os.memfd_create("referral"), "w+b") as plain:
            _unseal(stream, plain, identities)
            plain.seek(0)
            yield plain


def verify(stream: IO[bytes], *, keys: Sequence[VerifierKey]) -> Verified:
    """Check a package's ZIP. It is what the sender signed when all of this holds:

    1. Its statement is signed by one of `keys` (LedgerKeyError), and of this format (ForeignFileError).
    2. The manifest is the one that was stated (TamperedError).
    3. Every part of the manifest is there, once, with its size and SHA-256, and nothing else (TamperedError,
       IncompleteError).
    4. Every step of the ledger verifies under one of `keys` (LedgerChangedError, LedgerKeyError).
    5. The ZIP is nothing but these parts, one after the other, as they are: nothing stands before, between or behind
       them, or in remarks (TamperedError).
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            found = _verify(archive, keys)
            _nothing_else(archive, stream)  # 5
            return found
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, UnicodeDecodeError, EOFError, *_ODD_ZIP) as err:
        raise ForeignFileError("This is no referral package, or it is damaged beyond reading.") from err


def _verify(archive: zipfile.ZipFile, keys: Sequence[VerifierKey]) -> Verified:
    key, lines, text = _stated(_small(archive, STATEMENT).decode(), keys)  # 1
    if lines[0] != FORMAT:
        raise ForeignFileError("This package is of a form that is not known here.")
    data = _small(archive, MANIFEST)
    if statement_text(lines[1], data) != text:  # 2
        raise TamperedError("The manifest is not the one that was signed.")
    told = json.loads(data)
    _parts(archive, told["parts"])  # 3
    proven = {  # 4
        one["name"]: check_proof(_small(archive, one["name"]), keys=keys)
        for one in told["parts"]
        if one["name"].startswith(_LEDGER) and one["name"][len(_LEDGER) : -len(".json")].isdigit()
    }
    files = [one for one in told["parts"] if one["name"].startswith(_CONTENT)]
    contents = {bytes.fromhex(one["sha256"]): one["name"] for one in files}
    return Verified(
        referral=lines[1], made=told["made"], key=key.line, parts=len(told["parts"]), contents=len(contents),
        proofs=len(proven), sealed=_sealed(proven.values(), contents), tools=told["tools"],
    )  # fmt: skip


def _stated(note: str, keys: Sequence[VerifierKey]) -> tuple[VerifierKey, list[str], str]:
    text, signatures = parse_signed(note)
    known = {(key.name, key.hash): key for key in keys}
    for one in signatures:
        key = known.get((one.name, one.hash))
        if key is not None:
            if not key.signed(text, one.value):
                raise TamperedError("The package's statement was altered: its signature is of another.")
            return key, text.split("\n"), text
    signers = ", ".join(one.key_id for one in signatures)
    raise LedgerKeyError(
        f"The package is signed by {signers}, which none of the given keys is.",
        hint="Give the verifier key of that name and hash; after a rotation give the older ones too.",
    )


def _parts(archive: zipfile.ZipFile, told: Sequence[Mapping[str, Any]]) -> None:
    there = archive.namelist()
    wanted = {one["name"] for one in told} | {MANIFEST, STATEMENT}
    if missing := sorted(wanted - set(there)):
        raise IncompleteError(f"{missing[0]} is missing in this package.")
    if len(there) != len(wanted):
        more = next((one for one in there if one not in wanted), "a part that is there twice")
        raise TamperedError(f"Something was put into this package: {more}.")
    for one in told:
        if archive.getinfo(one["name"]).file_size != one["size"]:  # before any of it is read: it may be a flood
            raise TamperedError(f"{one['name']} was altered.")
        with archive.open(one["name"]) as stream:
            found = digest_stream(cast(BinaryIO, stream))
        if (found.size, str(found.sha256)) != (one["size"], one["sha256"]):
            raise TamperedError(f"{one['name']} was altered.")


def _nothing_else(archive: zipfile.ZipFile, stream: IO[bytes]) -> None:
    parts = sorted(archive.infolist(), key=lambda one: one.header_offset)
    place = 0
    for one, following in zip(parts, [*(two.header_offset for two in parts[1:]), archive.start_dir], strict=True):
        stream.seek(one.header_offset + _LOCAL - 4)
        name, more = struct.unpack("<HH", stream.read(4))
        end = place + _LOCAL + name + more + one.compress_size
        plain = one.compress_type == zipfile.ZIP_STORED and not one.comment
        if one.header_offset != place or not plain or following - end not in _DESCRIPTORS:
            raise TamperedError("Something was put into this package, between its parts.")
        place = following
    stream.seek(-_END, os.SEEK_END)
    if archive.comment or not stream.read(_END).startswith(b"PK\5\6"):
        raise TamperedError("Something was put into this package, behind its parts.")


def _sealed(proven: Any, contents: Mapping[bytes, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    one: Proven
    for one in proven:
        digest = one.opened.get("sha256")
        if isinstance(digest, bytes) and digest in contents:
            found[contents[digest]] = one.leaf
    return found


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > _MOST_SMALL:
        raise ForeignFileError(f"{name} is too long for what it is.")
    return archive.read(info)


def _unseal(stream: IO[bytes], plain: IO[bytes], identities: Sequence[str]) -> None:
    import pyrage

    try:
        pyrage.decrypt_io(stream, plain, [pyrage.x25519.Identity.from_str(one) for one in identities])
    except pyrage.IdentityError as err:
        raise RefusedError("That is no age identity.", hint="It begins with AGE-SECRET-KEY-1.") from err
    except (pyrage.DecryptError, ValueError) as err:
        raise RefusedError("None of these identities opens the package, or it is damaged.") from err
