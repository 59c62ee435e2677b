"""Features made in a decode worker: a picture's bytes go there in a memory file, features and sheet come back.

What comes back was made by a process that decoded untrusted bytes: every length and number is checked.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rempart.errors import CorruptFileError, ForeignFileError, NotMediaError, RempartError, TooLargeError
from rempart.provenance.derivation import sheetfile
from rempart.provenance.derivation.sheetfile import read_sheet, write_sheet
from rempart.provenance.derivation.sheets import Sheet, sheet_of
from rempart.provenance.partial import featurefile
from rempart.provenance.partial.featurefile import read_features, write_features
from rempart.provenance.partial.features import Features, asked_features, listed_features, plane_of
from rempart.signals import memoryfile
from rempart.signals.examine import Examination
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import Plan, WorkerPool

TASK = "rempart.provenance.partial.making:parts_in_worker"

_LENGTH = 8
_ROOM = featurefile.MOST_BYTES + sheetfile.MOST_BYTES + _LENGTH


class Wanted(StrEnum):
    """What is made: the features of an upload, those of a picture for a list with its sheet, or a sheet alone."""

    ASKED = "asked"
    LISTED = "listed"
    SHEET = "sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What became of a picture's bytes; `error` says why there is nothing."""

    outcome: Outcome
    sha256: bytes
    features: Features | None = None
    sheet: Sheet | None = None
    sheet_bytes: bytes = b""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _PartsPlan(Plan):
    wanted: Wanted
    size: int

    def wire(self) -> dict[str, Any]:
        """The plan as the worker is told it; without `parts` it would have nothing to do."""
        return {"parts": self.wanted.value, "size": self.size}


def parts_pool(*, workers: int = 1, limits: Limits) -> WorkerPool:
    """Workers for `parts_of`."""
    return WorkerPool(workers=workers, limits=limits, task=TASK)


def parts_of(pool: WorkerPool, data: bytes | memoryview, wanted: Wanted) -> Parts:
    """What is wanted of a picture's bytes. Never raises for what they hold.

    Raises UnavailableError when no worker can be had, or memory is short.
    """
    size, sha256 = len(data), hashlib.sha256(data).digest()
    descriptor = memoryfile.memory_file(memoryview(data), room=_ROOM)
    try:
        found = pool.examine(os.dup(descriptor), _PartsPlan(wanted=wanted, size=size))
        if found.outcome is not Outcome.OK:
            return Parts(outcome=found.outcome, sha256=sha256, error=found.error)
        most = min(max(found.size or 0, 0), _ROOM)
        answer = os.pread(descriptor, most, memoryfile.after(size))
    finally:
        os.close(descriptor)
    try:
        return _read(answer, wanted, sha256)
    except (CorruptFileError, ForeignFileError):
        return Parts(outcome=Outcome.UNREADABLE, sha256=sha256, error="The decoder answered nonsense.")


def _read(answer: bytes, wanted: Wanted, sha256: bytes) -> Parts:
    length = int.from_bytes(answer[:_LENGTH], "little")
    first, rest = answer[_LENGTH : _LENGTH + length], answer[_LENGTH + length :]
    features = read_features(first) if wanted is not Wanted.SHEET else None
    sheet = read_sheet(rest, of=sha256) if wanted is not Wanted.ASKED else None
    return Parts(outcome=Outcome.OK, sha256=sha256, features=features, sheet=sheet, sheet_bytes=rest)


def prepare_worker() -> None:
    """Import and try everything once, while files can still be opened."""
    import cv2
    import numpy as np

    from rempart.signals.warmup import warm_up

    warm_up()
    # One thread: features come in the order they are found, and the sandbox starts no others.
    cv2.setNumThreads(1)
    noise = np.random.default_rng(1).integers(0, 256, (700, 900, 3), np.uint8)
    write_features(listed_features(plane_of(noise)))
    write_sheet(sheet_of(noise), of=bytes(32))
    memoryfile.prepare()


def parts_in_worker(
    descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Callable[[], None]
) -> dict[str, Any]:
    """The worker's task; the answer is `Examination.to_wire`'s form, with the size of what was made."""
    if "parts" not in plan:  # the first attempt ended badly, and there is nothing else to be made of it
        return Examination(outcome=Outcome.OK).to_wire()
    return _made(descriptor, Wanted(plan["parts"]), int(plan["size"]), limits).to_wire()


def _made(descriptor: int, wanted: Wanted, size: int, limits: Limits) -> Examination:
    from rempart.signals.decode import decode

    try:
        if size > limits.file_bytes:
            raise TooLargeError(f"The file has {size} bytes, more than the limit of {limits.file_bytes}.")
        data = memoryfile.first(descriptor, size)
        pixels = decode(data, limits=limits).pixels
        features = b""
        if wanted is not Wanted.SHEET:
            take = asked_features if wanted is Wanted.ASKED else listed_features
            features = write_features(take(plane_of(pixels)))
        sheet = b""
        if wanted is not Wanted.ASKED:
            sheet = write_sheet(sheet_of(pixels), of=hashlib.sha256(data).digest())
    except NotMediaError as err:
        return Examination(outcome=Outcome.NOT_MEDIA, error=str(err)[:200])
    except (TooLargeError, MemoryError) as err:
        return Examination(outcome=Outcome.TOO_LARGE, error=str(err)[:200])
    except RempartError as err:
        return Examination(outcome=Outcome.UNREADABLE, error=str(err)[:200])
    answer = len(features).to_bytes(_LENGTH, "little") + features + sheet
    memoryfile.write(descriptor, memoryfile.after(size), answer)
    return Examination(outcome=Outcome.OK, size=len(answer))
