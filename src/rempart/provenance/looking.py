"""What a case asks of sealed bytes beyond a picture to look at: the text of prompts, and pixels to read a mark in.

Both are made in the worker that draws. The mark itself is read outside, from a small grey plane: the worker that
decodes untrusted bytes never holds the key of the installation's marks.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from rempart.errors import RempartError
from rempart.provenance.origin.reading import prompts_of
from rempart.provenance.watermark.canonical import LONGEST, SIDE, SMALLEST, Pixels, luma_of
from rempart.signals import drawing, memoryfile
from rempart.signals.examine import Examination
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import Plan, WorkerPool

TASK = "rempart.provenance.looking:look_in_worker"
PROMPTS, PLANE = "prompts", "plane"
MOST_PROMPTS, MOST_PROMPT, MOST_NAME = 64, 20_000, 64
_ROOM = 2 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _LookPlan(Plan):
    step: str
    size: int

    def wire(self) -> dict[str, Any]:
        """The plan as the worker is told it; without `step` it would have nothing to do."""
        return {"step": self.step, "size": self.size}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """What somebody typed to have a picture made, as a file has it: names of its places, and texts. `cut`: there is
    more than is shown."""

    outcome: Outcome
    pairs: tuple[tuple[str, str], ...] = ()
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A picture's luma at the size in which marks are read, as (height, width, 3) uint8; or why there is none."""

    outcome: Outcome
    pixels: Pixels | None = None


def read_prompts(pool: WorkerPool, data: memoryview, *, timeout: float | None = None) -> Prompts:
    """The prompts in a file's bytes, read by a worker. Never raises for what the file holds, but UnavailableError."""
    found, answer = _asked(pool, data, PROMPTS, timeout=timeout)
    if found.outcome is not Outcome.OK:
        return Prompts(outcome=found.outcome)
    try:
        pairs, cut = json.loads(answer)
        texts = tuple((_clean(name)[:MOST_NAME], _clean(text)[:MOST_PROMPT]) for name, text in pairs[:MOST_PROMPTS])
    except (ValueError, TypeError, RecursionError):
        return Prompts(outcome=Outcome.UNREADABLE)
    return Prompts(outcome=Outcome.OK, pairs=texts, cut=bool(cut))


def read_plane(pool: WorkerPool, data: memoryview, *, timeout: float | None = None) -> Plane:
    """The plane of a file's bytes, made by a worker. Never raises for what the file holds; raises UnavailableError."""
    found, answer = _asked(pool, data, PLANE, timeout=timeout)
    height, width = found.height or 0, found.width or 0
    if found.outcome is not Outcome.OK or not (0 < min(height, width) <= SIDE and max(height, width) <= LONGEST):
        return Plane(outcome=found.outcome if found.outcome is not Outcome.OK else Outcome.UNREADABLE)
    if len(answer) != height * width:
        return Plane(outcome=Outcome.UNREADABLE)
    grey = np.frombuffer(answer, np.uint8).reshape(height, width)
    return Plane(outcome=Outcome.OK, pixels=np.repeat(grey[:, :, None], 3, axis=2))


def _asked(pool: WorkerPool, data: memoryview, step: str, *, timeout: float | None) -> tuple[Examination, bytes]:
    start = memoryfile.after(len(data))
    descriptor = memoryfile.memory_file(data, room=_ROOM)
    try:
        found = pool.examine(os.dup(descriptor), _LookPlan(step=step, size=len(data)), timeout=timeout)
        if found.outcome is Outcome.OK and not 0 < (found.size or 0) <= _ROOM:
            # The first attempt ended badly: the second, which looked at nothing, has no size.
            found = Examination(outcome=Outcome.UNREADABLE)
        return found, os.pread(descriptor, found.size or 0, start) if found.outcome is Outcome.OK else b""
    finally:
        os.close(descriptor)


def prepare_worker() -> None:
    """Import and try everything once, while files can still be opened."""
    import cv2

    from rempart.signals.samples import samples

    drawing.prepare_worker()
    cv2.setNumThreads(1)
    luma_of(np.zeros((SMALLEST, SMALLEST, 3), np.uint8))
    for data in samples().values():
        prompts_of(data)


def look_in_worker(
    descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Callable[[], None]
) -> dict[str, Any]:
    """The worker's task: what drawing does, and these two."""
    step = plan.get("step")
    if step not in (PROMPTS, PLANE):
        return drawing.draw_in_worker(descriptor, plan, limits, progress)
    try:
        data = memoryfile.first(descriptor, plan["size"])
        made, size = _prompts(data) if step == PROMPTS else _plane(data, limits)
    except MemoryError as err:
        return Examination(outcome=Outcome.TOO_LARGE, error=str(err)[:200]).to_wire()
    except RempartError as err:
        return Examination(outcome=drawing.outcome_of(err), error=str(err)[:200]).to_wire()
    memoryfile.write(descriptor, memoryfile.after(plan["size"]), made)
    height, width = size
    return Examination(outcome=Outcome.OK, size=len(made), width=width, height=height).to_wire()


def _prompts(data: bytes) -> tuple[bytes, tuple[None, None]]:
    found = prompts_of(data)
    cut = len(found) > MOST_PROMPTS or any(len(text) > MOST_PROMPT for _, text in found)
    pairs: Sequence[Sequence[str]] = [[name[:MOST_NAME], text[:MOST_PROMPT]] for name, text in found[:MOST_PROMPTS]]
    while len(made := json.dumps([pairs, cut], separators=(",", ":")).encode()) > _ROOM:
        pairs, cut = pairs[: len(pairs) // 2], True
    return made, (None, None)


def _plane(data: bytes, limits: Limits) -> tuple[bytes, tuple[int, int]]:
    from rempart.signals.decode import decode

    pixels = decode(data, limits=limits).pixels
    if min(pixels.shape[:2]) < SMALLEST // 2:
        return b"\0", (1, 1)  # nothing is read in so small a picture
    luma = luma_of(pixels).astype(np.uint8)
    return luma.tobytes(), cast(tuple[int, int], luma.shape)


def _clean(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError("not a text")
    return "".join(one if one.isprintable() or one == "\n" else " " for one in text)
