"""Derivatives made in a decode worker: one memory file goes there with the bytes and comes back with the picture.

What stands there afterwards is copied out once and believed as far as its first bytes go.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rempart.errors import NotMediaError, RempartError, TooLargeError
from rempart.signals import memoryfile, metadata
from rempart.signals.derivatives import ENOUGH, METADATA, Derivative, Step, derive
from rempart.signals.examine import Examination
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import Plan, WorkerPool
from rempart.signals.room import PixelRoom
from rempart.signals.wholeness import one_picture

TASK = "rempart.signals.drawing:draw_in_worker"
ROOM_BYTES: Mapping[bool, int] = {False: 2 << 20, True: 48 << 20}
"""Room for an answer: of a derivative, and of the whole picture."""
_HEADS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_WHOLE = "whole"
"""What stands in an answer in place of a recipe when the picture is all that there is in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingPlan(Plan):
    """What to draw of the `size` bytes at the start of a file, into its rest."""

    step: Step
    stamp: str
    size: int

    def wire(self) -> dict[str, Any]:
        """The plan as the worker is told it; without `step` it would have nothing to do."""
        return {"step": self.step.value, "stamp": self.stamp, "size": self.size}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What became of it: a derivative, or why there is none. `whole`: the file is one picture, and the derivative shows
    all of it in its full size."""

    outcome: Outcome
    derivative: Derivative | None = None
    whole: bool = False


def drawing_pool(*, workers: int = 1, limits: Limits) -> WorkerPool:
    """Workers for `draw`; each starts when it is first needed."""
    return WorkerPool(workers=workers, limits=limits, task=TASK, waiting=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataPlan(Plan):
    """What to read of the `size` bytes at the start of a file, into its rest."""

    size: int

    def wire(self) -> dict[str, Any]:
        """The plan as the worker is told it."""
        return {"step": METADATA, "size": self.size}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a file says of itself, as names and values; none where it says nothing, or cannot be read."""

    outcome: Outcome
    pairs: tuple[tuple[str, str], ...] = ()


def read_metadata(pool: WorkerPool, data: memoryview, *, timeout: float | None = None) -> Metadata:
    """What a file says of itself, read by a worker. Never raises for what the file holds; raises UnavailableError."""
    start = memoryfile.after(len(data))
    descriptor = memoryfile.memory_file(data, room=ROOM_BYTES[False])
    try:
        found = pool.examine(os.dup(descriptor), MetadataPlan(size=len(data)), timeout=timeout)
        if found.outcome is not Outcome.OK or not 0 < (found.size or 0) <= ROOM_BYTES[False]:
            return Metadata(outcome=found.outcome if found.outcome is not Outcome.OK else Outcome.UNREADABLE)
        return Metadata(outcome=Outcome.OK, pairs=metadata.read(os.pread(descriptor, found.size or 0, start)))
    except ValueError:
        return Metadata(outcome=Outcome.UNREADABLE)
    finally:
        os.close(descriptor)


def draw(pool: WorkerPool, data: memoryview, step: Step, *, stamp: str, timeout: float | None = None) -> Drawn:
    """The derivative of a file's bytes, made by a worker. Never raises for what the file holds.

    Raises UnavailableError when no worker was free in time, none can be started, or memory is short.
    """
    size, room = len(data), ROOM_BYTES[step is Step.ORIGINAL]
    start = memoryfile.after(size)
    descriptor = memoryfile.memory_file(data, room=room)
    try:
        plan = DrawingPlan(step=step, stamp=stamp, size=size)
        found = pool.examine(os.dup(descriptor), plan, timeout=timeout)
        return _read(descriptor, found, start=start, room=room)
    finally:
        os.close(descriptor)


def _read(descriptor: int, found: Examination, *, start: int, room: int) -> Drawn:
    if found.outcome is not Outcome.OK:
        return Drawn(outcome=found.outcome)
    size, kind = found.size or 0, found.media_type or ""
    if 0 < size <= room and kind in _HEADS and found.width and found.height:
        data = os.pread(descriptor, size, start)
        if data.startswith(_HEADS[kind]) and len(data) == size:
            made = Derivative(data=data, media_type=kind, width=found.width, height=found.height)
            return Drawn(outcome=Outcome.OK, derivative=made, whole=found.recipe == _WHOLE)
    return Drawn(outcome=Outcome.UNREADABLE)


def prepare_worker() -> None:
    """Import and try everything once, while files can still be opened."""
    import numpy as np

    from rempart.signals.samples import samples
    from rempart.signals.warmup import warm_up

    warm_up()
    metadata.written(metadata.of_file(samples()["image/jpeg"]))
    for step in Step:
        derive(np.full((90, 120, 3), 128, np.uint8), step, stamp="Az-09: ·")
    memoryfile.prepare()


def draw_in_worker(
    descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Callable[[], None]
) -> dict[str, Any]:
    """The worker's task; the answer is `Examination.to_wire`'s form, with the derivative's size, kind and measures."""
    if "step" not in plan:  # the first attempt ended badly, and there is nothing else to be made of it
        return Examination(outcome=Outcome.OK).to_wire()
    if plan["step"] == METADATA:
        return _read_file(descriptor, plan["size"]).to_wire()
    return _drawn(descriptor, plan, limits).to_wire()


def _read_file(descriptor: int, size: int) -> Examination:
    try:
        data = metadata.written(metadata.of_file(memoryfile.first(descriptor, size)))
    except MemoryError as err:
        return Examination(outcome=Outcome.TOO_LARGE, error=str(err)[:200])
    except RempartError as err:
        return Examination(outcome=Outcome.UNREADABLE, error=str(err)[:200])
    memoryfile.write(descriptor, memoryfile.after(size), data)
    return Examination(outcome=Outcome.OK, media_type="application/json", size=len(data))


def _drawn(descriptor: int, plan: Mapping[str, Any], limits: Limits) -> Examination:
    from rempart.signals.decode import decode

    try:
        room = _worker_room()
        step = Step(plan["step"])
        data = memoryfile.first(descriptor, plan["size"])
        decoded = decode(data, limits=limits, room=room, edge=ENOUGH.get(step))
        made = derive(decoded.pixels, step, stamp=plan["stamp"])
        full = (made.height, made.width) == decoded.pixels.shape[:2]
        whole = step is Step.ORIGINAL and full and one_picture(data, decoded.media_type)
        decoded.pixels.fill(0)
    except NotMediaError as err:
        return Examination(outcome=Outcome.NOT_MEDIA, error=str(err)[:200])
    except (TooLargeError, MemoryError) as err:
        return Examination(outcome=Outcome.TOO_LARGE, error=str(err)[:200])
    except RempartError as err:
        return Examination(outcome=Outcome.UNREADABLE, error=str(err)[:200])
    start = memoryfile.after(plan["size"])
    if len(made.data) > os.lseek(descriptor, 0, os.SEEK_END) - start:
        return Examination(outcome=Outcome.TOO_LARGE, error="The picture has more bytes than there is room for.")
    memoryfile.write(descriptor, start, made.data)
    return Examination(
        outcome=Outcome.OK, media_type=made.media_type, size=len(made.data), width=made.width, height=made.height,
        recipe=_WHOLE if whole else None,
    )  # fmt: skip


@cache
def _worker_room() -> PixelRoom:
    return PixelRoom()
