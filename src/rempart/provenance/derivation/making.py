"""Sheets made in a decode worker: a picture's bytes go there in a memory file, its sheet comes back behind them.

What comes back was made by a process that decoded untrusted bytes: it is read as any file of features is, with every
length and number checked.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rempart.errors import NotMediaError, RempartError, TooLargeError
from rempart.provenance.derivation.sheetfile import MOST_BYTES, read_sheet, write_sheet
from rempart.provenance.derivation.sheets import Sheet, sheet_of
from rempart.signals import memoryfile
from rempart.signals.examine import Examination
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import Job, Plan, WorkerPool

TASK = "rempart.provenance.derivation.making:sheet_in_worker"

_LENGTH = 8
_ROOM = MOST_BYTES + _LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of a file: its sheet, or why there is none. `key` is the caller's."""

    key: object
    sha256: bytes
    outcome: Outcome
    sheet: Sheet | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _SheetPlan(Plan):
    """One plan for all files: how many bytes each has stands at the end of its memory file."""

    def wire(self) -> dict[str, Any]:
        """The plan as the worker is told it; without `sheet` it would have nothing to do."""
        return {"sheet": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    key: object
    descriptor: int
    size: int
    sha256: bytes


def sheet_pool(*, workers: int = 1, limits: Limits) -> WorkerPool:
    """Workers for `sheets`."""
    return WorkerPool(workers=workers, limits=limits, task=TASK, waiting=64)


def sheets(pool: WorkerPool, files: Iterable[tuple[object, bytes | memoryview]]) -> Iterator[Made]:
    """The sheet of each file (key, bytes), as they are ready. Never raises for what a file holds.

    Raises UnavailableError when no worker can be started, or memory is short; and whatever `files` raises.
    """
    sent: dict[int, _Sent] = {}

    def jobs() -> Iterator[Job]:
        for key, data in files:
            descriptor = _memory_file(data)
            one = _Sent(key=key, descriptor=descriptor, size=len(data), sha256=hashlib.sha256(data).digest())
            sent[descriptor] = one
            yield Job(key=one, source=os.dup(descriptor))

    try:
        for job, found in pool.map(jobs(), _SheetPlan()):
            one = job.key
            assert isinstance(one, _Sent)
            try:
                yield _read(one, found)
            finally:
                os.close(sent.pop(one.descriptor).descriptor)
    finally:
        for one in sent.values():
            os.close(one.descriptor)


def _memory_file(data: bytes | memoryview) -> int:
    descriptor = memoryfile.memory_file(memoryview(data), room=_ROOM)
    os.pwrite(descriptor, len(data).to_bytes(_LENGTH, "little"), memoryfile.after(len(data)) + _ROOM - _LENGTH)
    return descriptor


def _read(one: _Sent, found: Examination) -> Made:
    if found.outcome is not Outcome.OK:
        return Made(key=one.key, sha256=one.sha256, outcome=found.outcome, error=found.error)
    size = found.size or 0
    try:
        if not 0 < size <= MOST_BYTES:
            raise TooLargeError
        sheet = read_sheet(os.pread(one.descriptor, size, memoryfile.after(one.size)), of=one.sha256)
    except RempartError:
        return Made(key=one.key, sha256=one.sha256, outcome=Outcome.UNREADABLE, error="The decoder answered nonsense.")
    return Made(key=one.key, sha256=one.sha256, outcome=Outcome.OK, sheet=sheet)


def prepare_worker() -> None:
    """Import and try everything once, while files can still be opened."""
    import cv2
    import numpy as np

    from rempart.signals.warmup import warm_up

    warm_up()
    # One thread: features come in the order they are found, and the sandbox starts no others.
    cv2.setNumThreads(1)
    noise = np.random.default_rng(1).integers(0, 256, (700, 900, 3), np.uint8)
    write_sheet(sheet_of(noise), of=bytes(32))
    memoryfile.prepare()


def sheet_in_worker(
    descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Callable[[], None]
) -> dict[str, Any]:
    """The worker's task; the answer is `Examination.to_wire`'s form, with the size of the sheet."""
    if "sheet" not in plan:  # the first attempt ended badly, and there is nothing else to be made of it
        return Examination(outcome=Outcome.OK).to_wire()
    return _made(descriptor, limits).to_wire()


def _made(descriptor: int, limits: Limits) -> Examination:
    from rempart.signals.decode import decode

    total = os.lseek(descriptor, 0, os.SEEK_END)
    size = int.from_bytes(os.pread(descriptor, _LENGTH, total - _LENGTH), "little")
    try:
        if size > limits.file_bytes:
            raise TooLargeError(f"The file has {size} bytes, more than the limit of {limits.file_bytes}.")
        data = memoryfile.first(descriptor, size)
        decoded = decode(data, limits=limits)
        answer = write_sheet(sheet_of(decoded.pixels), of=hashlib.sha256(data).digest())
    except NotMediaError as err:
        return Examination(outcome=Outcome.NOT_MEDIA, error=str(err)[:200])
    except (TooLargeError, MemoryError) as err:
        return Examination(outcome=Outcome.TOO_LARGE, error=str(err)[:200])
    except RempartError as err:
        return Examination(outcome=Outcome.UNREADABLE, error=str(err)[:200])
    memoryfile.write(descriptor, memoryfile.after(size), answer)
    return Examination(outcome=Outcome.OK, size=len(answer))
