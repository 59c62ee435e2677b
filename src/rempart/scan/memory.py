"""What earlier runs of a scan already did, and which of their lines still hold."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator

from rempart.errors import RempartError
from rempart.scan.journal import Journal
from rempart.scan.records import RESULT_LETTERS, LineKey, Record, key_of_line, to_line
from rempart.scan.seen import SeenTable
from rempart.scan.walk import Stamp

_FORGET = "x"
_SESSION = "s"
_UNSTAMPED, _LEFT_OUT = 1, 2


class Memory:
    """A scan's records in its journal: what is done, what changed since, and all that holds at the end.

    Records of a file whose size, modification time or inode differs are forgotten and the file is looked at again; so
    is what could not be opened. Files that were looked at and are gone now keep their record.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._done = SeenTable()
        self.kept = 0
        for line in journal.lines(before=journal.kept):
            if line[0] == _FORGET:
                self._forget(_path_of_forget(line))
            elif line[0] in RESULT_LETTERS:
                self._remember(key_of_line(line))
                self.kept += 1

    def _remember(self, key: LineKey) -> None:
        mark = _LEFT_OUT if key.left_out and not key.at else _mark(key.stamp)
        if key.at:
            self._done.put(_key(key.path, key.at), _mark(key.stamp, self._times_forgotten(key.path)))
            self._done.put(_key(key.path, begun=True), mark)
        else:
            self._done.put(_key(key.path), mark)

    def done(self, path: str, stamp: Stamp | None, *, left_out: bool = False) -> bool:
        """Whether this file, with everything in it, needs no second look; forgets what no longer holds of it.

        `left_out` says that it would be left out by design (a link, a pipe).
        """
        mark = _LEFT_OUT if left_out else _mark(stamp)
        known = self._done.get(_key(path)) or 0
        begun = self._done.get(_key(path, begun=True)) or 0
        if known == mark and mark != _UNSTAMPED:
            return True
        if known or begun not in (0, mark):
            self._journal.append(_FORGET + json.dumps(_bytes_of(path).hex()))
            self._forget(path)
        return False

    def _forget(self, path: str) -> None:
        """Nothing holds of this path any more, nor of the members inside it, whose marks this number outdates."""
        self._done.put(_key(path), 0)
        self._done.put(_key(path, begun=True), 0)
        self._done.put(_key(path, forgotten=True), self._times_forgotten(path) + 1)

    def _times_forgotten(self, path: str) -> int:
        return self._done.get(_key(path, forgotten=True)) or 0

    def member_done(self, path: str, at: tuple[int, ...], stamp: Stamp) -> bool:
        """Whether a member of an archive that is being looked at again was already done."""
        if not self.kept:
            return False
        return self._done.get(_key(path, at)) == _mark(stamp, self._times_forgotten(path))

    def add(self, record: Record) -> None:
        """Write one record; durable within a second."""
        self._journal.append(to_line(record))

    def flush_quietly(self) -> None:
        """Write what is pending if that can be done; used where a run ends early for another reason."""
        with contextlib.suppress(RempartError):
            self._journal.flush()

    def session(self, **facts: object) -> None:
        """Write that a run begins or ends, for the report."""
        self._journal.append(_SESSION + json.dumps(facts))
        self._journal.flush()

    def sessions(self) -> list[dict[str, object]]:
        """The runs that this journal saw, in order."""
        self._journal.flush()
        return [json.loads(line[1:]) for line in self._journal.lines() if line[0] == _SESSION]

    def lines(self, letters: frozenset[str] = RESULT_LETTERS, *, earlier_only: bool = False) -> Iterator[str]:
        """The record lines that hold, of the groups asked for, in the order they were written."""
        self._journal.flush()
        before = self._journal.kept if earlier_only else None
        forgotten = SeenTable()
        for number, line in enumerate(self._journal.lines()):
            if line[0] == _FORGET:
                forgotten.put(_key(_path_of_forget(line)), number + 1)
        for number, line in enumerate(self._journal.lines(before=before)):
            if line[0] not in letters:
                continue
            if len(forgotten) and (forgotten.get(_key(key_of_line(line).path)) or 0) > number:
                continue
            yield line


def _key(path: str, at: tuple[int, ...] = (), *, begun: bool = False, forgotten: bool = False) -> bytes:
    kind = b"begun" if begun else b"forgotten" if forgotten else b""
    return b"\0".join((_bytes_of(path), repr(at).encode("ascii"), kind))


def _mark(stamp: Stamp | None, times_forgotten: int = 0) -> int:
    if stamp is None:
        return _UNSTAMPED
    text = f"{stamp.size} {stamp.mtime_ns} {stamp.inode} {times_forgotten}".encode("ascii")
    return (int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) >> 2) + _LEFT_OUT + 1


def _bytes_of(path: str) -> bytes:
    return os.fsencode(path)


def _path_of_forget(line: str) -> str:
    return os.fsdecode(bytes.fromhex(json.loads(line[1:])))
