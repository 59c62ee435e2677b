"""Verifying an export with nothing but the file, the public key, and checkpoints that were kept elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rempart.errors import LedgerForkedError, LedgerIncompleteError
from rempart.evidence.ledger.diagnosis import diagnose, signed_head
from rempart.evidence.ledger.exportfile import (
    FULL,
    EndLine,
    HeadLine,
    LeafLine,
    Line,
    TileLine,
    opens_wrongly,
    read_line,
    read_lines,
)
from rempart.evidence.ledger.leaves import TIME
from rempart.evidence.ledger.notes import Checkpoint, VerifierKey, parse_checkpoint
from rempart.evidence.ledger.timestamp import Stamp, check_stamp
from rempart.evidence.ledger.tree import HASH_BYTES, TILE_WIDTH, Frontier


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What an export was found to be."""

    origin: str
    size: int
    root: bytes
    form: str
    key: str
    days: tuple[str, str] | None
    """The first and the last day that a leaf shows."""
    unaltered_since: int | None
    """The size of the largest checkpoint that was given: what it covers was not rewritten since it was published.
    None without any: the export is internally consistent, but a rewritten history is not excluded."""
    confirmed: tuple[int, ...]
    """The sizes of all checkpoints that were given."""
    stamp: Stamp | None


def verify(
    path: Path,
    *,
    keys: Sequence[VerifierKey],
    checkpoints: Sequence[str] = (),
    authorities: Sequence[bytes] = (),
) -> Verified:
    """Check an export. It is what was signed when all of this holds:

    1. The first line carries a checkpoint that one of `keys` signed.
    2. Every line is in the canonical spelling and in its place, and each leaf's body hashes to what its tile says.
    3. Whatever a leaf opens opens its commitment, and its time is of the day that it shows.
    4. The leaves are as many as the checkpoint says, and the root over them is its root.
    5. The last line's digest is of all lines above: nothing unsigned was altered either.
    6. Each of `checkpoints` was signed by one of `keys` for the same ledger, covers no more leaves than there are, and
       its root is the root over the first so many.
    7. The time stamp, where there is one, is of the checkpoint, and of one of `authorities` (certificates in PEM)
       where these are given.

    Reads once, in memory that does not grow with the export; only where something is wrong, it is read again to tell
    what. Raises LedgerChangedError, LedgerRemovedError, LedgerReorderedError, LedgerIncompleteError and
    LedgerForkedError by what is wrong, LedgerKeyError for keys that signed nothing here, ForeignFileError for a file
    that is no export, and RefusedError for `checkpoints` that are none.
    """
    return verify_with_roots(path, keys=keys, checkpoints=checkpoints, authorities=authorities)[0]


def verify_with_roots(
    path: Path,
    *,
    keys: Sequence[VerifierKey],
    checkpoints: Sequence[str] = (),
    authorities: Sequence[bytes] = (),
    sizes: AbstractSet[int] = frozenset(),
) -> tuple[Verified, HeadLine, dict[int, bytes]]:
    """As `verify`, and with the first line and the roots over the first so many leaves, for each of `sizes`."""
    earlier = [_earlier(note, keys) for note in checkpoints]
    with path.open("rb") as stream:
        head, signed, key = signed_head(stream, keys)  # 1
        reading = _Reading(head, signed, {one.size for one in earlier} | sizes)
        problem = reading.run(stream)  # 2, 3, 4, 5
    if problem is not None:
        raise diagnose(path, signed, problem)
    for one in earlier:  # 6
        _check_earlier(one, signed, reading.roots)
    found = Verified(
        origin=signed.origin,
        size=signed.size,
        root=signed.root,
        form=head.form,
        key=key.line,
        days=reading.days,
        unaltered_since=max((one.size for one in earlier), default=None),
        confirmed=tuple(sorted(one.size for one in earlier)),
        stamp=None if head.timestamp is None else check_stamp(head.timestamp, head.note.encode(), authorities),  # 7
    )
    return found, head, reading.roots


def _earlier(note: str, keys: Sequence[VerifierKey]) -> Checkpoint:
    checkpoint = parse_checkpoint(note)
    checkpoint.check(keys)
    return checkpoint


def _check_earlier(earlier: Checkpoint, signed: Checkpoint, roots: dict[int, bytes]) -> None:
    if earlier.origin != signed.origin:
        raise LedgerForkedError(f"The checkpoint is of {earlier.origin}, the export of {signed.origin}.")
    if earlier.size > signed.size:
        raise LedgerIncompleteError(
            f"A checkpoint of {earlier.size} leaves was signed, but the export ends at {signed.size}.",
            hint="Export it again; if the ledger itself is no longer, its end was cut off.",
        )
    if roots[earlier.size] != earlier.root:
        raise LedgerForkedError(
            f"The first {earlier.size} leaves are not those of which the given checkpoint was signed: "
            "both are signed, so whoever has the key rewrote the history."
        )


class _Reading:
    """One pass over the lines after the first."""

    def __init__(self, head: HeadLine, signed: Checkpoint, wanted: set[int]) -> None:
        self._head, self._signed, self._wanted = head, signed, wanted
        self._frontier, self._tile, self._ended = Frontier(), b"", False
        self.roots: dict[int, bytes] = {}
        self.days: tuple[str, str] | None = None
        self._keep_root()

    def run(self, stream: IO[bytes]) -> str | None:
        """Read to the end; what is wrong first, or None. The stream stands anywhere; it is read from its start."""
        stream.seek(0)
        digest = hashlib.sha256()
        for number, line in enumerate(read_lines(stream), 1):
            try:
                told = read_line(line)
            except ValueError as err:
                return f"line {number}: {err}"
            if (
                number > 1
                and (problem := self._take(told, digest.digest() if type(told) is EndLine else b"")) is not None
            ):
                return f"line {number}: {problem}"
            digest.update(line)
        return None if self._ended else "the file ends before its last line"

    def _take(self, told: Line, digest: bytes) -> str | None:
        if self._ended:
            return "there is more after the last line"
        match told:
            case LeafLine():
                return self._take_leaf(told)
            case TileLine():
                place = self._frontier.size
                expected = min(TILE_WIDTH, self._signed.size - place) * HASH_BYTES
                if self._tile or place % TILE_WIDTH or told.tile != place // TILE_WIDTH or len(told.hashes) != expected:
                    return "a tile in the wrong place"
                self._tile = told.hashes
                return None
            case EndLine():
                self._ended = True
                if self._frontier.size != self._signed.size or told.count != self._signed.size:
                    return "the number of leaves is not the signed one"
                if self._frontier.root() != self._signed.root:
                    return "the root over the leaves is not the signed one"
                return None if told.digest == digest else "the digest is not of the lines above"
            case _:
                return "a second first line"

    def _take_leaf(self, told: LeafLine) -> str | None:
        place = self._frontier.size
        if told.leaf != place or self._tile[:HASH_BYTES] != told.hash:
            return "a leaf that is not the one that belongs here"
        if (told.opens is not None) != (self._head.form == FULL):
            return "a leaf of the other form"
        if told.opens is not None:
            if TIME not in {one.name for one in told.opens}:
                return "the time is not opened"
            if (wrong := opens_wrongly(told.body, told.opens)) is not None:
                return wrong
        self._tile = self._tile[HASH_BYTES:]
        self._frontier.add(told.hash)
        self._keep_root()
        day = str(told.body["day"])
        first, last = self.days or (day, day)
        self.days = min(first, day), max(last, day)
        return None

    def _keep_root(self) -> None:
        if self._frontier.size in self._wanted:
            self.roots[self._frontier.size] = self._frontier.root()
