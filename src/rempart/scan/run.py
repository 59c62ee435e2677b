"""One scan: the walk feeds the workers, their examinations are judged in batches, every record is kept once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field

from rempart.lists.lookup import Lookup
from rempart.scan.archives import HEAD_BYTES, ArchiveLimits, archive_kind, unopened_kind
from rempart.scan.lookup import Looked, judge
from rempart.scan.members import load
from rempart.scan.memory import Memory
from rempart.scan.records import Record, Target
from rempart.scan.seen import SeenTable
from rempart.scan.unpack import Unpacker
from rempart.scan.walk import Found, Problem, Stamp, Walk
from rempart.signals.examine import Examination
from rempart.signals.outcome import Limits
from rempart.signals.pool import Job, Plan, WorkerPool

_BATCH = 64
_BATCH_SECONDS = 0.25  # slow files are not kept waiting for company: what is done is to be in the journal


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """What a scan does with each file. `radius` is the largest PDQ distance that is a match, 0 to 63."""

    probe_set: str = "canonical"
    radius: int = 31
    archives: bool = True
    one_file_system: bool = False
    limits: Limits = field(default_factory=Limits)
    archive_limits: ArchiveLimits = field(default_factory=ArchiveLimits)


@dataclass(slots=True)
class _Group:
    """An archive and its members on their way: its own record is written after all of theirs."""

    left: int = 0
    held: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    target: Target
    group: _Group | None = None
    note: str | None = None
    problem: Problem | None = None


class Scan:
    """Looks at every file once and hands each record to `sink`, after the journal has it.

    `lists` are looked up together; `memory` holds what earlier runs did (None: no journal). `once` turns on the check
    that a path named twice, or by two overlapping paths, is looked at once; it costs about 50 bytes a file.
    """

    def __init__(
        self, plan: ScanPlan, *, lists: Sequence[Lookup], pool: WorkerPool, sink: Callable[[Record], None],
        memory: Memory | None = None, once: bool = False,
    ) -> None:  # fmt: skip
        self._plan, self._lists, self._pool, self._sink, self._memory = plan, lists, pool, sink, memory
        self._seen = SeenTable() if once else None
        self._batch: list[tuple[_Pending, Looked]] = []
        self._finished = time.monotonic()
        self.walk = Walk(skip=self._skip, skip_folder=self._skip_folder, one_file_system=plan.one_file_system)
        self.skipped = 0

    def run(self, paths: Iterable[str]) -> None:
        """Scan all paths. Raises what the journal raises (StorageFullError); KeyboardInterrupt passes through.

        However it ends, records that were finished are in the journal.
        """
        with Unpacker(limits=self._plan.archive_limits) as unpacker:
            jobs = self._jobs(paths, unpacker)
            try:
                for job, seen in self._pool.map(jobs, Plan(probe_set=self._plan.probe_set)):
                    self._add(job.key, seen)
            finally:
                jobs.close()
                self._finish()

    def _add(self, key: object, seen: Examination | None) -> None:
        assert isinstance(key, _Pending)
        note = key.note
        stamp = key.target.stamp
        if not key.target.members and seen is not None and stamp and seen.size not in (None, stamp.size):
            note = "it changed while it was read"
        self._batch.append((key, Looked(target=key.target, examination=seen, note=note, problem=key.problem)))
        if len(self._batch) >= _BATCH or time.monotonic() - self._finished > _BATCH_SECONDS:
            self._finish()

    def _finish(self) -> None:
        batch, self._batch = self._batch, []
        self._finished = time.monotonic()
        records = judge([looked for _, looked in batch], self._lists, radius=self._plan.radius)
        for (pending, _), record in zip(batch, records, strict=True):
            self._settle(pending, record)

    def _settle(self, pending: _Pending, record: Record) -> None:
        """Keep the record now, or hold an archive's own one until its last member is kept."""
        group = pending.group
        if group is None:
            self._keep(record)
            return
        if not pending.target.members:
            group.held = record
        else:
            self._keep(record)
            group.left -= 1
        if group.held is not None and group.left == 0:
            self._keep(group.held)

    def _keep(self, record: Record) -> None:
        if self._memory is not None:
            self._memory.add(record)
        self._sink(record)

    def _skip(self, path: str, stamp: Stamp | None, *, left_out: bool = False) -> bool:
        if self._twice(path):
            return True
        if self._memory is not None and self._memory.done(path, stamp, left_out=left_out):
            self.skipped += 1
            return True
        return False

    def _skip_folder(self, path: str) -> bool:
        return self._twice(path, folder=True)

    def _twice(self, path: str, *, folder: bool = False) -> bool:
        if self._seen is None:
            return False
        key = os.fsencode(os.path.abspath(path)) + (b"/" if folder else b"")
        if self._seen.get(key) is not None:
            return True
        self._seen.put(key, 1)
        return False

    def _jobs(self, paths: Iterable[str], unpacker: Unpacker) -> Generator[Job, None, None]:
        for found in self.walk.over(paths):
            if found.stamp is None:
                left_out = found.problem in (Problem.LINK, Problem.SPECIAL)
                if not self._skip(found.path, None, left_out=left_out):
                    target = Target(path=found.path)
                    self._add(_Pending(target=target, note=found.error, problem=found.problem), None)
                continue
            head = _head(found.fd)
            if self._plan.archives and archive_kind(head):
                yield from self._archive(found, found.stamp, unpacker)
                continue
            kind = unopened_kind(head) if self._plan.archives else None
            note = f"an archive ({kind}) that is not opened here" if kind else None
            yield Job(key=_Pending(target=Target(path=found.path, stamp=found.stamp), note=note), source=found.fd)

    def _archive(self, found: Found, stamp: Stamp, unpacker: Unpacker) -> Generator[Job, None, None]:
        """The members of an archive, then the archive itself with what could not be read of it."""
        group = _Group()
        handed_on = False
        try:
            trouble = yield from self._members(found, stamp, unpacker, group)
            os.lseek(found.fd, 0, os.SEEK_SET)
            target = Target(path=found.path, stamp=stamp)
            handed_on = True
            yield Job(key=_Pending(target=target, note=trouble, group=group), source=found.fd)
        finally:
            if not handed_on:
                os.close(found.fd)

    def _members(
        self, found: Found, stamp: Stamp, unpacker: Unpacker, group: _Group
    ) -> Generator[Job, None, str | None]:
        inside = unpacker.members(found.fd, size=stamp.size)
        while True:
            try:
                member = next(inside)
            except StopIteration as end:
                trouble: str | None = end.value
                return trouble
            if self._memory is not None and self._memory.member_done(found.path, member.at, stamp):
                continue
            target = Target(path=found.path, members=member.names, at=member.at, stamp=stamp)
            problem = Problem.LINK if member.link else None
            pending = _Pending(target=target, group=group, note=member.error, problem=problem)
            source = None if member.stream is None else load(member.stream, limit=self._plan.limits.file_bytes)
            if isinstance(source, int):
                group.left += 1
                yield Job(key=pending, source=source)
            elif source is not None or member.stream is None:
                group.left += 1
                self._add(pending, source)


def _head(fd: int) -> bytes:
    try:
        return os.pread(fd, HEAD_BYTES, 0)
    except OSError:
        return b""  # the worker will say why
